"""Picked, staged, handed over, and brought back."""
