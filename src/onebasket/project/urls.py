"""Every address that onebasket answers."""

from django.urls import include, path

from onebasket.channels.api import health

urlpatterns = [
    path("api/v1/", include("onebasket.channels.api.urls")),
    path("desk/", include("onebasket.channels.desk.urls")),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", health.metrics, name="metrics"),
    # The front door and the pulse page.
    path("", include("onebasket.channels.pulse.urls")),
]
