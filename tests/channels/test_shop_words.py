"""The languages of our pages: every text is translated, what is compiled is what is written, pages are one language."""

import gettext
import re

import pytest
from django.utils import translation

from onebasket.base.languages import LANGUAGES
from tests.channels.shopping import Shopper, make_shop
from tests.messages import LANGUAGES as TRANSLATED
from tests.messages import TRANSLATED as CHANNELS
from tests.messages import gathered, messages, missing, po_file, read_catalog
from tests.slotting import plan

_PLACES = re.compile(r"%\(\w+\)[sd]|\{\w+\}")


def test_every_language_that_is_offered_is_translated() -> None:
    assert set(LANGUAGES) == {"en", *TRANSLATED}


@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize("language", TRANSLATED)
def test_nothing_is_missing_and_nothing_is_left_over(language: str, channel: str) -> None:
    wanted, there = gathered(language, channel), read_catalog(language, channel)
    assert missing(there) == []
    assert {str(one.id) for one in wanted} == {str(one.id) for one in there}
    assert (
        len(set(messages(channel)))
        > {"front": 15, "shop": 300, "kiosk": 200, "account": 150, "store": 90, "pulse": 280, "referral": 12}[channel]
    )


@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize("language", TRANSLATED)
def test_what_is_compiled_is_what_is_written(language: str, channel: str) -> None:
    with po_file(language, channel).with_suffix(".mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    for one in read_catalog(language, channel):
        if isinstance(one.id, tuple):
            singular, plural = one.id
            assert [compiled.ngettext(singular, plural, number) for number in (1, 2)] == list(one.string or ())
        elif one.id:
            assert compiled.gettext(str(one.id)) == one.string


@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize("language", TRANSLATED)
def test_translations_name_what_the_text_names(language: str, channel: str) -> None:
    for one in read_catalog(language, channel):
        texts = list(one.string or ()) if one.pluralizable else [str(one.string)]
        wanted = set(_PLACES.findall(one.id[1] if isinstance(one.id, tuple) else str(one.id)))
        assert all(set(_PLACES.findall(text)) == wanted for text in texts), one.id


@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize("language", TRANSLATED)
def test_no_other_application_has_the_last_word(language: str, channel: str) -> None:
    """All catalogues are one in the end: the same text means the same everywhere, or is another text."""
    with translation.override(language):
        for one in read_catalog(language, channel):
            if isinstance(one.id, tuple):
                singular, plural = one.id
                assert [translation.ngettext(singular, plural, number) for number in (1, 2)] == list(one.string or ())
            elif one.id:
                assert translation.gettext(str(one.id)) == one.string


@pytest.mark.django_db
def test_a_page_in_german_has_no_english_left(monkeypatch: pytest.MonkeyPatch) -> None:
    make_shop(monkeypatch)
    plan()
    shopper = Shopper(language="de")
    english = [
        str(one.id)
        for one in read_catalog("de", "shop")
        if one.id and not one.pluralizable and one.id != one.string and len(str(one.id)) > 6 and "%" not in str(one.id)
    ]
    pages = [shopper.get(path) for path in ("", "departments", "d/other/other", "p/bread/bread", "stores", "nowhere")]
    form = shopper.get("p/milk/milk").form("basket/lines", sku="milk")
    pages.append(shopper.send(form, button="In den Korb"))
    pages += [shopper.get("basket"), shopper.get("checkout")]
    review = shopper.send(pages[-1].form("slot/take"))
    pages += [review, shopper.send(review.form("/checkout"), name="", email="")]
    done = shopper.send(review.form("/checkout"), name="Ada", email="a@example.org")
    pages += [done, *(shopper.get(link) for link in done.links if link.endswith(("/receipt", "/cancel")))]
    for page in pages:
        left = [text for text in english if text in page.text.replace("English", "")]
        assert left == [], page.address
    assert "1,99 $" in done.text
    assert "Danke. Ihre Bestellung ist aufgegeben." in done.text
