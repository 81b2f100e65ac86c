"""Our pages' translations: `python -m tests.messages` gathers what is to be translated and compiles what is.

Texts are gathered out of the sources with Babel and Django's own reader of templates, so that nothing beside Python is
needed. The suite shows that nothing is missing, and that what is compiled is what is written.
"""

import io
import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "src" / "onebasket"
TRANSLATED = ("front", "shop", "kiosk", "account", "store", "pulse", "referral")
"""What people of any language look at, each with a catalogue of its own: the front, and channels."""
LANGUAGES = ("de",)
KEYWORDS = {
    "gettext": None,
    "_": None,
    "ngettext": (1, 2),
    "pgettext": ((1, "c"), 2),
    "gettext_noop": None,
    "gettext_lazy": None,
}
THEN = datetime(2026, 1, 1, tzinfo=UTC)
"""Every header's date: a file changes when a text does."""

Message = str | tuple[str, ...]


def folder_of(channel: str) -> Path:
    """Return where what is translated lives."""
    return PACKAGE / channel if channel == "front" else PACKAGE / "channels" / channel


def po_file(language: str, channel: str) -> Path:
    """Return where a channel's texts of a language are written."""
    return folder_of(channel) / "locale" / language / "LC_MESSAGES" / "django.po"


def messages(channel: str) -> Iterator[Message]:
    """Give every text of a channel that is to be translated."""
    folder = folder_of(channel)
    for path in sorted(folder.rglob("*.py")):
        yield from _gather(path.read_text(encoding="utf-8"))
    for path in sorted((*folder.rglob("*.html"), *folder.rglob("*.txt"))):
        if "templates" in path.parts:
            stated = templatize(path.read_text(encoding="utf-8"), origin=str(path))
            # What is left of the page's own layout is no layout of Python.
            yield from _gather("\n".join(line.strip() for line in stated.splitlines()))


def _gather(source: str) -> Iterator[Message]:
    for _line, message, _comments, _context in extract("python", io.BytesIO(source.encode()), KEYWORDS):
        yield message


def gathered(language: str, channel: str) -> Catalog:
    """Return a channel's texts as they are to stand: translations that are there, and what is new without one."""
    found = Catalog(
        locale=language,
        domain="django",
        header_comment="# A channel's texts, gathered and compiled by `python -m tests.messages`. Write here.",
        project="onebasket",
        version="",
        copyright_holder="The onebasket maintainers",
        msgid_bugs_address="",
        last_translator="",
        language_team="",
        creation_date=THEN,
        revision_date=THEN,
        fuzzy=False,
    )
    known = read_catalog(language, channel)
    for message in messages(channel):
        before = known.get(message if isinstance(message, str) else message[0])
        python_format = re.search(r"%\(\w+\)[sd]", message if isinstance(message, str) else message[0])
        found.add(
            message,
            before.string if before is not None else None,
            flags={"python-format"} if python_format else set(),
        )
    return found


def read_catalog(language: str, channel: str) -> Catalog:
    """Return what is written of a channel's texts in a language."""
    path = po_file(language, channel)
    if not path.exists():
        return Catalog(locale=language)
    with path.open("rb") as file:
        return read_po(file, locale=language)


def written(catalog: Catalog) -> bytes:
    """Return a language's texts as they are kept."""
    out = io.BytesIO()
    write_po(out, catalog, width=0, no_location=True, sort_output=True)
    return out.getvalue()


def compiled(catalog: Catalog) -> bytes:
    """Return a language's texts as Django reads them."""
    out = io.BytesIO()
    write_mo(out, catalog)
    return out.getvalue()


def update() -> None:
    """Write every catalogue anew, and say what has no translation yet."""
    for language in LANGUAGES:
        for channel in TRANSLATED:
            catalog, path = gathered(language, channel), po_file(language, channel)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(written(catalog))
            path.with_suffix(".mo").write_bytes(compiled(read_catalog(language, channel)))
            for message in missing(catalog):
                sys.stdout.write(f"{language} {channel}: {message!r}\n")


def missing(catalog: Catalog) -> list[str]:
    """Return the texts that have no translation."""
    return [str(one.id) for one in catalog if one.id and not _is_translated(one.string)]


def _is_translated(stated: str | list[str] | tuple[str, ...] | None) -> bool:
    return bool(stated) if isinstance(stated, str) else bool(stated) and all(stated or ())


if __name__ == "__main__":
    update()
