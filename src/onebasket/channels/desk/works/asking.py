"""Fields that several works ask for, and how what they find is named."""

from typing import Any

from django import forms
from django.urls import reverse_lazy

from onebasket.commerce.orders.models import Order
from onebasket.commerce.orders.rules.numbers import order_number


class SkuInput(forms.TextInput):
    """A field that offers products while one types: a list that htmx fills, so that it works by keyboard and touch."""

    template_name = "desk/sku_input.html"

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:  # noqa: ANN401
        """Tell the template where the products are found."""
        context = super().get_context(name, value, attrs)
        context["find"] = reverse_lazy("desk:find_products")
        return context


class SkuField(forms.CharField):
    """A product by its SKU."""

    widget = SkuInput


def sku_field(label: str, *, help_text: str = "", required: bool = True) -> SkuField:
    """Ask for a product."""
    return SkuField(label=label, max_length=64, help_text=help_text, required=required)


def place_codes(text: str) -> tuple[str, ...]:
    """Return the place codes in a text, split by commas or blanks."""
    return tuple(dict.fromkeys(text.replace(",", " ").split()))


def unknown_places(codes: tuple[str, ...], known: dict[str, Any]) -> str:
    """Say which place codes nobody knows, or nothing."""
    strange = [code for code in codes if code != "*" and code not in known]
    return f"There is no place {', '.join(strange)}." if strange else ""


def order_label(order: Order) -> str:
    """Name an order as people do."""
    return f"{order_number(order.place.code, order.number)} of {order.business_day:%-d %b}"
