"""The product's icon: linked in pages, and found where browsers ask for it on their own."""

from pathlib import Path

import pytest
from django.test import Client

import onebasket


def test_browsers_that_ask_on_their_own_get_the_products_icon(client: Client) -> None:
    asked = client.get("/favicon.ico")
    assert (asked.status_code, asked.headers["Location"]) == (301, "/static/onebasket/mark.svg")

    icon = client.get(asked.headers["Location"])
    assert (icon.status_code, icon.headers["Content-Type"]) == (200, "image/svg+xml")
    content = b"".join(icon) if icon.streaming else icon.content
    assert content.startswith(b"<svg ")


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["/login/", "/api/v1/docs"])
def test_pages_name_their_icon(client: Client, address: str) -> None:
    assert b'<link rel="icon" href="/static/onebasket/mark.svg"' in client.get(address, follow=True).content


def test_every_whole_page_has_one() -> None:
    templates = Path(onebasket.__file__).parent.rglob("templates/**/*.html")
    documents = [one for one in templates if "<!doctype html>" in one.read_text(encoding="utf-8").lower()]
    mails = [one for one in documents if one.parent.name == "mail"]
    whole = [one for one in documents if one not in mails]

    # A message has no tab to show an icon in, and asks the hub for nothing.
    assert [one.relative_to(one.parents[2]).as_posix() for one in mails] == ["shop/mail/_frame.html"]
    assert whole
    assert [one.name for one in whole if 'rel="icon"' not in one.read_text(encoding="utf-8")] == []
