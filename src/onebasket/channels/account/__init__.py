"""Accounts: shoppers sign in, keep their details, card and history; the chain's people keep their second factor."""
