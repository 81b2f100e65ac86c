"""Order numbers as people see them."""


def order_number(place_code: str, number: int) -> str:
    """Return the short number of an order: its place and its count there on its business day, such as 367-0042."""
    return f"{place_code}-{number:04d}"
