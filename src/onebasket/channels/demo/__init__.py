"""The demo: a real chain's data, derived stock and live traffic."""
