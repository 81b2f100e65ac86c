"""Response headers that depend on the address."""

from collections.abc import Callable

from csp.constants import SELF, UNSAFE_EVAL, UNSAFE_INLINE
from django.http import HttpRequest, HttpResponse

from onebasket.project.settings.security import PERMISSIONS_POLICY

DESK = "/desk/"

DESK_POLICY = {
    "script-src": [SELF, UNSAFE_EVAL],
    "style-src": [SELF, UNSAFE_INLINE],
    "img-src": [SELF, "data:"],
}
"""What the back office's Alpine and inline styles need, and nothing else."""

Handler = Callable[[HttpRequest], HttpResponse]


def desk_policy(get_response: Handler) -> Handler:
    """Loosen the content policy under `/desk/` alone. Stands after django-csp's middleware, which reads the mark."""

    def respond(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if request.path_info.startswith(DESK):
            response._csp_replace = DESK_POLICY  # type: ignore[attr-defined]  # noqa: SLF001 (django-csp's own mark)
        return response

    return respond


def permissions_policy(get_response: Handler) -> Handler:
    """Switch off the browser features that no page uses."""

    def respond(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response.headers.setdefault("Permissions-Policy", PERMISSIONS_POLICY)
        return response

    return respond
