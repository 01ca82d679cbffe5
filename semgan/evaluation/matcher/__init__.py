"""The network that matches pictures of one content place by place, whatever their styles."""
