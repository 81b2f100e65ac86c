"""The back office as one site: who is let in, what is on it, and where strangers are sent."""

from functools import partial
from typing import Any

from django.contrib.auth import logout
from django.contrib.auth.views import PasswordChangeView, redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.functional import SimpleLazyObject
from unfold.forms import AdminOwnPasswordChangeForm
from unfold.sites import UnfoldAdminSite

from onebasket.channels.desk import doing
from onebasket.channels.desk.admins import ADMINS
from onebasket.channels.desk.balances import balances_csv, balances_page
from onebasket.channels.desk.comparing import comparing_csv, comparing_page
from onebasket.channels.desk.dashboard import today
from onebasket.channels.desk.rights import has_anywhere, person
from onebasket.commerce.access.actions import set_password


class OwnPasswordForm(AdminOwnPasswordChangeForm):
    """Asks for the old password and twice for the new one."""

    def save(self, commit: bool = True) -> Any:  # noqa: ANN401, FBT001, FBT002 - Django's signature
        """Set it by the module's action, which leaves a trail entry."""
        del commit
        name = self.user.get_username()
        set_password(name, actor=name, password=self.cleaned_data["new_password1"])
        self.user.refresh_from_db()
        return self.user


class DeskSite(UnfoldAdminSite):
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

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Send strangers to the one log-in page that there is."""
        del extra_context
        wanted = request.GET.get("next", "")
        address = wanted if wanted.startswith("/desk/") and "//" not in wanted else reverse("desk:index")
        if self.has_permission(request):
            return HttpResponseRedirect(address)
        return redirect_to_login(address, reverse("pulse:login"))

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> Any:  # noqa: ANN401 - a list, once asked
        """Return all tables by application once somebody asks: every page gets them, and hardly any shows them."""
        return SimpleLazyObject(partial(super().get_app_list, request, app_label))

    def logout(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:  # noqa: ANN401
        """End the session; only by POST, or any page could do it."""
        del extra_context
        if request.method == "POST":
            logout(request)
        return HttpResponseRedirect(reverse("pulse:login"))

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        """Show what waits for somebody, and how the day goes."""
        page: TemplateResponse = super().index(request, {**(extra_context or {}), "groups": today(request)})
        return page

    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:  # noqa: ANN401
        """Let people change their own password, through the same action as everybody else's."""
        request.current_app = self.name
        view = PasswordChangeView.as_view(
            form_class=OwnPasswordForm,
            success_url=reverse("desk:password_change_done"),
            template_name="registration/password_change_form.html",
            extra_context={**self.each_context(request), **(extra_context or {})},
        )
        return view(request)

    def extra_urls(self) -> list[URLPattern]:
        """Add the works to the addresses."""
        work = self.admin_view(partial_view(self))
        return [
            path(
                "books/balances/", self.admin_view(partial(balances_page, site=self)), name="books_balance_changelist"
            ),
            path("books/balances/csv/", self.admin_view(balances_csv), name="books_balance_csv"),
            path(
                "partners/compared/",
                self.admin_view(partial(comparing_page, site=self)),
                name="partners_compared_changelist",
            ),
            path("partners/compared/csv/", self.admin_view(comparing_csv), name="partners_compared_csv"),
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
