"""Catalogue files with what is easily misread: charges with commas, comments that never end, things without a name."""

from pathlib import Path

import pytest

from onebasket.commerce.partners.gateways.feed.catalogue import Entry
from onebasket.commerce.partners.gateways.feed.columns import read_mapping
from onebasket.commerce.partners.gateways.feed.fields import Habits
from onebasket.commerce.partners.rules.port import OddItem, OfferStated
from tests.feeding import AT, read


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "feed.csv"


SHIPPING = [
    ("4.99 EUR", 499), ("US:CA:Ground:4.99 EUR", 499), (":::4.99 EUR", 499), ("US:::", None), ("US:::5 EUR,", 500),
    ("US:::5 EUR, DE:::6 EUR", 600), ("US:::5 USD,DE:::6 EUR", 600), ("DE:::6 EUR,US:::5 USD", 600),
    ("4,99 EUR", "bad_price"), ("1,000.00 EUR", "bad_price"), ("DE:::4,99 EUR", "bad_price"),
    ("DE:::6 EUR,US:::4,99 EUR", "bad_price"), ("US:::4,99 EUR,DE:::6 EUR", "bad_price"),
    ("US:::5 USD", "bad_price"), ("4.99 EUR,99 EUR", "bad_price"),
]  # fmt: skip
IN_GERMANY = Habits("EUR", country="de", at=AT)


def charge_of(entries: list[Entry]) -> int | str | None:
    (entry,) = entries
    return entry.reason if isinstance(entry, OddItem) else entry.shipping_amount


@pytest.mark.parametrize(("groups", "charge"), SHIPPING)
def test_a_charge_is_read_whole_or_refused(file: Path, groups: str, charge: int | str | None) -> None:
    entries, _ = read(file, f'id,title,price,shipping\n1,Lamp,20 EUR,"{groups}"\n', habits=IN_GERMANY)
    assert charge_of(entries) == charge
    item = f"<item><id>1</id><title>Lamp</title><price>20 EUR</price><shipping>{groups}</shipping></item>"
    entries, _ = read(file.with_suffix(".xml"), f"<rss><channel>{item}</channel></rss>", habits=IN_GERMANY)
    assert charge_of(entries) == charge


@pytest.mark.parametrize(
    ("prices", "charge"),
    [(("4,99 EUR",), "bad_price"), (("5 USD", "4,99 EUR"), "bad_price"), (("5 USD", "4.99 EUR"), 499)],
)
def test_a_charge_in_an_element_is_read_whole_or_refused(
    tmp_path: Path, prices: tuple[str, ...], charge: int | str
) -> None:
    group = "<shipping><country>{}</country><service>Post, fast: home</service><price>{}</price></shipping>"
    groups = "".join(map(group.format, ["US", "DE"][-len(prices) :], prices))
    item = f"<item><id>1</id><title>Lamp</title><price>20 EUR</price>{groups}</item>"
    entries, _ = read(tmp_path / "feed.xml", f"<rss><channel>{item}</channel></rss>", habits=IN_GERMANY)
    assert charge_of(entries) == charge


def test_a_charge_with_a_comma_is_read_where_a_mapping_says_so(file: Path) -> None:
    mapping = read_mapping(b"decimal = ','\n[columns]\nreference='id'\ntitle='title'\nprice='price'\nshipping='ship'")
    content = 'id,title,price,ship\n1,Lamp,"20,50 EUR","US::Post:5,99 EUR,DE::Post:4,99 EUR"\n'
    assert charge_of(read(file, content, mapping=mapping, habits=IN_GERMANY)[0]) == 499


@pytest.mark.parametrize(
    ("stated", "reference"),
    [
        ("123", "123"), ("-1", "-1"), ('"a b"', "a b"), (r'"5\" \u00e9"', '5" é'), ('"' + "x" * 64 + '"', "x" * 64),
        ("1.5", ""), ("[1]", ""), ('"' + "x" * 65 + '"', ""), (r'"\u12"', ""), ('"a', ""),
    ],
)  # fmt: skip
def test_what_a_line_that_cannot_be_read_is_named(tmp_path: Path, stated: str, reference: str) -> None:
    (entry,), _ = read(tmp_path / "a.jsonl", f'{{"reference": {stated}, "price": "x"}}\n')
    assert isinstance(entry, OddItem)
    assert entry.reference == reference


@pytest.mark.parametrize(
    ("stated", "reference"),
    [
        ("A&amp;B &#38; &quot;C&quot;", 'A&B & "C"'),
        ("<![CDATA[A&amp;B]]>", "A&amp;B"),
        (" a[1] ", "a[1]"),
        ("&#120;" * 64, "x" * 64),
        ("x" * 65, ""),
        ("<b>1</b>", ""),
        ("", ""),
    ],
)
def test_what_an_item_that_cannot_be_read_is_named(tmp_path: Path, stated: str, reference: str) -> None:
    item = f"<item><title>&nbsp;</title><g:id>{stated}</g:id><price>x</price></item>"
    (entry,), _ = read(tmp_path / "a.xml", f"<rss><channel>{item}</channel></rss>")
    assert isinstance(entry, OddItem)
    assert (entry.reference, entry.reason) == (reference, "not_xml")


def test_a_row_that_cannot_be_split_is_named_by_its_first_cell_where_that_names_it(file: Path) -> None:
    def names(heading: str, *rows: str) -> list[str]:
        return [entry.reference for entry in read(file, "\n".join([heading, *rows, ""]))[0]]

    assert names("id,title,price", "1,Lamp", '"2,Lamp,1 USD', " 3 ,a,b,c", "4" * 65 + ",a") == ["1", "", "3", ""]
    assert names("title,id,price", "Lamp,1", "Lamp,2,3,4") == ["", ""]


def feed_with(*descriptions: str) -> str:
    """Return a feed with an item for each description, as it stands in the file, and two behind them."""
    item = "<item><id>{0}</id><title>Lamp {0}</title><price>1 USD</price><description>{1}</description></item>\n"
    items = [item.format(number, text) for number, text in enumerate([*descriptions, "", ""], 1)]
    return "<rss><channel>" + "".join(items) + "</channel></rss>"


@pytest.mark.parametrize(
    ("descriptions", "found"),
    [
        (["<![CDATA[Warm <!-- cut]]>"], ["1", "2", "3"]),
        (["<![CDATA[<!-- <item> </item> <b ]]>", "<![CDATA[--> ]]>"], ["1", "2", "3", "4"]),
        (["<!-- <![CDATA[ --><![CDATA[a <!-- b]]>"], ["1", "2", "3"]),
        (["Warm <!-- cut"], ["not_xml 1", "2", "3"]),
        (["Warm <!-- cut", "Bright <!-- whole -->"], ["not_xml 1", "2", "3", "4"]),
        (["Warm <!-- cut", "<!-- cut"], ["not_xml 1", "not_xml 2", "3", "4"]),
        (["Warm <![CDATA[ cut"], ["not_xml 1", "2", "3"]),
        (["</description></item><!-- between", ""], ["1", "2", "3", "4"]),
    ],
)
def test_a_comment_that_is_never_closed_takes_its_item_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, descriptions: list[str], found: list[str]
) -> None:
    content = feed_with(*descriptions)
    module = "onebasket.commerce.partners.gateways.feed.googlexml"
    for longest, sizes in ((1_000_000, range(1, len(content) + 2, 3)), (200, range(1, 120))):
        monkeypatch.setattr(f"{module}.LONGEST_ITEM", longest)
        for size in sizes:
            monkeypatch.setattr(f"{module}.CHUNK", size)
            entries, cut = read(tmp_path / "feed.xml", content)
            told = [f"{one.reason} " if isinstance(one, OddItem) else "" for one in entries]
            assert [reason + one.reference for reason, one in zip(told, entries, strict=True)] == found, size
            assert cut == ""


def test_an_item_that_is_too_long_takes_no_other_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = feed_with("", "x" * 1_500, "", "").replace("<channel>", f"<channel><about>{'x' * 1_500}</about>")
    module = "onebasket.commerce.partners.gateways.feed.googlexml"
    monkeypatch.setattr(f"{module}.LONGEST_ITEM", 300)
    for size in range(1, 500, 7):
        monkeypatch.setattr(f"{module}.CHUNK", size)
        entries, cut = read(tmp_path / "feed.xml", content)
        assert [entry.reference for entry in entries if isinstance(entry, OfferStated)] == ["1", "3", "4", "5", "6"]
        assert [entry.reason for entry in entries if isinstance(entry, OddItem)] == ["not_xml"]
        assert cut == ""
