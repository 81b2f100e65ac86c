"""What links begin with that leave a page for a phone: codes that are scanned, texts that are sent."""

from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest


def our_address(request: HttpRequest) -> str:
    """Return scheme and host of ours, without a slash at the end.

    In production as it is set, whatever name a machine in the store calls us by; on a trial as this page was asked for.
    """
    stated = settings.ADDRESS if settings.ENVIRONMENT.is_production else ""
    scheme, host = urlsplit(stated or request.build_absolute_uri("/"))[:2]
    return f"{scheme}://{host}"
