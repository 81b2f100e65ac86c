"""Patterns that a text has to fit, for messages and for the documents that describe them."""


def exactly(pattern: str) -> str:
    r"""Return a pattern that a text fits from its first character to its last.

    msgspec searches with Python's `re`, whose `$` also stands before a line break at the end; and `\Z`, which does
    not, is unknown to ECMA-262, by which readers of JSON Schema take patterns.
    """
    return rf"^{pattern}$(?!\n)"
