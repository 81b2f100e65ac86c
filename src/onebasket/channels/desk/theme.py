"""How the back office looks: django-unfold's settings, read by the project's settings before any model is loaded."""

from typing import Any

LEAF = {
    "50": "#eefaf3", "100": "#e4f4ec", "200": "#c2e6d2", "300": "#8fd3af", "400": "#5fd39f", "500": "#3ecf8e",
    "600": "#0b7a4b", "700": "#096640", "800": "#08512f", "900": "#12301f", "950": "#06281a",
}  # fmt: skip
PAPER = {
    "50": "#fbfcfa", "100": "#f1f5f2", "200": "#e3e8e4", "300": "#c9d2cc", "400": "#93a198", "500": "#54635b",
    "600": "#3f4c45", "700": "#33403a", "800": "#25302a", "900": "#151d19", "950": "#0e1411",
}  # fmt: skip

UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "onebasket",
    "SITE_HEADER": "onebasket",
    "SITE_SUBHEADER": "Back office",
    "SITE_URL": "/pulse/",
    "SITE_SYMBOL": "shopping_basket",
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": "/static/onebasket/desk.svg"}],
    "SHOW_HISTORY": False,
    "SHOW_VIEW_ON_SITE": True,
    "BORDER_RADIUS": "8px",
    "COLORS": {"base": PAPER, "primary": LEAF},
    "STYLES": ["/static/onebasket/desk.css"],
    "ACCOUNT": {"navigation": "onebasket.channels.desk.sidebar.account"},
    "SIDEBAR": {"show_search": False, "navigation": "onebasket.channels.desk.sidebar.navigation"},
}
