"""How a page of the store is shown: with who works where, and what was said last."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from onebasket.channels.store.asking import new_key
from onebasket.channels.store.associate import Associate


def show(
    request: HttpRequest, who: Associate, name: str, context: dict[str, object], *, status: int = 200
) -> HttpResponse:
    """Show a page, with a key for its forms."""
    return render(request, f"store/{name}.html", {"who": who, "key": new_key(), **context}, status=status)


def say(request: HttpRequest, text: str, *, good: bool = True) -> None:
    """Say something on the next page."""
    messages.add_message(request, messages.SUCCESS if good else messages.WARNING, text)
