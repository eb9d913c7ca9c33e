"""A web app that greets as it is told to, and counts its visitors."""

import hashlib
from datetime import timedelta

from django.conf import settings
from django.contrib.auth import get_user_model
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone

from visitors.models import Tick, Visitor


def plain(text: object) -> HttpResponse:
    return HttpResponse(str(text), content_type="text/plain; charset=utf-8")


def root(request: HttpRequest) -> HttpResponse:
    return plain(f"{settings.GREETING}, world!")


def health(request: HttpRequest) -> HttpResponse:
    return plain("ok")


def count_visitor(request: HttpRequest) -> HttpResponse:
    Visitor.objects.create(agent=request.headers.get("User-Agent", ""))
    return plain(Visitor.objects.count())


def recent_ticks(request: HttpRequest) -> JsonResponse:
    recent = Tick.objects.filter(at__gt=timezone.now() - timedelta(seconds=10))
    hosts: dict[str, list[str]] = {"scheduler": [], "worker": []}
    for service, host in recent.values_list("service", "host").distinct().order_by("host"):
        hosts[service].append(host)
    return JsonResponse(hosts)


def key(request: HttpRequest) -> HttpResponse:
    return plain(hashlib.sha256(settings.SECRET_KEY.encode()).hexdigest())


def superusers(request: HttpRequest) -> JsonResponse:
    users = get_user_model().objects.filter(is_superuser=True).order_by("username")
    return JsonResponse([user.get_username() for user in users], safe=False)


def version(request: HttpRequest) -> HttpResponse:
    Visitor.objects.values_list("agent").first()
    return plain(2)
