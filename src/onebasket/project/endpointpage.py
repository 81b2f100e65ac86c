"""Write docs/api/endpoints.md from the OpenAPI document: every endpoint, what it is for, and the scope it asks for.

`python -m onebasket.project.endpointpage docs/api/endpoints.md`
"""

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import django
from django.test import Client

HEAD = """# Endpoints

Written from the OpenAPI document by `python -m onebasket.project.endpointpage docs/api/endpoints.md`; do not edit.
The document itself is at `/api/v1/openapi.json`, a page to read it at `/api/v1/docs`.
"""


def endpoint_page(document: dict[str, Any]) -> str:
    """Return the page for an OpenAPI document."""
    return HEAD + "".join(_parts(document))


def _parts(document: dict[str, Any]) -> Iterator[str]:
    for path, methods in sorted(document["paths"].items()):
        for method, operation in sorted(methods.items()):
            summary, more = (str(operation.get(name) or "").strip() for name in ("summary", "description"))
            about = more if more.startswith(summary) else f"{summary}.\n\n{more}"
            answers = ", ".join(f"`{status}`" for status in sorted(operation.get("responses", {})))
            yield f"\n## `{method.upper()} {path}`\n\n{about}\n\nAnswers: {answers}.\n"


def main(arguments: list[str]) -> None:
    """Write the page to the file named."""
    Path(arguments[0]).write_text(endpoint_page(stated()), encoding="utf-8")


def stated() -> dict[str, Any]:
    """Return the OpenAPI document; importing the addresses registers every endpoint."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "onebasket.project.settings")
    django.setup()
    answer = Client().get("/api/v1/openapi.json")
    document: dict[str, Any] = json.loads(answer.content)
    return document


if __name__ == "__main__":
    main(sys.argv[1:])
