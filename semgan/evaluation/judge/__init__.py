"""The network that judges pictures, and the pairs that it judges."""
