"""The pulse's addresses alone, with what the front door looks for."""

from django.http import HttpRequest, HttpResponse
from django.urls import include, path


def elsewhere(request: HttpRequest) -> HttpResponse:
    return HttpResponse("elsewhere")


urlpatterns = [
    path("desk/", elsewhere),
    path("api/v1/docs", elsewhere),
    path("", include("onebasket.channels.pulse.urls")),
]
