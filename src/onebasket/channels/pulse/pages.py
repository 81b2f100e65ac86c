"""What every page does when there is nothing to show, or the database cannot answer."""

import logging
from collections.abc import Callable
from functools import wraps

from django.db import DatabaseError
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import render

from onebasket.channels.pulse.figures import Viewer
from onebasket.channels.pulse.live import FiguresUnavailableError

RETRY_SECONDS = 5

logger = logging.getLogger(__name__)


def answering(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Answer 404 and 503 with pages in the look of the rest; a 503 says when to come again."""

    @wraps(view)
    def answered(request: HttpRequest, viewer: Viewer, *args: object, **kwargs: object) -> HttpResponseBase:
        try:
            return view(request, viewer, *args, **kwargs)
        except Http404 as missing:
            context = {"viewer": viewer, "said": str(missing)}
            return render(request, "pulse/missing.html", context, status=404)
        except (DatabaseError, FiguresUnavailableError):
            logger.exception("A page of the pulse cannot be shown")
            response = render(request, "pulse/unavailable.html", {"viewer": viewer}, status=503)
            response["Retry-After"] = str(RETRY_SECONDS)
            return response

    return answered
