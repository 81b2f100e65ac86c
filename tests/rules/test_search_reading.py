"""How what somebody types is read, what means the same, what counts for how much, and which news concern the index."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onebasket.commerce.search.rules import weights
from onebasket.commerce.search.rules.news import News, touched_by
from onebasket.commerce.search.rules.reading import Alternative, Reading, Slot, read_text
from onebasket.commerce.search.rules.spelling import Vocabulary
from onebasket.commerce.search.rules.synonyms import BUILT_IN, merged, parse_synonyms
from onebasket.commerce.search.rules.weights import Band, chain_weight, price_bands, sales_class
from onebasket.commerce.stock.rules.events import ShelfNews, StockChanged

SYNONYMS = parse_synonyms("soda, soft drink\npop > soft drink # one way\n")
WORDS = Vocabulary(
    dict.fromkeys(("milk", "chocolate", "soft", "drink", "drinks", "popcorn", "corn", "paper", "towels", "bread"), 9)
    | {"soda": 0, "pop": 0}
)


def read(text: str) -> Reading:
    return read_text(text, synonyms=SYNONYMS, vocabulary=WORDS)


def said(*words: str, begun: str = "") -> Slot:
    return Slot((Alternative(words),), begun)


@pytest.mark.parametrize(
    ("text", "slots", "words", "mended"),
    [
        ("", (), (), ""),
        ("   ", (), (), ""),
        ("!!! ???", (), (), ""),
        ("milk ", (said("milk"),), ("milk",), ""),
        ("Milk", (said("milk", begun="milk"),), ("milk",), ""),
        ("loaf of bread!", (said("loaf"), said("bread")), ("loaf", "bread"), ""),
        ("of", (said("of", begun="of"),), ("of",), ""),
        ("choc", (said("choc", begun="choc"),), ("choc",), ""),
        ("chocolat ", (Slot((Alternative(("chocolate",), 0.8),)),), ("chocolate",), "chocolate"),
        ("soda ", (Slot((Alternative(("soda",)), Alternative(("soft", "drink"), 0.9))),), ("soda",), ""),
        ("soft drinks ", (Slot((Alternative(("soft", "drink")), Alternative(("soda",), 0.9))),), ("soft", "drink"), ""),
        ("pop ", (Slot((Alternative(("pop",)), Alternative(("soft", "drink"), 0.9))),), ("pop",), ""),
        ("pop corn ", (Slot((Alternative(("pop", "corn")), Alternative(("popcorn",)))),), ("pop", "corn"), ""),
        ("xyzzq ", (said("xyzzq"),), ("xyzzq",), ""),
    ],
)  # fmt: skip
def test_a_text_is_read_into_slots(text: str, slots: tuple[Slot, ...], words: tuple[str, ...], mended: str) -> None:
    assert read(text) == (slots, words, mended)


def test_words_written_together_are_read_apart() -> None:
    found = read("papertowels ")
    assert [slot.alternatives[0].words for slot in found.slots] == [("paper",), ("towel",)]
    assert found.mended == "paper towels"


def test_a_synonym_that_was_misspelt_is_mended_first() -> None:
    found = read("sodaa milk")
    assert found.slots[0].alternatives[1] == Alternative(("soft", "drink"), 0.9)
    assert found.mended == "soda milk"


@pytest.mark.parametrize(
    ("text", "sizes"),
    [
        ("1 gal milk", [("128oz",), ()]),
        ("milk 1 gal", [(), ("128oz",)]),
        ("a gallon of milk", [("128oz",), ()]),
        ("soda 6/12 oz", [(), ("6ct", "12oz")]),
        ("12 oz", [("12oz",)]),
    ],
)
def test_sizes_have_slots_of_their_own(text: str, sizes: list[tuple[str, ...]]) -> None:
    assert [slot.sizes for slot in read(text).slots] == sizes


def test_a_size_keeps_its_place_in_a_mended_text() -> None:
    assert read("chocolat 1 gal mlik").mended == "chocolate 1 gal milk"


def test_only_so_much_of_a_text_is_read() -> None:
    assert len(read("milk " * 1000).slots) == 12
    assert read("z" * 5000).slots == (said("z" * 40, begun="z" * 40),)


@given(st.text(max_size=300))
def test_any_text_is_read(text: str) -> None:
    found = read(text)
    assert all(slot.alternatives and all(one.words for one in slot.alternatives) for slot in found.slots)
    assert read(text) == found


def test_synonyms_are_lines_of_phrases() -> None:
    text = "soda, soft drink, pop\nbiscuit > cookie, cracker\n# nothing\nalone\n ,, \none two three four five, six\n"
    assert parse_synonyms(text) == {
        ("soda",): (("soft", "drink"), ("pop",)),
        ("soft", "drink"): (("soda",), ("pop",)),
        ("pop",): (("soda",), ("soft", "drink")),
        ("biscuit",): (("cooki",), ("cracker",)),
    }
    assert merged({("a",): (("b",),)}, {("a",): (("c",), ("b",)), ("d",): (("e",),)}) == {
        ("a",): (("b",), ("c",)),
        ("d",): (("e",),),
    }


def test_every_installation_knows_crisps_and_nappies() -> None:
    assert ("chip",) in BUILT_IN["crisp",]
    assert ("diaper",) in BUILT_IN["nappi",]
    assert ("soft", "drink") in BUILT_IN["pop",]
    assert ("pop",) not in BUILT_IN["soft", "drink"]


@pytest.mark.parametrize(
    ("lines", "step"), [(-1, 0), (0, 0), (1, 1), (2, 2), (3, 2), (4, 3), (7, 3), (8, 4), (10**9, 12)]
)
def test_sales_count_in_doublings(lines: int, step: int) -> None:
    assert sales_class(lines) == step


def test_sales_in_the_chain_raise_a_score_by_a_share_for_each_doubling() -> None:
    assert chain_weight(0) == 0.0
    assert chain_weight(-5) == 0.0
    assert [round(2 + chain_weight(lines), 6) for lines in (1, 3)] == [
        round(2 ** (1 + weights.CHAIN), 6),
        round(2 ** (1 + 2 * weights.CHAIN), 6),
    ]


@pytest.mark.parametrize(("exponent", "second"), [(2, Band(100, 199)), (0, Band(100, 199)), (3, Band(1000, 1999))])
def test_price_bands_lie_side_by_side(exponent: int, second: Band) -> None:
    bands = price_bands(exponent)
    assert bands[0].lower == 0
    assert bands[1] == second
    assert bands[-1].upper is None
    assert [band.upper for band in bands[:-1]] == [band.lower - 1 for band in bands[1:]]


def test_news_say_which_products_and_shelves_are_touched() -> None:
    def stock(place: str, *shelves: ShelfNews) -> News:
        return News("stock.changed", msgspec.json.encode(StockChanged(place, list(shelves))).decode())

    touched = touched_by(
        [
            News("product.changed", '{"sku": "milk", "name": "Milk", "barcodes": []}'),
            News("price.ended", '{"sku": "bread", "place": ""}'),
            stock("p1", ShelfNews("eggs", 5, 2, 2), ShelfNews("ham", 5, 3, 2), ShelfNews("jam", -1, 0, 0)),
            stock("p2", ShelfNews("eggs", 0, 0, 0)),
            stock("p1", ShelfNews("eggs", 5, 3, 2), ShelfNews("ham", 6, 3, 2)),
        ]
    )
    assert touched.skus == {"milk", "bread"}
    assert touched.shelves == {"p1": {"eggs": False, "ham": True, "jam": False}, "p2": {"eggs": False}}
