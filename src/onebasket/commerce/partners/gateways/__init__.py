"""Gateways to partners' platforms, one folder each: wire formats and HTTP, no database and no decision of ours."""
