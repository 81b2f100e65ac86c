"""docs/api/events.md out of the modules' EVENTS tables: `python -m onebasket.project.eventpage docs/api/events.md`."""

import sys
from pathlib import Path

import msgspec

from onebasket.base.cloudevents import SOURCE, TYPE_PREFIX
from onebasket.commerce.hotpath.rules import EVENTS

__all__ = ["EVENTS", "SUBJECTS", "render"]

SUBJECTS = {
    "place": "place/<code>",
    "unit": "unit/<code>",
    "product": "product/<sku>",
    "customer": "customer/<loyalty number>",
    "price": "price/<sku> or price/<sku>/<place>",
    "promotion": "promotion/<code>",
    "campaign": "campaign/<code>",
    "coupon": "coupon/<code>",
    "tax": "tax/<code> or tax/<code>/<place>",
    "tax_terms": "tax_terms/<place, or * for the whole chain>",
    "tax_class": "tax_class/<product, category or department>/<name>",
    "stock": "stock/<place>",
    "breach": "shelf/<place>/<sku>",
    "discrepancy": "shelf/<place>/<sku>",
    "hold": "hold/<id>",
    "slots": "slots/<place>",
    "slotplan": "slotplan/<place>",
    "buffer": "buffer/<place>/<sku or unit>",
    "receipt": "receipt/<id>",
    "line_exception": "receipt/<id>",
    "basket": "basket/<id>",
    "order": "order/<id>",
    "return": "return/<id>",
    "payment": "payment/<id>",
    "balance": "balance/<account>",
    "partner": "partner/<code>",
    "agreement": "partner/<code>",
    "part": "part/<id>",
    "referral": "referral/<id>",
    "commission": "commission/<partner>/<key>",
}
"""What an event is about, by the first word of its type; the order of events is promised within a subject."""

HEAD = f"""# Events

This page is made from the code: `python -m onebasket.project.eventpage docs/api/events.md`.

Every event leaves as a [CloudEvents 1.0](https://cloudevents.io) JSON object, over `GET /api/v1/events` and as the body
of webhooks alike:

| attribute | holds |
| --- | --- |
| `specversion` | `1.0` |
| `id` | the event's UUID, the same wherever and however often it is sent: use it to pass over what you had before |
| `source` | `{SOURCE}` |
| `type` | `{TYPE_PREFIX}` and a type of this page |
| `subject` | what it is about; events of one subject keep their order, others may overtake one another |
| `time` | when it was booked, in UTC |
| `datacontenttype` | `application/json` |
| `position` | a whole number, ascending in the order of commits and without gaps; read on from the last one you have |
| `data` | as below |

Amounts are integers of the currency's minor unit, quantities integers of the product's unit's smallest step. Later
versions may add fields; none is taken away or changes its meaning.

## Webhooks

A delivery is a `POST` with `webhook-id`, `webhook-timestamp` and `webhook-signature`, signed to
[Standard Webhooks](https://www.standardwebhooks.com) with the secret that was shown once at registration. Answer any
2xx within 10 seconds; redirects are not followed. Anything else is tried again after 5 s, 15 s, 45 s and so on up to
six hours apart, twelve times in about a day, and then kept as a dead letter. A failing delivery holds back only what
follows it in its own subject. A delivery may come twice: `webhook-id` is the event's `id`.

For 24 hours after a secret was rotated the header `webhook-signature` holds two signatures, split by a blank: of the
new secret and of the one before it. A delivery is genuine when either fits, so a receiver changes over within that time
and misses nothing. Rotated twice, only the last two secrets sign: that shuts out one that has leaked.
"""


def render() -> str:
    """Return the page."""
    shapes = dict.fromkeys(EVENTS.values())
    parts = [HEAD, *(_section(shape, [name for name, own in EVENTS.items() if own is shape]) for shape in shapes)]
    nested = dict.fromkeys(inner for shape in EVENTS.values() for inner in _inner(shape))
    parts += [f"## {shape.__name__}\n\n{_first_line(shape)}\n\n{_table(shape)}" for shape in nested]
    return "\n".join(parts)


def _section(shape: type[msgspec.Struct], names: list[str]) -> str:
    heading = ", ".join(f"`{name}`" for name in names)
    subject = SUBJECTS[names[0].partition(".")[0]]
    return f"## {heading}\n\n{_first_line(shape)} Subject: `{subject}`.\n\n{_table(shape)}"


def _first_line(shape: type[msgspec.Struct]) -> str:
    return " ".join((shape.__doc__ or "").split("\n\n")[0].split())


def _table(shape: type[msgspec.Struct]) -> str:
    rows = [f"| `{field.encode_name}` | {_words(field.type)} |" for field in msgspec.structs.fields(shape)]
    return "\n".join(["| field | type |", "| --- | --- |", *rows]) + "\n"


def _words(hint: object) -> str:
    """Say a field's type in JSON's terms."""
    schema = msgspec.json.schema(hint, ref_template="{name}")
    return _of_schema(schema)


def _of_schema(schema: dict[str, object]) -> str:
    if "anyOf" in schema:
        options = [_of_schema(option) for option in schema["anyOf"]]  # type: ignore[attr-defined]
        return " or ".join(options)
    if "$ref" in schema:
        return f"[{schema['$ref']}](#{str(schema['$ref']).lower()})"
    kind = str(schema.get("type", "value"))
    if "prefixItems" in schema:
        items = ", ".join(_of_schema(item) for item in schema["prefixItems"])  # type: ignore[attr-defined]
        return f"array of exactly ({items})"
    if kind == "array" and isinstance(schema.get("items"), dict):
        return f"array of {_of_schema(schema['items'])}"  # type: ignore[arg-type]
    return f"{kind} ({schema['format']})" if "format" in schema else kind


def _inner(shape: type[msgspec.Struct]) -> list[type[msgspec.Struct]]:
    found = []
    for field in msgspec.inspect.type_info(shape).fields:  # type: ignore[attr-defined]
        kind = getattr(field.type, "item_type", field.type)
        if isinstance(kind, msgspec.inspect.StructType):
            found.append(kind.cls)
    return found


def main() -> None:
    """Write the page to the path given."""
    Path(sys.argv[1]).write_text(render(), encoding="utf-8")


if __name__ == "__main__":
    main()
