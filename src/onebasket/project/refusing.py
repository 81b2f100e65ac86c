"""Forms that came without our token, answered by the channel that they were sent to."""

from django.http import HttpRequest, HttpResponseBase
from django.views.csrf import csrf_failure as plain_failure

from onebasket.channels.kiosk.frame import forbidden as kiosk_forbidden
from onebasket.channels.shop.frame import forbidden
from onebasket.project.middleware import KIOSK, SHOP


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponseBase:
    """Answer 403 in the look of the pages around the form."""
    if request.path_info.startswith(SHOP):
        return forbidden(request, reason)
    if request.path_info.startswith(KIOSK):
        return kiosk_forbidden(request, reason)
    return plain_failure(request, reason)
