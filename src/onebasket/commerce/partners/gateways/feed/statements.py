"""Statements of commission as CSV: each row is one line of the partner's, as it stands on that day."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path

from onebasket.commerce.partners.gateways.feed.columns import FeedMapping, find_columns
from onebasket.commerce.partners.gateways.feed.opening import CUT_ERRORS, Opened, open_text
from onebasket.commerce.partners.gateways.feed.tables import Table
from onebasket.commerce.partners.gateways.feed.texts import parse_count, parse_latest, parse_price
from onebasket.commerce.partners.gateways.feed.unfit import BadFieldError, Row, odd
from onebasket.commerce.partners.rules.port import CommissionStated, OddItem
from onebasket.kernel.money import scale_exactly

NAMES: dict[str, tuple[str, ...]] = {
    "key": ("key", "line_id"),
    "order": ("order", "order_id"),
    "status": ("status",),
    "currency": ("currency",),
    "amount": ("amount", "order_amount"),
    "commission": ("commission",),
    "rate": ("rate", "commission_rate"),
    "click": ("click", "click_id"),
    "ours": ("ours",),
    "reference": ("reference", "product_id"),
    "quantity": ("quantity",),
    "bought_at": ("bought_at",),
    "changed_at": ("changed_at",),
    "reason": ("reason",),
}
"""Fields of a statement, with the names under which they are found where no mapping says another."""
NEEDED = ("order", "status", "commission")
LONGEST = 64
MOST_CLICKS = 1_000
"""Characters of click ids: a partner may give several back, and they are only looked up."""
_PERCENT_DECIMALS = 4


class Statement:
    """A statement that is open. `cut` says so, after its last line, where the file ended before its end."""

    def __init__(self, opened: Opened, mapping: FeedMapping | None, currency: str) -> None:
        """Read the heading."""
        self._opened, self._mapping, self._currency = opened, mapping, currency
        delimiter, quote = (mapping.delimiter, mapping.quote) if mapping else ("", '"')
        self._table = Table(opened.text, delimiter=delimiter, quote=quote)
        self._columns = find_columns(self._table.header, mapping, names=NAMES, needed=NEEDED)
        self._made: dict[str, int] = {}
        """Keys that were made of order and reference, and a hash of what was first stated under each."""
        self.cut = ""

    def lines(self) -> Iterator[CommissionStated | OddItem]:
        """Yield each line as stated, or as odd where it cannot be read."""
        try:
            for row in self._table.rows():
                yield row if isinstance(row, OddItem) else self._line(row)
        except CUT_ERRORS as error:
            self.cut = f"The packed file is broken or was cut: {error}."
        else:
            self.cut = self._table.cut

    def position(self) -> int:
        """Return how many bytes of the file have been read."""
        return self._opened.position()

    def _line(self, row: Row) -> CommissionStated | OddItem:
        if self._opened.broken.search(row.text):
            return odd("", "encoding", f"It holds bytes that are not {self._opened.encoding}.", row.text)
        texts = dict(self._mapping.constants) if self._mapping else {}
        texts |= {field: text for field, index in self._columns.items() if (text := row.cells[index].strip())}
        for field, known in (self._mapping.values if self._mapping else {}).items():
            if field in texts:
                texts[field] = known.get(texts[field], texts[field])
        try:
            line = self._stated(texts)
        except BadFieldError as error:
            return odd(texts.get("order", ""), error.reason, error.explanation, row.text)
        is_another = "key" not in texts and self._made.setdefault(line.key, hash(line)) != hash(line)
        return _doubled(line, row) if is_another else line

    def _stated(self, texts: Mapping[str, str]) -> CommissionStated:
        get = texts.get
        for field in NEEDED:
            if not get(field):
                raise BadFieldError("missing", f"It states no {field}.")
        currency = get("currency") or self._currency
        amount, currency = self._amount(get("amount") or "0", currency)
        commission, paid_in = self._amount(texts["commission"], currency)
        if paid_in != currency:
            raise BadFieldError("bad_price", f"The commission is in {paid_in}, the amount in {currency}.")
        return CommissionStated(
            key=_name(get("key") or "/".join(filter(None, (texts["order"], get("reference")))), "key"),
            order=_name(texts["order"], "order"),
            status=_name(texts["status"], "status"),
            currency=currency,
            amount=amount,
            commission=commission,
            rate=_rate(get("rate", "")),
            click=_name(get("click", ""), "click", MOST_CLICKS),
            ours=_name(get("ours", ""), "ours"),
            reference=_name(get("reference", ""), "reference"),
            quantity=parse_count(get("quantity", "1"), "quantity"),
            bought_at=parse_latest(texts["bought_at"], "bought_at") if get("bought_at") else None,
            changed_at=parse_latest(texts["changed_at"], "changed_at") if get("changed_at") else None,
            reason=get("reason", ""),
        )

    def _amount(self, text: str, currency: str) -> tuple[int, str]:
        decimal, thousands = (self._mapping.decimal, self._mapping.thousands) if self._mapping else (".", "")
        return parse_price(text, currency, decimal=decimal, thousands=thousands)


@contextmanager
def open_statement(path: Path, *, mapping: FeedMapping | None = None, currency: str = "") -> Iterator[Statement]:
    """Open a statement; `currency` is that of amounts that name none. A mapping names fields of `NAMES`.

    Raises:
        UnfitFileError: it is no table, or its heading lacks what is needed.
    """
    with open_text(path, encoding=mapping.encoding if mapping else "") as opened:
        yield Statement(opened, mapping, currency)


def _doubled(line: CommissionStated, row: Row) -> OddItem:
    """Return a row that would take the place of another; named after its content, each is kept by itself."""
    mark = blake2b(row.text.rstrip().encode("utf-8", "backslashreplace"), digest_size=6).hexdigest()
    said = (
        f"Another row of this file has the same order and reference ({line.key}) and states otherwise; this one waits."
        " State a column `key` that names each line; where both rows are one line, map `key` to the order's column."
    )
    return odd(f"{line.key}#{mark}", "key_doubled", said, row.text)


def _name(text: str, what: str, most: int = LONGEST) -> str:
    if len(text) > most or not (text.isprintable() or not text):
        raise BadFieldError("bad_value", f"{what}: {text[:80]!r} is longer than {most} characters, or unreadable.")
    return text


def _rate(text: str) -> int | None:
    """Return parts per million of a percentage such as "7" or "7.5%"; with up to four decimals."""
    if not text:
        return None
    try:
        return scale_exactly(text.removesuffix("%"), _PERCENT_DECIMALS)
    except ValueError as error:
        raise BadFieldError("bad_number", f"The rate {text[:40]!r} is no percentage: {error}.") from error
