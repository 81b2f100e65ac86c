"""What browsers are told to refuse, and the cookies' and transport's settings."""

from typing import Any, Final

from csp.constants import NONE, SELF

STRICT_POLICY: Final[dict[str, Any]] = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "base-uri": [NONE],
        "object-src": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}
"""Nothing from another host, nothing inline, nothing framed."""

PERMISSIONS_POLICY = ", ".join(
    f"{feature}=()" for feature in ("camera", "display-capture", "geolocation", "microphone", "payment", "usb")
)
"""Browser features that no page uses."""
STORE_PERMISSIONS = PERMISSIONS_POLICY.replace("camera=()", "camera=(self)")
"""The associate's pages read codes with the camera, where the browser can."""

API_POLICY: Final = "default-src 'none'; frame-ancestors 'none'"
"""The content policy of answers that are data and no pages."""

UNREDIRECTED = [r"^healthz$", r"^readyz$", r"^metrics$"]
"""Probes come from the machine itself, over plain HTTP."""


def transport_settings(*, encrypted: bool, hsts_seconds: int, trust_proxy: bool) -> dict[str, Any]:
    """Return Django's cookie and transport settings; `encrypted` where only HTTPS is served."""
    settings: dict[str, Any] = {
        "SESSION_COOKIE_SECURE": encrypted,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "CSRF_COOKIE_SECURE": encrypted,
        "CSRF_COOKIE_SAMESITE": "Lax",
        "SECURE_SSL_REDIRECT": encrypted,
        "SECURE_REDIRECT_EXEMPT": UNREDIRECTED,
        "SECURE_HSTS_SECONDS": hsts_seconds if encrypted else 0,
        "SECURE_HSTS_INCLUDE_SUBDOMAINS": encrypted,
        "SECURE_HSTS_PRELOAD": encrypted,
        "SECURE_CONTENT_TYPE_NOSNIFF": True,
        "SECURE_REFERRER_POLICY": "same-origin",
        "SECURE_CROSS_ORIGIN_OPENER_POLICY": "same-origin",
        "X_FRAME_OPTIONS": "DENY",
    }
    if trust_proxy:
        settings["SECURE_PROXY_SSL_HEADER"] = ("HTTP_X_FORWARDED_PROTO", "https")
    return settings
