"""What is no page: the pictures of goods."""

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from onebasket.front.drawing.pictures import sprite

FOR_EVER = "public, max-age=31536000, immutable"


@require_safe
def goods(_request: HttpRequest, version: str) -> HttpResponse:
    """Serve every picture of goods in one file, named by its content."""
    if version != sprite().version:
        raise Http404
    response = HttpResponse(sprite().body, content_type="image/svg+xml")
    response["Cache-Control"] = FOR_EVER
    return response
