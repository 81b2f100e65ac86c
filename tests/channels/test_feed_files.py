"""Partners' files: catalogues in every form and encoding, broken ones, links by template, statements of commission."""

import gzip
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from onebasket.commerce.partners.gateways.feed.catalogue import HowRead, open_catalogue
from onebasket.commerce.partners.gateways.feed.columns import NAMES as TABLE_NAMES
from onebasket.commerce.partners.gateways.feed.columns import read_mapping
from onebasket.commerce.partners.gateways.feed.fields import Habits
from onebasket.commerce.partners.gateways.feed.gateway import FeedGateway
from onebasket.commerce.partners.gateways.feed.links import make_link, template_problem
from onebasket.commerce.partners.gateways.feed.opening import detect_encoding
from onebasket.commerce.partners.gateways.feed.statements import NAMES, Statement, open_statement
from onebasket.commerce.partners.gateways.feed.texts import parse_price
from onebasket.commerce.partners.gateways.feed.unfit import BadFieldError, UnfitFileError
from onebasket.commerce.partners.rules.port import CommissionStated, GatewayAccount, OddItem, OfferStated
from onebasket.kernel.money import MAX_AMOUNT, currencies, decimal_amount, exponent
from tests.feeding import AT, HABITS, offers, read

HEAD = "id,title,price,availability"
TWO = f"{HEAD}\n1,Lamp,12.34 USD,in stock\n2,Café table,99 USD,out_of_stock\n"


def refused(path: Path, content: bytes | str, **how: Any) -> str:
    with pytest.raises(UnfitFileError) as error:
        read(path, content, **how)
    return str(error.value)


@pytest.fixture
def file(tmp_path: Path) -> Iterator[Path]:
    return tmp_path / "feed.csv"  # type: ignore[return-value]


LAMP = OfferStated(reference="1", title="Lamp", price=1234, currency="USD")
TABLE = OfferStated(reference="2", title="Café table", price=9900, currency="USD", available=False)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
@pytest.mark.parametrize("packed", [False, True])
def test_every_encoding_is_told(file: Path, encoding: str, *, packed: bool) -> None:
    content = TWO.encode(encoding)
    assert read(file, gzip.compress(content, mtime=0) if packed else content) == ([LAMP, TABLE], "")


def test_an_encoding_that_is_stated_holds(file: Path) -> None:
    assert offers(read(file, TWO.encode("cp437"), encoding="cp437")[0]) == [LAMP, TABLE]
    assert "no encoding 'klingon'" in refused(file, TWO, encoding="klingon")


def test_one_odd_letter_in_a_file_of_utf_8_is_not_taken_for_another_encoding() -> None:
    assert detect_encoding("Café, crème, brûlée \xe9".encode() + b"\xe9") == "utf-8"
    assert detect_encoding(b"Caf\xe9, cr\xe8me") == "cp1252"


def test_broken_bytes_spoil_their_row_alone(file: Path) -> None:
    content = (
        TWO.encode() + "3,Crème,1 USD,in stock\n".encode() + b"4,Br\xfbl\xe9e,1 USD,in stock\n5,Cup,1 USD,in stock\n"
    )
    entries, cut = read(file, content, encoding="utf-8")
    assert [type(entry) for entry in entries] == [OfferStated, OfferStated, OfferStated, OddItem, OfferStated]
    assert isinstance(entries[3], OddItem)
    assert (entries[3].reference, entries[3].reason) == ("4", "encoding")
    assert entries[3].content == "4,Br\\udcfbl\\udce9e,1 USD,in stock\n"
    assert "--encoding" in entries[3].explanation
    assert cut == ""


def test_a_table_by_tabs_with_googles_names(file: Path) -> None:
    names = (
        "id", "title", "description", "link", "price", "sale price", "availability", "gtin", "mpn", "brand",
        "google product category", "product type", "shipping", "condition", "image link",
    )  # fmt: skip
    cells = (
        "L-1", '"Best" 5" lamp', "Warm.", "https://x.example/l", "20.00 GBP", "15.00 GBP", "in_stock",
        "4006381333931", "M1", "Loom", "594", "Home > Lamps", "US::Ground:4.99 GBP,GB::Post:2.50 GBP", "used",
        "https://x.example/l.jpg",
    )  # fmt: skip
    content = "\t".join(names) + "\r\n" + "\t".join(cells) + "\r\n"
    (offer,) = offers(read(file.with_suffix(".txt"), content, habits=Habits("USD", country="gb", at=AT))[0])
    assert offer == OfferStated(
        reference="L-1", title='"Best" 5" lamp (used)', description="Warm.", url="https://x.example/l", price=1500,
        list_price=2000, currency="GBP", available=True, gtin="4006381333931", model="M1", brand="Loom",
        category="Home > Lamps", shipping_amount=250,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("dates", "price"),
    [
        ("", 1500), ("2026-11-01T00:00-0800/2026-12-01T00:00-0800", 1500),
        ("2026-12-01T00:00Z/2026-12-02T00:00Z", 2000),
        ("2026-11-20T12:00Z/2026-11-20T12:01Z", 1500), ("2026-11-19T12:00Z/2026-11-20T12:00Z", 2000),
    ],
)  # fmt: skip
def test_a_sale_holds_while_it_is_on(file: Path, dates: str, price: int) -> None:
    content = f"id,title,price,sale_price,sale_price_effective_date\n1,Lamp,20.00 USD,15.00 USD,{dates}\n"
    (offer,) = offers(read(file, content)[0])
    assert (offer.price, offer.list_price) == (price, 2000 if price == 1500 else None)


def test_a_mapping_says_what_columns_mean(file: Path) -> None:
    mapping = read_mapping(
        b"""
        delimiter = ";"
        encoding = "cp1252"
        decimal = ","
        thousands = "."
        [columns]
        reference = "Artikel"
        title = "Bezeichnung"
        price = "Preis"
        availability = "Lieferbar"
        stock = "Bestand"
        days_to = "Tage"
        [constants]
        currency = "EUR"
        seller = "Webstuhl GmbH"
        [values.availability]
        ja = "in_stock"
        nein = "out_of_stock"
        """
    )
    content = 'Artikel;Bezeichnung;Preis;Lieferbar;Bestand;Tage\r\nA1;"Tür;\r\nhoch";1.234,50;ja;7;3\r\n'
    (offer,) = offers(read(file, content.encode("cp1252"), mapping=mapping)[0])
    assert offer == OfferStated(
        reference="A1", title="Tür;\r\nhoch", price=123_450, currency="EUR", stock=7, days_to=3, seller="Webstuhl GmbH"
    )


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"columns = 3", "cannot be used"), (b"[columns]\nnonsense = 'x'", "the field 'nonsense'"),
        (b"decimal = ','\nthousands = ','\n[columns]", "the same sign"), (b"[columns", "cannot be used"),
        (b"encoding = 'klingon'\n[columns]", "cannot be used"), (b"\xff", "cannot be used"),
        (b"other = 1\n[columns]", "cannot be used"),
    ],
)  # fmt: skip
def test_a_mapping_that_is_not_fit_says_why(content: bytes, said: str) -> None:
    with pytest.raises(UnfitFileError, match=said):
        read_mapping(content)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("sku,name\n1,Lamp\n", "no column for the reference. It has: 'sku', 'name'. Say with --mapping"),
        ("id,title\n1,Lamp\n", "no column for the price"),
        ("id,title,price,Price\n1,Lamp,1,2\n", "the column 'price' twice"),
        ("1,Lamp,12.34 USD\n2,Rug,1 USD\n", "no column for the reference"),
        ("", "is empty"), (" \n\n", "is empty"), (b"PK\x03\x04more", "is a ZIP archive"),
        (gzip.compress(TWO.encode(), mtime=0)[:12], "is broken from its beginning"),
    ],
)  # fmt: skip
def test_a_table_that_is_not_fit_says_what_to_do(file: Path, content: bytes | str, said: str) -> None:
    assert said in refused(file, content)


def test_a_form_is_told_by_name_or_look(tmp_path: Path) -> None:
    line = '{"reference": "1", "title": "Lamp", "price": 1234, "currency": "USD"}\n'
    for name, content in (("a.jsonl", line), ("a.ndjson.gz", line), ("a.data", line), ("b.data", TWO)):
        assert offers(read(tmp_path / name, content)[0])[0] == LAMP
    assert "one JSON list" in refused(tmp_path / "a.data", f"[{line}]")
    assert "no format 'poslog'" in refused(tmp_path / "a.data", line, form="poslog")


def test_rows_that_are_none_stand_alone(file: Path) -> None:
    rows = [
        "1,Lamp,12.34 USD,in stock", '2,"Rug,1 USD,in stock', "3,Cup,1 USD", "4,Cup,1 USD,maybe",
        "5,Cup,one USD,in stock", "6,Cup,1.234 USD,in stock", "7,Cup,1 XXY,in stock", "", "8,Cup,1 USD,in stock",
    ]  # fmt: skip
    entries, cut = read(file, "\n".join([HEAD, *rows, ""]))
    found = [entry.reason if isinstance(entry, OddItem) else entry.reference for entry in entries]
    assert found == ["1", "columns", "columns", "bad_availability", "bad_price", "bad_price", "bad_price", "8"]
    assert [entry.reference for entry in entries] == ["1", "2", "3", "4", "5", "6", "7", "8"]
    assert cut == ""


def test_a_quotation_mark_that_is_never_closed_takes_its_row_alone(file: Path) -> None:
    rows = [f"{number},Lamp,1 USD,in stock" for number in range(1_000)]
    rows[300] = '300,"Lamp,1 USD,in stock'
    entries, cut = read(file, "\n".join([HEAD, *rows, ""]))
    assert [entry.reference for entry in entries] == [str(n) for n in range(1_000)]
    assert cut == ""


def word(number: int) -> str:
    """Return a word that does not pack well."""
    return sha256(str(number).encode()).hexdigest()


@pytest.mark.parametrize("suffix", ["", ".gz"])
@pytest.mark.parametrize("form", ["csv", "jsonlines", "google"])
def test_a_file_that_was_cut_says_so_and_gives_what_stands_before(tmp_path: Path, form: str, suffix: str) -> None:
    line = '{{"reference": "{0}", "title": "{1}", "price": 100, "currency": "USD"}}\n'
    item = "<item><id>{0}</id><title>{1}</title><price>1 USD</price></item>\n"
    whole = {
        "csv": HEAD + "\n" + "".join(f"{n},{word(n)},1 USD,in stock\n" for n in range(3_000)),
        "jsonlines": "".join(line.format(n, word(n)) for n in range(3_000)),
        "google": "<rss><channel>" + "".join(item.format(n, word(n)) for n in range(3_000)) + "</channel></rss>",
    }[form].encode()
    content = gzip.compress(whole, mtime=0)[:-4_000] if suffix else whole[: len(whole) // 2 - 7]
    entries, cut = read(tmp_path / f"feed{suffix}", content, form=form)
    assert "was cut" in cut
    found = [entry.reference for entry in entries if isinstance(entry, OfferStated)]
    assert 500 < len(found) < 3_000
    assert found == [str(n) for n in range(len(found))]
    assert len(entries) - len(found) <= 1


def test_a_last_line_without_an_end_is_whole(tmp_path: Path) -> None:
    assert read(tmp_path / "a.csv", TWO.rstrip("\n")) == ([LAMP, TABLE], "")
    line = '{"reference": "1", "title": "Lamp", "price": 1234, "currency": "USD"}'
    assert read(tmp_path / "a.jsonl", line) == ([OfferStated(**msgspec.json.decode(line))], "")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"reference": "1", "price": "12"}', "bad_value"), ('{"reference": "1", "colour": "red"}', "bad_value"),
        ("[]", "bad_value"), ("{", "not_json"), ("nonsense", "not_json"),
        ('{"reference": "1", "price": 1.5}', "bad_value"), ('{"x": ' + "[" * 5_000, "bad_value"),
    ],
)  # fmt: skip
def test_a_line_that_states_no_offer_is_odd(tmp_path: Path, line: str, reason: str) -> None:
    entries, _ = read(tmp_path / "a.jsonl", f'{line}\n{{"reference": "2"}}\n')
    assert isinstance(entries[0], OddItem)
    assert (entries[0].reason, entries[0].content) == (reason, f"{line}\n")
    assert entries[0].reference == ("1" if '"1"' in line else "")
    assert entries[1] == OfferStated(reference="2")


RSS = """<?xml version="1.0"?>
<rss version="2.0" xmlns:g="http://base.google.com/ns/1.0"><channel><title>Shop</title><link>https://x.example</link>
<!-- <item> not one --><item><g:id>1</g:id><title>Plain</title><g:title>Lamp &amp; shade</g:title>
<description><![CDATA[Warm <item> light]]></description><link>https://x.example/1</link><g:price>12.34 USD</g:price>
<g:availability>in_stock</g:availability><g:gtin>4006381333931</g:gtin><g:product_type>Home &gt; Lamps</g:product_type>
<g:google_product_category>594</g:google_product_category>
<g:shipping><g:country>US</g:country><g:price>4.99 USD</g:price><g:min_handling_time>1</g:min_handling_time>
<g:max_handling_time>2</g:max_handling_time><g:min_transit_time>2</g:min_transit_time>
<g:max_transit_time>3</g:max_transit_time></g:shipping></item>
<item><g:id>2</g:id><title>Rug</title><g:price>5 USD</g:price></item></channel></rss>"""
ATOM = """<feed xmlns="http://www.w3.org/2005/Atom" xmlns:g="http://base.google.com/ns/1.0"><title>Shop</title>
<entry><g:id>1</g:id><title>Lamp &amp; shade</title><summary>Warm</summary><link href="https://x.example/1"/>
<g:price>12.34 USD</g:price></entry></feed>"""


def test_a_feed_in_rss(tmp_path: Path) -> None:
    entries, cut = read(tmp_path / "feed.xml", RSS)
    assert cut == ""
    assert entries == [
        OfferStated(
            reference="1", title="Lamp & shade", description="Warm <item> light", url="https://x.example/1", price=1234,
            currency="USD", gtin="4006381333931", category="Home > Lamps", shipping_amount=499, days_from=3, days_to=5,
        ),
        OfferStated(reference="2", title="Rug", price=500, currency="USD"),
    ]  # fmt: skip


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "iso-8859-1"])
def test_a_feed_in_atom(tmp_path: Path, encoding: str) -> None:
    content = f'<?xml version="1.0" encoding="{encoding}"?>{ATOM.replace("Warm", "Chaud, très")}'.encode(encoding)
    assert read(tmp_path / "feed.xml", content) == (
        [
            OfferStated(
                reference="1", title="Lamp & shade", description="Chaud, très", url="https://x.example/1", price=1234,
                currency="USD",
            )
        ],
        "",
    )  # fmt: skip


BOMB = '<!DOCTYPE lolz [<!ENTITY lol "lol"><!ENTITY lol2 "&lol;&lol;&lol;&lol;&lol;">]>'
OUTSIDE = '<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize("kind", [BOMB, OUTSIDE, "<!DOCTYPE html>"])
def test_a_document_type_is_refused_and_with_it_every_bomb(tmp_path: Path, kind: str) -> None:
    assert "document type" in refused(tmp_path / "feed.xml", RSS.replace("<rss", f"{kind}<rss", 1))


def test_broken_items_stand_alone(tmp_path: Path) -> None:
    bad = [
        "<item><g:id>3</g:id><title>Salt & pepper</title></item>", "<item><g:id>4</g:id><title>&nbsp;</title></item>",
        "<item><g:id>5</g:id><title>\x01</title></item>", "<item><g:id>6</g:id><b></item>", "<item><g:id>7</g:id>",
    ]  # fmt: skip
    entries, cut = read(tmp_path / "feed.xml", RSS.replace("<item><g:id>2", "".join(bad) + "<item><g:id>2"))
    reasons = [entry.reason if isinstance(entry, OddItem) else entry.reference for entry in entries]
    assert reasons == ["1", "not_xml", "not_xml", "encoding", "not_xml", "not_xml", "2"]
    assert [entry.reference for entry in entries] == ["1", "3", "4", "5", "6", "7", "2"]
    assert cut == ""


def test_a_document_type_inside_an_item_is_refused_too(tmp_path: Path) -> None:
    assert "document type" in refused(tmp_path / "feed.xml", RSS.replace("<g:id>2", f"{BOMB}<g:id>2"))


def test_other_xml_is_no_feed(tmp_path: Path) -> None:
    assert "begins with <html>" in refused(tmp_path / "feed.xml", "<html><body>Log in</body></html>")
    assert "begins with <>" in refused(tmp_path / "feed.xml", "nothing of the kind")


def test_a_feed_is_read_in_pieces_wherever_they_are_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole, _ = read(tmp_path / "feed.xml", RSS)
    for size in (1, 2, 3, 7, 50, 333):
        monkeypatch.setattr("onebasket.commerce.partners.gateways.feed.googlexml.CHUNK", size)
        assert read(tmp_path / "feed.xml", RSS) == (whole, "")


@pytest.mark.parametrize("form", ["csv", "jsonlines", "google"])
def test_what_was_read_is_passed_over(tmp_path: Path, form: str) -> None:
    content = {"csv": TWO, "jsonlines": '{"reference": "1"}\n{"reference": "2"}\n', "google": RSS}[form]
    (tmp_path / "feed").write_text(content)
    with open_catalogue(tmp_path / "feed", HowRead(form=form, habits=HABITS)) as catalogue:
        assert [entry.reference for entry in catalogue.entries(skip=1)] == ["2"]
        assert catalogue.position() == len(content.encode())


@given(amount=st.integers(0, MAX_AMOUNT), currency=st.sampled_from(sorted(currencies())), before=st.booleans())
@example(amount=1234, currency="JPY", before=True)
def test_every_price_that_can_be_written_is_read_exactly(amount: int, currency: str, *, before: bool) -> None:
    number = f"{decimal_amount(amount, currency):f}"
    text = f"{currency} {number}" if before else f"{number} {currency}"
    assert parse_price(text) == (amount, currency)
    assert parse_price(number, currency) == (amount, currency)
    assert parse_price(f"{number}{currency.lower()}") == (amount, currency)
    comma = f"{decimal_amount(amount, currency):,f}".translate(str.maketrans(",.", ".,"))
    assert parse_price(comma, currency, decimal=",", thousands=".") == (amount, currency)


@given(text=st.text(max_size=30), currency=st.sampled_from(["USD", "JPY", ""]))
@example(text="1,234.56 USD", currency="USD")
@example(text="\uff11\uff12 USD", currency="USD")
@example(text="1e5 USD", currency="USD")
@example(text="NaN", currency="USD")
@example(text="12.345", currency="USD")
@example(text="1_000", currency="USD")
@example(text="$12.34", currency="USD")
@example(text="12.34.56", currency="USD")
def test_a_price_is_read_exactly_or_refused(text: str, currency: str) -> None:
    try:
        amount, named = parse_price(text, currency)
    except BadFieldError:
        return
    digits = "".join(letter for letter in text if letter in "0123456789.").strip()
    assert amount == pytest.approx(abs(amount) * (-1 if "-" in text else 1))
    assert abs(amount) == round(float(digits or "0") * 10 ** exponent(named))


@pytest.mark.parametrize(
    ("template", "link"),
    [
        ("", "https://x.example/p?a=1#top"), ("{plain}?ref={click}", "https://x.example/p?a=1&ref=c%2F1#top"),
        ("{plain}&ref={click}", "https://x.example/p?a=1&ref=c%2F1#top"),
        ("https://go.example/?u={url}&s={click}", "https://go.example/?u=https%3A%2F%2Fx.example%2Fp%3Fa%3D1%23top&s=c%2F1"),
    ],
)  # fmt: skip
def test_links_by_template(template: str, link: str) -> None:
    assert template_problem(template) == "" or not template
    options = {"link_template": template} if template else {}
    gateway = FeedGateway(GatewayAccount(partner="p", endpoint="", options=options))
    assert gateway.link("https://x.example/p?a=1#top", "c/1", seconds=1.0) == link
    assert make_link("{plain}?ref={click}", url="https://x.example/", click="c") == "https://x.example/?ref=c"


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("https://go.example/?u={url}", "lacks {click}"), ("https://go.example/?s={click}", "lacks {url}"),
        ("https://go.example/{url.__class__}/{click}", "means nothing"),
        ("https://go.example/{url}/{click}/{", "means nothing"),
        ("javascript:{url}{click}", "begins with https"), ("{url}?c={click}", "begins with https"),
        ("https://{click}.example/{url}", "written out"), ("//go.example/{url}{click}", "begins with https"),
        ("https://go.example/{url} {click}", "no spaces"), ("{plain}{click}", "one parameter"),
        ("{plain}?a=1#{click}", "one parameter"), ("https://go.example/{plain}/{click}", "lacks {url}"),
    ],
)  # fmt: skip
def test_a_template_that_is_not_fit_says_why(template: str, said: str) -> None:
    assert said in template_problem(template)


def lines_of(path: Path, content: str, **how: Any) -> tuple[list[CommissionStated | OddItem], Statement]:
    path.write_text(content)
    with open_statement(path, **how) as statement:
        return list(statement.lines()), statement


def test_a_statement_of_commission(file: Path) -> None:
    lines, statement = lines_of(
        file,
        "line_id,order_id,status,amount,commission,commission_rate,click_id,bought_at\n"
        "9-1,9,approved,20.00 GBP,1.40 GBP,7%,c1,2026-11-01T10:00:00Z\n"
        "9-2,9,clawed back,20.00 GBP,-1.40 GBP,,c1,\n",
    )
    assert lines == [
        CommissionStated(
            key="9-1", order="9", status="approved", currency="GBP", amount=2000, commission=140, rate=70_000,
            click="c1", bought_at=datetime(2026, 11, 1, 10, tzinfo=UTC),
        ),
        CommissionStated(
            key="9-2", order="9", status="clawed back", currency="GBP", amount=2000, commission=-140, click="c1"
        ),
    ]  # fmt: skip
    assert statement.cut == ""


def test_lines_of_a_statement_that_cannot_be_read_stand_alone(file: Path) -> None:
    rows = ["9,ok,1.00", "9,ok,one", ",ok,1.00", "9,,1.00", f"{'9' * 65},ok,1.00", "9,ok", "8,ok,2.00"]
    lines, _ = lines_of(file, "\n".join(["order,status,commission", *rows, ""]), currency="USD")
    found = [line.reason if isinstance(line, OddItem) else line.commission for line in lines]
    assert found == [100, "bad_price", "missing", "missing", "bad_value", "columns", 200]


@pytest.mark.parametrize("field", ["bought_at", "changed_at"])
@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2026-03-02", datetime(2026, 3, 2, 23, 59, 59, 999_999, tzinfo=UTC)),
        ("20260302", datetime(2026, 3, 2, 23, 59, 59, 999_999, tzinfo=UTC)),
        ("2026-03-02T00:00:00Z", datetime(2026, 3, 2, tzinfo=UTC)),
        ("2026-03-02 09:30", datetime(2026, 3, 2, 9, 30, tzinfo=UTC)),
    ],
)
def test_a_day_of_a_statement_is_its_last_instant(file: Path, field: str, text: str, at: datetime) -> None:
    (line,), _ = lines_of(file, f"order,status,commission,{field}\n9,ok,1.00,{text}\n", currency="USD")
    assert getattr(line, field) == at


def test_an_offer_that_was_stated_on_a_day_is_as_old_as_its_beginning(file: Path) -> None:
    """Offers that are too old are asked for again: a day is no reason to take one for fresher than it may be."""
    (offer,) = offers(read(file, f"{HEAD},stated_at\n1,Lamp,12.34,yes,2026-03-02\n")[0])
    assert offer.stated_at == datetime(2026, 3, 2, tzinfo=UTC)


def test_several_clicks_of_ours_fit_into_a_line(file: Path) -> None:
    clicks = " ".join(f"{number:032x}" for number in range(20))
    rows = [f"9,ok,1.00,{clicks}", f"9,ok,1.00,{'x' * 1001}", f"{'9' * 65},ok,1.00,"]
    lines, _ = lines_of(file, "\n".join(["order,status,commission,click", *rows, ""]), currency="USD")
    found = [line.reason if isinstance(line, OddItem) else line.click for line in lines]
    assert found == [clicks, "bad_value", "bad_value"]


def test_rows_without_a_key_that_would_take_each_others_place_are_told(file: Path) -> None:
    """The key of a row that states none is made of order and reference: it may stand for two lines."""
    rows = ["O1,ok,3.00,a", "O1,ok,5.00,a", "O1,ok,7.00,a", "O1,ok,3.00,a", "O1,ok,3.00,b", "O2,ok,3.00,a"]
    content = "\n".join(["order,status,commission,reference", *rows, ""])
    found, _ = lines_of(file, content, currency="USD")
    booked = [(one.key, one.commission) for one in found if isinstance(one, CommissionStated)]
    assert booked == [("O1/a", 300), ("O1/a", 300), ("O1/b", 300), ("O2/a", 300)]
    told = [one for one in found if isinstance(one, OddItem)]
    assert [(one.reason, one.content) for one in told] == [
        ("key_doubled", "O1,ok,5.00,a\n"), ("key_doubled", "O1,ok,7.00,a\n"),
    ]  # fmt: skip
    assert [one.reference.partition("#")[0] for one in told] == ["O1/a", "O1/a"]
    assert len({one.reference for one in told}) == 2  # each is kept by itself
    assert "State a column `key`" in told[0].explanation


def test_rows_with_a_key_may_be_the_history_of_one_line(file: Path) -> None:
    content = "order,status,commission\nO1,ok,3.00\nO1,ok,5.00\n"
    mapping = read_mapping(
        b'[columns]\nkey = "order"\norder = "order"\nstatus = "status"\ncommission = "commission"', names=tuple(NAMES)
    )
    lines, _ = lines_of(file, content, mapping=mapping, currency="USD")
    booked = [(one.key, one.commission) for one in lines if isinstance(one, CommissionStated)]
    assert booked == [("O1", 300), ("O1", 500)]


def test_a_last_line_without_its_end_is_a_line(file: Path) -> None:
    """Many good files have none: that one was cut inside its last cell cannot be told (docs/files.md)."""
    lines, statement = lines_of(file, "order,status,commission\n9,ok,12.34\n10,ok,1", currency="USD")
    assert [one.commission for one in lines if isinstance(one, CommissionStated)] == [1234, 100]
    assert statement.cut == ""


def test_a_statement_by_a_mapping_and_one_that_lacks_a_column(file: Path) -> None:
    mapping = read_mapping(b"""
        decimal = ","
        delimiter = ";"
        [columns]
        order = "Bestellung"
        reference = "Artikel"
        status = "Stand"
        commission = "Provision"
        [constants]
        currency = "EUR"
        """, names=tuple(NAMES))  # fmt: skip
    lines, statement = lines_of(file, "Bestellung;Artikel;Stand;Provision\n9;A;offen;1,40\n10;B;off", mapping=mapping)
    assert lines[0] == CommissionStated(
        key="9/A", order="9", reference="A", status="offen", currency="EUR", amount=0, commission=140
    )
    assert "was cut" in statement.cut
    with pytest.raises(UnfitFileError, match="no column for the commission"):
        lines_of(file, "order,status\n9,ok\n")


def page() -> str:
    return (Path(__file__).parents[2] / "docs" / "files.md").read_text(encoding="utf-8").split("# Partners' files")[1]


def test_the_mapping_of_the_page_reads_a_table(file: Path) -> None:
    mapping = read_mapping(page().split("```toml\n")[1].split("```")[0].encode())
    content = "Artikel;Bezeichnung;Preis;Lieferbar\n1;'Tür; hoch';1.234,50;nein\n".encode("cp1252")
    (offer,) = offers(read(file, content, mapping=mapping)[0])
    assert offer == OfferStated(reference="1", title="Tür; hoch", price=123_450, currency="EUR", available=False)


def test_the_page_names_every_reason_and_every_column() -> None:
    folder = Path(__file__).parents[2] / "src" / "onebasket" / "commerce" / "partners" / "gateways" / "feed"
    code = "\n".join(path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.py")))
    used = set(re.findall(r'"((?:bad|not)_[a-z]+|columns|encoding)",', code))
    assert {"bad_price", "not_xml", "columns", "encoding"} <= used
    assert {reason for reason in used if f"`{reason}`" not in page()} == set()
    told = [names for field, names in TABLE_NAMES.items() if not field.startswith(("handling", "transit"))]
    columns = {name for names in told for name in names}
    assert {name for name in columns if name not in page()} == set()
    assert {name for name in NAMES if f"`{name}`" not in page()} == set()
