"""The addresses that partners push to."""

from django.urls import path

from onebasket.channels.partner.pushes import push

app_name = "partner"

urlpatterns = [path("<slug:code>/push", push, name="push")]
