"""Addresses of the kiosk."""

from django.urls import path, re_path

from onebasket.channels.kiosk.views import basket, checkout, files, finding, odd, opening, paying, start

app_name = "kiosk"
urlpatterns = [
    path("", start.start, name="start"),
    path("open", opening.open_here, name="open"),
    path("leave", start.leave, name="leave"),
    path("language", start.language, name="language"),
    path("find", finding.find, name="find"),
    path("p/<path:sku>", finding.product, name="product"),
    path("o/<int:offer_id>", finding.offer, name="offer"),
    path("compare", finding.compare, name="compare"),
    path("compare/more", finding.compare_more, name="compare-more"),
    path("basket", basket.basket, name="basket"),
    path("basket/lines", basket.line, name="line"),
    path("basket/offers", basket.offer, name="basket-offer"),
    path("basket/renew", basket.renew, name="renew"),
    path("basket/card", basket.card, name="card"),
    path("basket/phone", basket.take_home, name="take-home"),
    path("basket/phone/state", basket.phone_state, name="phone-state"),
    path("basket/phone/gone", basket.gone, name="gone"),
    path("checkout", checkout.checkout, name="checkout"),
    path("checkout/slot", checkout.slot, name="slot"),
    path("checkout/slot/take", checkout.take_slot, name="take-slot"),
    path("pay", paying.pay, name="pay"),
    path("done", paying.done, name="done"),
    path("goods-<slug:version>.svg", files.goods, name="goods"),
    re_path(r"^.*$", odd.missing, name="missing"),
]
