"""Barcodes: what a scanned code says, as tables and as properties."""

import pytest
from biip.checksums import gs1_standard_check_digit
from hypothesis import given
from hypothesis import strategies as st

from onebasket.kernel.barcodes import (
    BadCode,
    Inside,
    InStoreTemplate,
    Scan,
    compose,
    lookup_keys,
    parse,
    template_from,
)

PRICE = template_from("2{item:5}{price:5}{check}")
WEIGHT = template_from("21IIIIIWWWWWC")
VERIFIED = template_from("23IIIIIVPPPPC")
TEMPLATES = (PRICE, WEIGHT, VERIFIED)


@pytest.mark.parametrize(
    ("code", "kind", "normal"),
    [
        ("96385074", "gtin", "00000096385074"),
        ("036000291452", "gtin", "00036000291452"),
        ("4006381333931", "gtin", "04006381333931"),
        ("04006381333931", "gtin", "04006381333931"),
        ("14006381333938", "gtin", "14006381333938"),
        (" 4006381333931\r\n", "gtin", "04006381333931"),
        ("]E04006381333931", "gtin", "04006381333931"),
        ("4011", "plu", "4011"),
        ("04011", "plu", "4011"),
        ("94011", "plu", "94011"),
        ("2012345000001", "instore", "02012345000001"),
        ("0400008190633", "instore", "00400008190633"),
        ("400008190633", "instore", "00400008190633"),
        ("20000011", "instore", "00000020000011"),
        ("00000020000011", "instore", "00000020000011"),
    ],
)
def test_a_code_has_one_normal_form(code: str, kind: str, normal: str) -> None:
    scan = parse(code)
    assert isinstance(scan, Scan), scan
    assert (scan.kind, scan.code) == (kind, normal)
    assert lookup_keys(code)[0] == (kind, normal)


def test_a_upc_e_is_found_by_its_long_form_first() -> None:
    assert lookup_keys("01234565") == (("gtin", "00012345000065"), ("instore", "00000001234565"))
    assert lookup_keys("04252614") == (("gtin", "00042100005264"),)


def test_eight_digits_that_are_both_keep_both_keys() -> None:
    both = [f"{n:08d}" for n in range(1_000_000) if n % 997 == 0 and len(lookup_keys(f"{n:08d}")) > 1]
    assert both
    for code in both:
        assert [kind for kind, _ in lookup_keys(code)] == ["gtin", "instore"]
        assert lookup_keys(code)[1] == ("instore", code.zfill(14))


@pytest.mark.parametrize("code", ["94011", "93283"])
def test_a_leading_nine_is_organic_and_another_product(code: str) -> None:
    scan = parse(code)
    assert isinstance(scan, Scan)
    assert scan.organic
    assert lookup_keys(code) == (("plu", code),)


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("", "characters"),
        ("   ", "characters"),
        ("4006381333932", "check_digit"),
        ("036000291453", "check_digit"),
        ("123", "length"),
        ("123456", "length"),
        ("0000", "empty"),
        ("0000000000000", "empty"),
        ("ABC-12", "characters"),
        ("٤٠١١", "characters"),
        ("(01)0703", "element_string"),
        ("(10)LOT1", "no_gtin"),
        ("(01)07032069804989", "check_digit"),
        ("9" * 121, "characters"),
    ],
)
def test_a_bad_code_says_why(code: str, reason: str) -> None:
    bad = parse(code)
    assert isinstance(bad, BadCode)
    assert bad.reason == reason
    assert bad.explanation.endswith(".") or ":" in bad.explanation
    assert lookup_keys(code) == ()


@pytest.mark.parametrize(
    ("code", "item", "inside"),
    [
        (compose(PRICE, 123, 1999), "0200123", Inside("price", 1999)),
        (compose(PRICE, 123, 1999)[1:], "0200123", Inside("price", 1999)),
        (compose(WEIGHT, 4711, 842), "2104711", Inside("weight", 842)),
        (compose(VERIFIED, 4711, 2875), "2304711", Inside("price", 2875)),
    ],
)
def test_an_in_store_code_carries_price_or_weight(code: str, item: str, inside: Inside) -> None:
    scan = parse(code, TEMPLATES)
    assert isinstance(scan, Scan)
    assert (scan.kind, scan.code, scan.inside) == ("instore", item, (inside,))
    assert lookup_keys(code, TEMPLATES) == (("instore", item), ("instore", code.zfill(14)))


def test_the_inner_check_digit_is_that_of_the_standard() -> None:
    assert compose(VERIFIED, 4711, 2875)[7] == "9"  # the example of General Specifications 7.9.3
    body = "23047118" + "2875"
    bad = parse(body + str(gs1_standard_check_digit(body)), TEMPLATES)
    assert isinstance(bad, BadCode)
    assert bad.reason == "inner_check"


@pytest.mark.parametrize(
    ("pattern", "template"),
    [
        ("2{item:5}{price:5}{check}", InStoreTemplate("02", 5, 5, "price")),
        ("21IIIIIWWWWWC", InStoreTemplate("21", 5, 5, "weight")),
        ("02{item:5}{inner}{price:4}{check}", InStoreTemplate("02", 5, 4, "price", inner_check=True)),
        ("2IIIIIVPPPPC", InStoreTemplate("02", 5, 4, "price", inner_check=True)),
        ("04{item:10}{check}", InStoreTemplate("04", 10)),
    ],
)
def test_templates_are_read_from_text(pattern: str, template: InStoreTemplate) -> None:
    assert template_from(pattern) == template


@pytest.mark.parametrize("pattern", ["", "2", "2{item:5}{check}", "21IIIIIWWWWWWWC", "XIIIIIWWWWWC", "02IIIIIIIVPPPC"])
def test_an_unfit_template_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match=r"template|digits|inner"):
        template_from(pattern)


@pytest.mark.parametrize(
    ("code", "inside"),
    [
        ("(01)97032069804981(3103)000842", (Inside("weight", 842, 3, "kg"),)),
        ("(01)97032069804981(3202)000125", (Inside("weight", 125, 2, "lb"),)),
        ("(01)97032069804981(3922)1234", (Inside("price", 1234, 2),)),
        ("(01)97032069804981(3932)8401234(10)A", (Inside("price", 1234, 2),)),
        ("(01)97032069804981(30)12(15)260526", (Inside("count", 12, 0),)),
        ("]C101970320698049813103000842", (Inside("weight", 842, 3, "kg"),)),
        ("019703206980498110AB\x1d3103000842", (Inside("weight", 842, 3, "kg"),)),
    ],
)
def test_a_gs1_element_string_gives_gtin_and_measures(code: str, inside: tuple[Inside, ...]) -> None:
    scan = parse(code)
    assert isinstance(scan, Scan), scan
    assert (scan.kind, scan.code, scan.inside) == ("gtin", "97032069804981", inside)


@given(st.sampled_from([7, 11, 12, 13]).flatmap(lambda n: st.text("0123456789", min_size=n, max_size=n)))
def test_every_number_with_its_check_digit_is_read_and_no_other_ending(body: str) -> None:
    right = gs1_standard_check_digit(body)
    scan = parse(body + str(right))
    if body.strip("0"):
        assert isinstance(scan, Scan)
        assert lookup_keys(scan.keys[-1][1]) == scan.keys[-1:]  # the normal form is its own normal form
    for digit in range(10):
        if digit != right and not (len(body) == 7 and body[0] == "0"):
            assert isinstance(parse(body + str(digit)), BadCode)


@given(st.integers(0, 99_999), st.integers(0, 9_999), st.sampled_from(TEMPLATES))
def test_what_was_composed_is_read_again(item: int, value: int, template: InStoreTemplate) -> None:
    scan = parse(compose(template, item, value), TEMPLATES)
    assert isinstance(scan, Scan)
    assert scan.code == template.prefix + f"{item:05d}"
    assert scan.inside[0].number == value


@given(st.one_of(st.text(max_size=130), st.from_regex(r"\(01\)\d{14}(\(\d{2,4}\)[0-9A-Z]{0,12}){0,3}", fullmatch=True)))
def test_no_text_is_too_odd(text: str) -> None:
    scan = parse(text, TEMPLATES)
    assert isinstance(scan, Scan | BadCode)
    assert all(1 <= len(code) <= 48 for _, code in lookup_keys(text, TEMPLATES))


@given(st.text("0123456789()\x1d]CdeA", max_size=40))
def test_no_digits_and_brackets_are_too_odd(text: str) -> None:
    assert isinstance(parse(text, TEMPLATES), Scan | BadCode)
