"""Every address that onebasket answers."""

from django.urls import include, path
from django.views.i18n import set_language

from onebasket.channels.api.health import healthz, metrics, readyz
from onebasket.channels.shop.views.files import robots

urlpatterns = [
    path("api/v1/", include("onebasket.channels.api.urls")),
    path("shop/", include("onebasket.channels.shop.urls")),
    path("kiosk/", include("onebasket.channels.kiosk.urls")),
    path("store/", include("onebasket.channels.store.urls")),
    path("partner/", include("onebasket.channels.partner.urls")),
    path("account/", include("onebasket.channels.account.urls")),
    path("go/", include("onebasket.channels.referral.urls")),
    # Keeps the language that somebody chose at the foot of a page outside the shop.
    path("language", set_language, name="language"),
    path("robots.txt", robots, name="robots"),
    path("desk/", include("onebasket.channels.desk.urls")),
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("metrics", metrics, name="metrics"),
    # The front door and the pulse page.
    path("", include("onebasket.channels.pulse.urls")),
]
