"""What hangs together: numbers connected by links, directly or by way of others."""

from collections.abc import Iterable, Sequence


def connect(count: int, links: Iterable[Sequence[int]]) -> list[int]:
    """Return for each number below `count` the lowest number that it is connected with."""
    root = list(range(count))

    def find(number: int) -> int:
        while root[number] != number:
            root[number] = number = root[root[number]]
        return number

    for link in links:
        for number in link[1:]:
            one, other = find(link[0]), find(number)
            root[max(one, other)] = min(one, other)
    return [find(number) for number in range(count)]
