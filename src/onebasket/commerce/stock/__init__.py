"""Shelves, movements, holds and reservations."""
