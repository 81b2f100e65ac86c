"""Addresses of the shop."""

from django.urls import path, re_path

from onebasket.channels.shop.views import (
    basket,
    browsing,
    checkout,
    files,
    finding,
    odd,
    orders,
    paying,
    stores,
    taking,
)

app_name = "shop"
urlpatterns = [
    path("", browsing.front, name="front"),
    path("stores", stores.stores, name="stores"),
    path("stores/choose", stores.choose, name="choose"),
    path("language", stores.language, name="language"),
    path("departments", browsing.departments, name="departments"),
    path("offers", browsing.offer_page, name="offers"),
    path("d/<slug:slug>", browsing.department, name="department"),
    path("d/<slug:slug>/<slug:part>", browsing.category, name="category"),
    path("p/<slug:slug>/<path:sku>", browsing.product, name="product"),
    path("search", finding.search, name="search"),
    path("search/suggestions", finding.suggestions, name="suggestions"),
    path("goods-<slug:version>.svg", files.goods, name="goods"),
    path("tiles/<slug:name>.<slug:hue>.svg", files.picture, name="tile"),
    path("sitemap.xml", files.sitemap, name="sitemap"),
    path("sitemap-<int:part>.xml", files.sitemap_part, name="sitemap-part"),
    path("basket", basket.basket, name="basket"),
    path("basket/lines", basket.line, name="line"),
    path("basket/offers", basket.offer, name="basket-offer"),
    path("basket/renew", basket.renew, name="renew"),
    path("basket/empty", basket.empty, name="empty"),
    path("basket/coupons", basket.coupons, name="coupons"),
    path("basket/card", basket.card, name="card"),
    path("basket/take/<slug:secret>", taking.take, name="take"),
    path("checkout", checkout.checkout, name="checkout"),
    path("checkout/slot", checkout.slot, name="slot"),
    path("checkout/slot/take", checkout.take_slot, name="take-slot"),
    path("orders", orders.orders, name="orders"),
    path("orders/<slug:secret>", orders.order, name="order"),
    path("orders/<slug:secret>/pay", paying.pay, name="pay"),
    path("orders/<slug:secret>/receipt", orders.receipt, name="receipt"),
    path("orders/<slug:secret>/cancel", orders.cancel, name="cancel"),
    path("orders/<slug:secret>/change", orders.change, name="change"),
    re_path(r"^.*$", odd.missing, name="missing"),
]
