"""Numbers as figures: each with its interval and its passport."""
