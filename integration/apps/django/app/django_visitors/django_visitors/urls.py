"""Which view answers what."""

from django.urls import path

from visitors import integrations, views

urlpatterns = [
    path("", views.root),
    path("health", views.health),
    path("key", views.key),
    path("superusers", views.superusers),
    path("ticks", views.recent_ticks),
    path("version", views.version),
    path("visitors", views.count_visitor),
    *integrations.urls,
]
