"""What the demo tells at the terminal: where everything is, who signs in how, and what flows."""

from collections.abc import Iterable

from rich.console import Console
from rich.table import Table
from rich.text import Text

from onebasket.channels.demo.installing import VISITOR, Keys
from onebasket.channels.demo.preparing import Prepared
from onebasket.channels.demo.replay import Relay
from onebasket.channels.demo.shoppers import Tally
from onebasket.channels.demo.slices import ALL_STORES

ROLES = {
    "admin": "everything",
    "merchandiser": "products, prices, promotions, buffers, breaches",
    "store": "one store: picking, handing over, returns, counts, quarantine",
    "manager": "one store: as store, and pays another amount back for a return",
    "finance": "receipts, books, taxes, quarantine, audit trail",
    "reader": "looks, changes nothing",
}
PAGES = (
    ("Front door", "/"),
    ("Shop", "/shop/"),
    ("Kiosk", "/kiosk/"),
    ("Store", "/store/"),
    ("Pulse", "/pulse/"),
    ("Back office", "/desk/"),
    ("API", "/api/v1/docs"),
)


def say(console: Console, text: str) -> None:
    """Print text without breaking it into the width of a terminal that may not be there."""
    console.print(text, soft_wrap=True)


def introduce(
    console: Console, address: str, prepared: Prepared, keys: Keys, *, partners: Iterable[tuple[str, str]]
) -> None:
    """Say where everything is, with which log-ins and token, and how to stop it."""
    day = prepared.day
    stores = "all 457 stores" if day.stores == ALL_STORES else f"{day.stores} stores"
    say(console, f"\n[bold]onebasket[/] with {stores}; today began as {day.day:%A, %d %B %Y} of the data.\n")
    for title, path in PAGES:
        say(console, f"  {title:<12} [bold cyan]{address}{path}[/]")
    say(console, "\n  Partners, simulated; each has a shop of its own where a referred shopper lands:")
    for partner, place in partners:
        say(console, f"  {partner:<16} [bold cyan]{place}[/]")
    say(console, "\n  Log-ins, random for this installation:")
    console.print(_logins(keys))
    say(console, "\n  Your token for the API; this asks for a product that runs out:")
    sku = prepared.scarce[0] if prepared.scarce else prepared.busiest
    call = f'  curl -H "Authorization: Bearer {keys.tokens[VISITOR]}" "{address}/api/v1/stock/availability?sku={sku}"'
    console.print(call, soft_wrap=True, markup=False)
    say(console, "\n  [bold]Ctrl-C[/] stops everything. The next start goes on from here; --fresh begins anew.\n")


def _logins(keys: Keys) -> Table:
    table = Table(box=None, padding=(0, 2), show_header=False)
    for login in keys.logins:
        at = f" (store {', '.join(login.places)})" if login.places else ""
        table.add_row(login.username, f"[bold]{login.password}[/]", f"{ROLES.get(login.role, login.role)}{at}")
    return table


def longest(prepared: Prepared) -> str:
    """Say which steps of the load took longest; nothing where nothing was loaded."""
    parts = sorted(prepared.seconds.items(), key=lambda part: -part[1])[:3]
    return f" Longest: {'; '.join(f'{what} {seconds:.0f} s' for what, seconds in parts)}." if parts else ""


def figures(relay: Relay | None, tally: Tally | None) -> Text:
    """Return the line that shows what flows."""
    tally = tally or Tally()
    return Text(
        f"  {relay.sent if relay else 0:,} till receipts sent · web orders: {tally.placed:,} placed, "
        f"{tally.refused:,} refused, {tally.handed_over:,} handed over, {tally.cancelled:,} cancelled",
        style="dim",
    )
