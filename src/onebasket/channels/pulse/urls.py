"""Addresses of the front door, the log-in and the pulse."""

from django.contrib.auth.views import LogoutView
from django.templatetags.static import static
from django.urls import path
from django.views.generic import RedirectView

from onebasket.channels.pulse import lists, odds, tables, views

app_name = "pulse"
urlpatterns = [
    path("", views.front, name="front"),
    # Asked for by browsers on their own, wherever no page has named an icon.
    path("favicon.ico", RedirectView.as_view(url=static("onebasket/mark.svg"), permanent=True), name="icon"),
    path("login/", views.LogIn.as_view(), name="login"),
    path("logout/", LogoutView.as_view(next_page="pulse:login"), name="logout"),
    path("pulse/", views.pulse, name="pulse"),
    path("pulse/figures", views.figures, name="figures"),
    path("pulse/receipts", lists.page(tables.RECEIPTS), name="receipts"),
    path("pulse/receipts/<int:identity>", views.receipt, name="receipt"),
    path("pulse/orders", lists.page(tables.ORDERS), name="orders"),
    path("pulse/orders/<uuid:identity>", views.order, name="order"),
    path("pulse/shelves", lists.shelves, name="shelves"),
    path("pulse/shelves/<str:place_code>/<path:sku>", views.shelf, name="shelf"),
    path("pulse/places", lists.page(tables.PLACES), name="places"),
    path("pulse/breaches", lists.page(odds.BREACHES), name="breaches"),
    path("pulse/discrepancies", lists.page(odds.DISCREPANCIES), name="discrepancies"),
    path("pulse/exceptions", lists.page(odds.EXCEPTIONS), name="exceptions"),
    path("pulse/quarantine", lists.page(odds.QUARANTINE), name="quarantine"),
    path("pulse/webhooks", lists.page(odds.WEBHOOKS), name="webhooks"),
]
