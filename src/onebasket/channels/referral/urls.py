"""Addresses of links to partners' pages."""

from django.urls import path, re_path

from onebasket.channels.referral.views import follow, nothing

app_name = "referral"
urlpatterns = [path("<slug:ticket>", follow, name="go"), re_path(r"^.*$", nothing, name="nothing")]
