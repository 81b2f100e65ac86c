"""Decisions about stock over frozen values: no database, clock or settings."""
