"""Figures as a file, a page and a few lines of text."""
