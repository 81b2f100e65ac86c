"""Reads of partners and of all that comes from them."""
