"""The page of a work: what it will do, its form, and what came of it."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from onebasket.channels.desk.columns import page_of
from onebasket.channels.desk.rights import has_anywhere, has_at, person
from onebasket.channels.desk.works.registry import BY_SLUG
from onebasket.channels.desk.works.work import Asked, Done, Refused, Work, WorkForm
from onebasket.commerce.catalogue.queries import search_products
from onebasket.kernel.identity import new_id

SENT_BEFORE = "desk_forms_done"
MOST_REMEMBERED = 50
MOST_FOUND = 12


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def work_page(request: HttpRequest, *, site: AdminSite, slug: str, identity: str | None = None) -> HttpResponse:
    """Ask for what a work needs, and do it on POST."""
    work = BY_SLUG.get(slug)
    if work is None or work.on_row is (identity is None):
        raise Http404
    user = person(request)
    if not has_anywhere(user, work.right):
        raise PermissionDenied
    admin: Any = site.get_model_admin(work.model)
    row = None if identity is None else admin.find(request, identity)
    if row is not None and not has_at(user, work.right, work.places_of(row)):
        raise Http404
    if row is not None and not work.is_offered(row):
        messages.warning(request, f"{work.label}: this is not open to it any more. Nothing was changed.")
        return HttpResponseRedirect(page_of(row))
    if request.method != "POST":
        form = work.form(row=row, user=user, initial=work.initial(row, _query(request)))
        return _page(request, site=site, work=work, form=form, key=str(new_id()))
    return _do(request, site=site, work=work, row=row)


def _do(request: HttpRequest, *, site: AdminSite, work: Work, row: Model | None) -> HttpResponse:
    user = person(request)
    key = _form_key(request)
    back = page_of(row) if row is not None else list_address(work)
    if key in request.session.get(SENT_BEFORE, []):
        messages.info(request, "This form was sent before. It was done once.")
        return HttpResponseRedirect(back)
    form = work.form(request.POST, row=row, user=user)
    if not form.is_valid():
        return _page(request, site=site, work=work, form=form, key=key)
    result = work.perform(Asked(user, key, row, form.cleaned_data))
    if isinstance(result, Refused):
        form.add_error(result.field if result.field in form.fields else None, result.message)
        return _page(request, site=site, work=work, form=form, key=key)
    request.session[SENT_BEFORE] = [*request.session.get(SENT_BEFORE, []), key][-MOST_REMEMBERED:]
    return _tell(request, result, site=site, work=work, back=result.address or back)


def _tell(request: HttpRequest, done: Done, *, site: AdminSite, work: Work, back: str) -> HttpResponse:
    if done.secret:
        context = {**site.each_context(request), "title": work.label, "done": done, "back": back}
        request.current_app = site.name
        response = TemplateResponse(request, "desk/secret.html", context)
        response["Cache-Control"] = "no-store"
        return response
    tell = messages.warning if done.warn else messages.success
    tell(request, done.message)
    return HttpResponseRedirect(back)


def _page(request: HttpRequest, *, site: AdminSite, work: Work, form: WorkForm, key: str) -> HttpResponse:
    row = form.row
    admin: Any = site.get_model_admin(work.model)
    context = {
        **site.each_context(request),
        "title": work.label if row is None else f"{work.label}: {admin.heading(row)}",
        "work": work,
        "form": form,
        "key": key,
        "back": list_address(work) if row is None else page_of(row),
        "facts": [] if row is None else admin.shown(row),
        "texts": [] if row is None else admin.texts(row),
    }
    request.current_app = site.name
    return TemplateResponse(request, "desk/work.html", context)


def list_address(work: Work) -> str:
    """Return the address of the list that a work belongs to."""
    return reverse(f"desk:{work.model._meta.label_lower.replace('.', '_')}_changelist")  # noqa: SLF001


def _query(request: HttpRequest) -> Mapping[str, str]:
    return {name: request.GET[name][:120] for name in request.GET}


def _form_key(request: HttpRequest) -> str:
    """Return the form's own key; one that is none is replaced, so that nobody chooses what is booked under."""
    try:
        return str(UUID(request.POST.get("key", "")))
    except ValueError:
        return str(new_id())


@require_safe
def find_products(request: HttpRequest) -> HttpResponse:
    """Offer products for what is typed so far, as the options of a list."""
    if not has_anywhere(person(request), "catalogue.read"):
        raise PermissionDenied
    typed = str(next(iter(request.GET.values()), ""))[:120]
    found = search_products(typed, MOST_FOUND) if len(typed) > 1 else []
    return TemplateResponse(request, "desk/products.html", {"products": found})
