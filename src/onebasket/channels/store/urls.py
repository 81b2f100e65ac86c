"""The addresses of the associate's pages."""

from django.urls import path

from onebasket.channels.store.views import handing, looking, part_returning, picking, queue, returning

app_name = "store"

urlpatterns = [
    path("", queue.front, name="front"),
    path("places", queue.places, name="places"),
    path("orders/<uuid:order_id>", picking.order, name="order"),
    path("orders/<uuid:order_id>/scan", picking.scan, name="scan"),
    path("orders/<uuid:order_id>/line", picking.line, name="line"),
    path("orders/<uuid:order_id>/finish", picking.finish, name="finish"),
    path("orders/<uuid:order_id>/stage", picking.stage, name="stage"),
    path("orders/<uuid:order_id>/put-back", picking.put_back, name="put-back"),
    path("scan", looking.look, name="look"),
    path("scan/offers/<int:offer_id>", looking.refer, name="refer"),
    path("hand-over", handing.find, name="hand-over"),
    path("hand-over/<uuid:order_id>", handing.hand_over, name="handing"),
    path("returns", returning.find, name="returns"),
    path("returns/part/<uuid:part_id>", part_returning.take, name="take-part-back"),
    path("returns/<str:kind>/<path:reference>", returning.take, name="take-back"),
]
