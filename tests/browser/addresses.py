"""The pulse's addresses alone, with what the front door looks for."""

from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from django.views.i18n import set_language


def elsewhere(request: HttpRequest) -> HttpResponse:
    return HttpResponse("elsewhere")


urlpatterns = [
    path("desk/", elsewhere),
    path("api/v1/docs", elsewhere),
    path("language", set_language, name="language"),
    path("", include("onebasket.channels.pulse.urls")),
]
