"""Scores of generated pictures against real ones: pure functions from arrays to numbers."""
