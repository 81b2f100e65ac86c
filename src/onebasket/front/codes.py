"""Codes to scan, drawn in the page itself."""

import segno
from django.utils.safestring import SafeString, mark_safe


def qr_code(text: str) -> SafeString:
    """Draw a text of ours as a QR code."""
    drawn = segno.make(text, error="m", boost_error=False)
    return mark_safe(drawn.svg_inline(scale=1, border=2, omitsize=True, svgclass="qr", lineclass=None))  # noqa: S308 - drawn from a text of ours
