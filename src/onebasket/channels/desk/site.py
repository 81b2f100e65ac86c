"""The back office as one site: who is let in, what is on it, and where strangers are sent."""

from functools import partial
from typing import Any

from django.contrib.auth import logout
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from unfold.sites import UnfoldAdminSite

from onebasket.channels.desk import doing
from onebasket.channels.desk.admins import ADMINS
from onebasket.channels.desk.dashboard import today
from onebasket.channels.desk.rights import has_anywhere, person


class DeskSite(UnfoldAdminSite):  # type: ignore[misc] # unfold is untyped
    """The back office."""

    site_title = "onebasket"
    site_header = "onebasket"
    index_title = "Today"
    index_template = "desk/today.html"
    enable_nav_sidebar = True
    final_catch_all_view = False

    def has_permission(self, request: HttpRequest) -> bool:
        """Let in everybody who has a role here and has not been shut out."""
        return bool(request.user.is_active) and has_anywhere(person(request), "places.read")

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponseBase:
        """Send strangers to the one log-in page that there is."""
        del extra_context
        wanted = request.GET.get("next", "")
        address = wanted if wanted.startswith("/desk/") and "//" not in wanted else reverse("desk:index")
        if self.has_permission(request):
            return HttpResponseRedirect(address)
        return redirect_to_login(address, reverse("pulse:login"))

    def logout(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponseBase:
        """End the session; only by POST, or any page could do it."""
        del extra_context
        if request.method == "POST":
            logout(request)
        return HttpResponseRedirect(reverse("pulse:login"))

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        """Show what waits for somebody, and how the day goes."""
        page: TemplateResponse = super().index(request, {**(extra_context or {}), "groups": today(request)})
        return page

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[dict[str, Any]]:
        """Return the tables that the person may read, in the module's own order of names."""
        found: list[dict[str, Any]] = super().get_app_list(request, app_label)
        return found

    def extra_urls(self) -> list[URLPattern]:
        """Add the works to the addresses."""
        work = self.admin_view(partial_view(self))
        return [
            path("find/products/", self.admin_view(doing.find_products), name="find_products"),
            path("do/<slug:slug>/", work, name="work"),
            path("do/<slug:slug>/<str:identity>/", work, name="work_on_row"),
        ]


def partial_view(site: DeskSite) -> Any:  # noqa: ANN401 - a view
    """Return the works' view of this site."""
    return partial(doing.work_page, site=site)


def build() -> DeskSite:
    """Put the site together."""
    site = DeskSite(name="desk")
    for model, admin in ADMINS.items():
        site.register(model, admin)
    return site


desk = build()
