"""Reads of what is to be picked, what is staged, and what was brought back."""
