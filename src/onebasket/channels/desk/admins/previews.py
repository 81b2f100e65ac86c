"""Previews: what a promotion would have done to last week's receipts."""

from typing import Any, ClassVar

from django.db.models import Model, Q
from django.http import HttpRequest
from django.template.response import TemplateResponse

from onebasket.channels.desk import columns
from onebasket.channels.desk.columns import Column, Row
from onebasket.channels.desk.formats import MINUS, money
from onebasket.channels.desk.rows import ReadOnlyAdmin, work_address
from onebasket.channels.desk.searching import SearchedAdmin
from onebasket.channels.desk.sections import Section, section
from onebasket.channels.desk.works.registry import BY_SLUG
from onebasket.commerce.pricing.actions.previews import figures_of
from onebasket.commerce.pricing.models import Preview
from onebasket.commerce.pricing.rules.previewing import Winner
from onebasket.commerce.sales.models import Receipt
from onebasket.kernel.identity import new_id


def _figure(title: str, name: str) -> Column:
    def draw(row: Row) -> str:
        return _money(getattr(figures_of(row), name), figures_of(row).currency)

    def state(row: Row) -> object:
        return getattr(figures_of(row), name)

    return Column(title, draw, state, numeric=True, __name__=f"n_{name}")


def _counted(title: str, name: str) -> Column:
    def draw(row: Row) -> str:
        return f"{getattr(figures_of(row), name):,}"

    def state(row: Row) -> object:
        return getattr(figures_of(row), name)

    return Column(title, draw, state, numeric=True, __name__=f"n_{name}")


class PreviewAdmin(SearchedAdmin):
    """What a promotion would have done."""

    right = "promotions.set"
    place_field = ""
    about = "Last week's receipts, priced without a promotion and with it."
    search_help_text = "Code of the promotion"
    reads_along = ("promotion",)
    row_template = "desk/preview.html"
    table: ClassVar[tuple[Column, ...]] = (
        columns.text("Promotion", "promotion.name", sort=False), columns.moment("Begun", "begun_at"),
        columns.text("By", "begun_by", sort=False), columns.number("Receipts", "done"),
        _counted("Touched", "touched"), _figure("Shoppers save", "given"),
        columns.moment("Finished", "finished_at"),
    )  # fmt: skip
    facts: ClassVar[tuple[Column, ...]] = (
        columns.related("Promotion", "promotion", say="name"), columns.moment("Receipts from", "since"),
        columns.moment("Until", "until"), columns.number("Receipts looked at", "done"),
        _counted("Receipts touched", "touched"), _counted("Of members", "members"), _counted("Units", "units"),
        _counted("Times used", "used"), _figure("They came to", "before"), _figure("They would come to", "after"),
        _figure("Shoppers save", "given"),
    )  # fmt: skip

    def sought(self, term: str) -> Q:
        """Find the previews of a promotion."""
        return Q(promotion__code__istartswith=term)

    def heading(self, row: Row) -> str:
        """Name whose it is."""
        return f"Preview of {row.promotion.name}"

    def sections(self, request: HttpRequest, row: Row) -> list[Section]:  # noqa: ARG002
        """Show who pays for it, who saves most, and on what."""
        figures = figures_of(row)

        def amount(of: Winner) -> str:
            return _money(of.saved, figures.currency)

        funders = [Winner(name, saved) for name, saved in sorted(figures.by_funder.items()) if saved]
        saved = Column("Saved", amount, lambda one: one.saved, numeric=True)
        name = Column("Name", lambda one: one.name, lambda one: one.name)
        times = Column("Times", lambda one: f"{one.times:,}", lambda one: one.times, numeric=True)
        receipt = Column("Receipt", lambda one: columns.link(one.name, _receipt(one)), lambda one: one.name)
        return [
            section("Discount given, by who pays", (name, saved), funders, empty="Nobody pays anything."),
            section("Biggest winners", (receipt, times, saved), figures.winners, empty="It touches no receipt."),
            section("Products that go down most", (name, times, saved), figures.best_products()),
        ]

    def row_view(self, request: HttpRequest, object_id: str) -> Any:  # noqa: ANN401 - Django's answers
        """Show it with how far it has come, and go on by itself until it is finished."""
        response = super().row_view(request, object_id)
        if isinstance(response, TemplateResponse):
            row, works = response.context_data["row"], BY_SLUG["advance-preview"]  # type: ignore[index] # set above
            figures = figures_of(row)
            response.context_data |= {  # type: ignore[operator] # a dict
                "go_on": "" if row.finished_at else work_address(works, row.pk),
                "key": new_id(),
                "bounded": figures.bounded,
                "bound": row.most,
            }
        return response


def _money(amount: int, currency: str) -> str:
    return str(money(amount, currency)).replace("-", MINUS)


def _receipt(winner: Winner) -> str:
    return columns.address_of(Receipt, winner.reference)


ADMINS: dict[type[Model], type[ReadOnlyAdmin]] = {Preview: PreviewAdmin}
