"""Scores of generated pictures against real ones: pure functions of feature arrays, each figure with a passport of how it was made."""
