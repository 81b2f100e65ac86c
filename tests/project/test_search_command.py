"""`onebasket search` as people use it, and the rules by which its quality is measured."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from onebasket.commerce.search.queries import find
from onebasket.commerce.search.rules.messages import SearchQuery
from onebasket.project.bench.search_quality import Known, begun, by_hand, judge, known_items, misspelt
from tests.searching import build, open_store


def lines(path: Path, *items: dict[str, object]) -> str:
    path.write_text("".join(f"{json.dumps(item)}\n" for item in items), encoding="utf-8")
    return str(path)


def test_it_builds_the_index_and_shows_what_a_shopper_would_find(
    program: Callable[..., str], command: tuple[str, ...], spare_database_url: str, tmp_path: Path
) -> None:
    told = {"DATABASE_URL": spare_database_url, "ONEBASKET_HOME": str(tmp_path), "COLUMNS": "120"}

    def refused(*arguments: str) -> str:
        environment = os.environ | {"DJANGO_SETTINGS_MODULE": "onebasket.project.settings"} | told
        done = subprocess.run(
            [*command, *arguments], env=environment, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 1, done.stdout + done.stderr
        return done.stderr

    assert "There is no index yet" in refused("search", "find", "milk")
    program("source", "enrol", "erp", **told)
    unit = lines(tmp_path / "units", {"key": "u", "code": "each", "decimals": 0})
    program("load", "units", unit, "--source", "erp", **told)
    product = lines(tmp_path / "products", {"key": "p", "sku": "m1", "name": "Oat milk, 1 l", "brand": "Oaty"})
    program("load", "products", product, "--source", "erp", **told)
    assert program("search", "rebuild", **told).startswith("1 products indexed in ")
    shown = program("search", "find", "oat mlik 2 l", **told)
    assert "m1   Oat milk, 1 l  Oaty" in shown
    assert "1 found in" in shown
    assert "Read as: oat milk 2 l. Nothing has all of it; these have most." in shown
    assert "There is no place 'p9'" in refused("search", "find", "milk", "--place", "p9")


@pytest.mark.parametrize(
    ("text", "wrong"),
    [("potato chips", "poatto chips"), ("milk", "milk"), ("cheese", "chese"), ("aa bbccdd ee", "aa bbcdd ee")],
)
def test_a_mistake_is_made_by_rule(text: str, wrong: str) -> None:
    assert misspelt(text) == wrong


@pytest.mark.parametrize(
    ("text", "start"), [("potato chips", "potato chi"), ("strawberries", "strawb"), ("ham", "ham")]
)
def test_a_beginning_is_half_of_the_last_word(text: str, start: str) -> None:
    assert begun(text) == start


def test_there_are_fifty_searches_by_hand_and_none_twice() -> None:
    assert len({known.text for known in by_hand()}) == 50


@pytest.mark.django_db
def test_success_is_a_right_product_among_the_first_five() -> None:
    open_store()
    build()
    groups = {success.group: (success.successes, success.searches) for success in judge(known_items())}
    assert groups == {
        "kind": (9, 9),
        "kind and size": (6, 6),
        "kind with a mistake": (9, 9),
        "brand and kind": (9, 9),
        "kind, begun": (9, 9),
    }
    (nothing,) = judge([Known("control", "bananas", lambda hit: hit.sku == "candy")])
    assert (nothing.share, nothing.failed) == (0.0, ("bananas",))
    assert find(SearchQuery(text="bananas")).total == 2
