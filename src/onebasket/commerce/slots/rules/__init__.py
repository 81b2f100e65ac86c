"""Decisions about slots over frozen values: no database, clock or settings."""
