"""Addresses of the back office."""

from django.urls import path

from onebasket.channels.desk.site import desk

urlpatterns = [path("", desk.urls)]
