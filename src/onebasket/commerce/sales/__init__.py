"""Receipts as facts."""
