"""Addresses of the shop."""

from django.urls import path, re_path

from onebasket.channels.shop.views import browsing, files, finding, odd, stores

app_name = "shop"
urlpatterns = [
    path("", browsing.front, name="front"),
    path("stores", stores.stores, name="stores"),
    path("stores/choose", stores.choose, name="choose"),
    path("language", stores.language, name="language"),
    path("departments", browsing.departments, name="departments"),
    path("d/<slug:slug>", browsing.department, name="department"),
    path("d/<slug:slug>/<slug:part>", browsing.category, name="category"),
    path("p/<slug:slug>/<path:sku>", browsing.product, name="product"),
    path("search", finding.search, name="search"),
    path("goods-<slug:version>.svg", files.goods, name="goods"),
    path("tiles/<slug:name>.<slug:hue>.svg", files.picture, name="tile"),
    path("sitemap.xml", files.sitemap, name="sitemap"),
    path("sitemap-<int:part>.xml", files.sitemap_part, name="sitemap-part"),
    re_path(r"^.*$", odd.missing, name="missing"),
]
