"""onebasket runs a store chain's sales as one: one stock, one price book, one customer, one set of books."""

__version__ = "0.1.0"
