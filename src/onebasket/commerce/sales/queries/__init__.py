"""Reads of receipts."""
