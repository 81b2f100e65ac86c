"""A process of its own that makes a small chain on the database of a house, and prints a token for its shop."""

import django

if __name__ == "__main__":
    django.setup()

from onebasket.commerce.access.actions import TokenRequest, enrol_source, issue_token  # Django must be set up before
from onebasket.commerce.access.rules import SCOPES
from tests.builders import make_chain

OPENING = {"milk": 10_000_000, "bread": 10_000_000}
"""More than any test sells: what is refused for lack of stock is shown elsewhere."""


def main() -> None:
    """Make the chain; print the token's secret."""
    make_chain("p1", stock=OPENING)
    enrol_source("shop", actor="tests")
    print(issue_token(TokenRequest("shop", "tests", tuple(SCOPES), ("*",)), actor="tests")[1])  # noqa: T201


if __name__ == "__main__":
    main()
