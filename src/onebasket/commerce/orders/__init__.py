"""Placed baskets and their life."""
