"""How text becomes words, sizes and mended words: as tables."""

import re
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onebasket.commerce.search.rules.documents import group_words, kind_of, name_words
from onebasket.commerce.search.rules.sizes import UNITS, find_sizes
from onebasket.commerce.search.rules.spelling import Mended, Vocabulary, mistakes_between
from onebasket.commerce.search.rules.words import stem, telling, tokens_of

WORDS = Vocabulary(
    {"chocolate": 30, "milk": 50, "paper": 9, "pastry": 3, "pasta": 40, "towels": 9, "broccoli": 7, "of": 2}
)


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("Fluid MILK, white", ["fluid", "milk", "white"]),
        ("Entrées à la carte", ["entrees", "a", "la", "carte"]),
        ("kid's baker\N{RIGHT SINGLE QUOTATION MARK}s", ["kids", "bakers"]),
        ("12/18pack 10.75oz", ["12/18", "pack", "10.75", "oz"]),
        ("½ gal", ["1/2", "gal"]),
        ("STRASSE Straße", ["strasse", "strasse"]),
        ("молоко 牛乳 γάλα", ["молоко", "牛乳", "γαλα"]),
        ("a\x00b \ud800 !!! ___", ["a", "b"]),
        ("x" * 50, ["x" * 40]),
        ("", []),
    ],
)
def test_text_becomes_words(text: str, tokens: list[str]) -> None:
    assert tokens_of(text) == tokens


@pytest.mark.parametrize(
    ("singular", "plural"),
    [
        ("apple", "apples"), ("berry", "berries"), ("box", "boxes"), ("candy", "candies"), ("cheese", "cheeses"),
        ("cookie", "cookies"), ("dish", "dishes"), ("glass", "glasses"), ("juice", "juices"), ("knife", "knives"),
        ("leaf", "leaves"), ("loaf", "loaves"), ("peach", "peaches"), ("pea", "peas"), ("pie", "pies"),
        ("potato", "potatoes"), ("rose", "roses"), ("shoe", "shoes"), ("toy", "toys"), ("woman", "women"),
    ],
)  # fmt: skip
def test_singular_and_plural_meet(singular: str, plural: str) -> None:
    assert stem(singular) == stem(plural)


@pytest.mark.parametrize(
    ("one", "other"),
    [("car", "care"), ("pea", "pear"), ("can", "candy"), ("glass", "gla"), ("asparagus", "asparagu"), ("ham", "hams!")],
)
def test_different_words_stay_apart(one: str, other: str) -> None:
    assert stem(one) != stem(other)


def test_words_that_say_nothing_are_left_out_unless_nothing_else_is_said() -> None:
    assert telling(["loaf", "of", "bread"]) == ["loaf", "bread"]
    assert telling(["of", "the"]) == ["of", "the"]


@pytest.mark.parametrize(
    ("text", "sizes"),
    [
        ("milk 1 gal", [(1, 3, ("128oz",))]),
        ("half gallon", [(0, 2, ("64oz",))]),
        ("0.5 gal", [(0, 2, ("64oz",))]),
        ("64 ounces", [(0, 2, ("64oz",))]),
        ("2 lbs", [(0, 2, ("32oz",))]),
        ("2 liter", [(0, 2, ("2000ml",))]),
        ("750ml", [(0, 2, ("750ml",))]),
        ("1 1/2 lb", [(0, 3, ("24oz",))]),
        ("6/12 oz", [(0, 2, ("6ct", "12oz"))]),
        ("24 12 oz", [(0, 3, ("24ct", "12oz"))]),
        ("12 pack", [(0, 2, ("12ct",))]),
        ("1 doz", [(0, 2, ("12ct",))]),
        ("10.75 oz", [(0, 2, ("10.75oz",))]),
        ("1/3 lb", [(0, 2, ("5.333oz",))]),
        ("3 inches", [(0, 2, ("3in",))]),
        ("7 up", []),
        ("pound cake", []),
        ("a gallon", []),
        ("1.2.3 oz", []),
        ("0 oz", []),
        ("9999999999 oz", []),
        ("❶ pack", []),
        ("❷ 3 pcs", [(1, 3, ("3ct",))]),
        ("➊Set 2 kg", [(1, 3, ("2000g",))]),
        ("፩ kg", []),
        ("① kg", [(0, 2, ("1000g",))]),
        ("² pack", [(0, 2, ("2ct",))]),
        ("½ kg", [(0, 2, ("500g",))]),
        ("\N{ARABIC-INDIC DIGIT THREE} kg", [(0, 2, ("3000g",))]),
        ("\N{FULLWIDTH DIGIT THREE} kg", [(0, 2, ("3000g",))]),
        ("1/" * 21 + "1 pack", []),
        ("oz", []),
        ("12", []),
    ],
)
def test_sizes_have_one_form(text: str, sizes: list[tuple[int, int, tuple[str, ...]]]) -> None:
    assert find_sizes(tokens_of(text)) == sizes


def test_who_asks_for_a_gallon_or_a_dozen_means_one() -> None:
    assert find_sizes(tokens_of("a gallon of milk"), asked=True) == [(1, 2, ("128oz",))]
    assert find_sizes(tokens_of("dozen eggs"), asked=True) == [(0, 1, ("12ct",))]
    assert find_sizes(tokens_of("pound cake"), asked=True) == []


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("chocolat", [Mended(("chocolate",), 1)]),
        ("chocloate", [Mended(("chocolate",), 1)]),
        ("chokolate", [Mended(("chocolate",), 1)]),
        ("chocolatee", [Mended(("chocolate",), 1)]),
        ("brocolli", [Mended(("broccoli",), 2)]),
        ("pasty", [Mended(("pasta",), 1), Mended(("pastry",), 1)]),
        ("papertowels", [Mended(("paper", "towels"), 1)]),
        ("mlk", []),
        ("mlik", [Mended(("milk",), 1)]),
        ("xyzzy", []),
        ("123456", []),
    ],
)
def test_unknown_words_are_mended_likeliest_first(word: str, meant: list[Mended]) -> None:
    assert list(WORDS.mend(word)) == meant


def test_a_word_is_known_in_singular_and_plural_and_by_its_beginning() -> None:
    assert WORDS.knows("towel")
    assert not WORDS.knows("towe")
    assert WORDS.begins("towe")
    assert not WORDS.begins("towez")


@pytest.mark.parametrize(
    ("word", "other", "mistakes"),
    [
        ("abcd", "abcd", 0),
        ("abcd", "abdc", 1),
        ("abcd", "abc", 1),
        ("abcd", "xabcd", 1),
        ("abcd", "ab", 2),
        ("a", "xyz", 3),
    ],
)
def test_mistakes_are_counted_up_to_the_most(word: str, other: str, mistakes: int) -> None:
    assert mistakes_between(word, other, most=2) == mistakes
    assert mistakes_between(other, word, most=2) == mistakes


def plain_mistakes(word: str, other: str) -> int:
    """Optimal string alignment as its definition has it: the reference for the one that gives up early."""
    table = [[max(i, j) if 0 in {i, j} else 0 for j in range(len(other) + 1)] for i in range(len(word) + 1)]
    for i in range(1, len(word) + 1):
        for j in range(1, len(other) + 1):
            cost = table[i - 1][j - 1] + (word[i - 1] != other[j - 1])
            if i > 1 and j > 1 and word[i - 1] == other[j - 2] and word[i - 2] == other[j - 1]:
                cost = min(cost, table[i - 2][j - 2] + 1)
            table[i][j] = min(cost, table[i - 1][j] + 1, table[i][j - 1] + 1)
    return table[-1][-1]


@given(st.text("abc", max_size=8), st.text("abc", max_size=8), st.integers(0, 3))
def test_giving_up_early_changes_no_count(word: str, other: str, most: int) -> None:
    assert mistakes_between(word, other, most=most) == min(plain_mistakes(word, other), most + 1)


@given(st.text())
def test_any_text_can_be_read(text: str) -> None:
    tokens = tokens_of(text)
    assert all(token and len(token) <= 40 for token in tokens)
    for size in find_sizes(tokens, asked=True):
        assert 0 <= size.start < size.end <= len(tokens)
        assert size.terms


DIGITS = [chr(code) for code in range(sys.maxunicode) if chr(code).isnumeric()]
NUMERALS = st.text(st.sampled_from(DIGITS) | st.sampled_from("0123456789.,/"), min_size=1, max_size=50)


@given(NUMERALS, st.sampled_from(["", " "]), st.sampled_from(sorted(UNITS)))
def test_digits_of_any_kind_before_a_unit_can_be_read(numeral: str, between: str, unit: str) -> None:
    for size in find_sizes(tokens_of(f"{numeral}{between}{unit}"), asked=True):
        assert all(re.fullmatch(r"[0-9.]+(oz|ml|g|ct|in)", term) for term in size.terms)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("Fluid milk, white, 1 gal", "Fluid milk, white"),
        ("Whole Milk 1/2 gal", "Whole Milk"),
        ("Cola 6/12 oz", "Cola"),
        ("Paper towels, 57 sq ft", "Paper towels"),
        ("Bananas", "Bananas"),
        ("Soft drink 2 liter bottle carbonated, 2 l", "Soft drink 2 liter bottle carbonated"),
        ("12 oz", "12 oz"),
    ],
)
def test_a_kind_is_a_name_without_its_size(name: str, kind: str) -> None:
    assert kind_of(name) == kind


def test_what_of_a_product_is_indexed() -> None:
    words = name_words("Soft drinks 12/18 pack, 12 oz")
    assert (words.name, words.head, words.whole) == (
        "soft drink 12/18 pack 12 oz",
        "soft drink 12/18 pack",
        "soft drink",
    )
    assert (words.sizes, words.label, words.surface) == (
        "12ct 18ct 12oz",
        "Soft drinks 12/18 pack",
        "soft drinks pack oz",
    )
    assert group_words("Broccoli/cauliflower") == ("broccoli cauliflower", "broccoli cauliflower")
    assert group_words("") == ("", "")


def test_the_singular_of_what_is_sold_is_known() -> None:
    """Products say bananas: the singular is one mistake away from what was typed, and bandana two."""
    words = Vocabulary({"bananas": 2, "bandana": 40})
    assert words.mend("bananna") == (Mended(("banana",), 1),)


def test_of_meanings_that_are_as_near_what_sells_best_goes_first() -> None:
    near = {"pears": 2, "peaks": 30}
    assert [one.words for one in Vocabulary(near).mend("peaas")] == [("peaks",), ("pears",)]
    sells = {"pears": 9.0, "peaks": 1.0}
    assert [one.words for one in Vocabulary(near, lambda word: sells[word]).mend("peaas")] == [("pears",), ("peaks",)]
