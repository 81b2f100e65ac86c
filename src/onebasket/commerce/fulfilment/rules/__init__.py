"""Decisions about picking, staging and returns over frozen values."""
