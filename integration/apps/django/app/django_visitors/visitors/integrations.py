"""What the app does with integrations other than its database. Each is there when the charm says so, by variables."""

import os
from collections.abc import Callable
from functools import cache, wraps

import boto3
import pika
import redis
import requests
from authlib.integrations.django_client import OAuth
from botocore.config import Config
from django.core.mail import EmailMessage
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

QUEUE = "visitors"
View = Callable[..., HttpResponse]

oauth = OAuth()

if "DJANGO_OIDC_CLIENT_ID" in os.environ:
    oauth.register(
        "oidc",
        client_id=os.environ["DJANGO_OIDC_CLIENT_ID"],
        client_secret=os.environ["DJANGO_OIDC_CLIENT_SECRET"],
        server_metadata_url=f"{os.environ['DJANGO_OIDC_API_BASE_URL']}/.well-known/openid-configuration",
        client_kwargs={"scope": os.environ["DJANGO_OIDC_SCOPES"]},
    )


def plain(content: str | bytes, status: int = 200) -> HttpResponse:
    return HttpResponse(content, content_type="text/plain; charset=utf-8", status=status)


def needs(integration: str, *variables: str) -> Callable[[View], View]:
    """The view answers only where one of the variables is set."""

    def decorate(view: View) -> View:
        @wraps(view)
        def checked(request: HttpRequest, *args: str, **kwargs: str) -> HttpResponse:
            if not any(variable in os.environ for variable in variables):
                return plain(f"no {integration} integration: {variables[0]} is not set", status=503)
            return view(request, *args, **kwargs)

        return csrf_exempt(checked)

    return decorate


@cache
def cache_client() -> redis.Redis:
    url = os.environ.get("REDIS_DB_CONNECT_STRING")
    if url is None:
        # Valkey speaks the same protocol.
        url = os.environ["VALKEY_DB_CONNECT_STRING"].replace("valkey", "redis", 1)
    return redis.Redis.from_url(url)


@needs("redis or valkey", "REDIS_DB_CONNECT_STRING", "VALKEY_DB_CONNECT_STRING")
@require_http_methods(["GET", "PUT"])
def cached(request: HttpRequest, key: str) -> HttpResponse:
    if request.method == "PUT":
        cache_client().set(key, request.body)
        return plain("stored")
    value = cache_client().get(key)
    if value is None:
        raise Http404
    return plain(value)


@cache
def bucket():
    s3 = boto3.resource(
        "s3",
        aws_access_key_id=os.environ["S3_ACCESS_KEY"],
        aws_secret_access_key=os.environ["S3_SECRET_KEY"],
        endpoint_url=os.environ.get("S3_ENDPOINT"),
        region_name=os.environ.get("S3_REGION"),
        config=Config(s3={"addressing_style": os.environ.get("S3_ADDRESSING_STYLE", "auto")}),
    )
    return s3.Bucket(os.environ["S3_BUCKET"])


@needs("s3", "S3_BUCKET")
@require_http_methods(["GET", "PUT"])
def stored(request: HttpRequest, name: str) -> HttpResponse:
    if request.method == "PUT":
        bucket().put_object(Key=name, Body=request.body)
        return plain("stored")
    return plain(bucket().Object(name).get()["Body"].read())


def channel() -> pika.adapters.blocking_connection.BlockingChannel:
    connection = pika.BlockingConnection(pika.URLParameters(os.environ["RABBITMQ_CONNECT_STRING"]))
    channel = connection.channel()
    channel.queue_declare(QUEUE, durable=True)
    return channel


@needs("rabbitmq", "RABBITMQ_CONNECT_STRING")
@require_http_methods(["GET", "POST"])
def messages(request: HttpRequest) -> HttpResponse:
    with channel() as queue:
        if request.method == "POST":
            queue.basic_publish(exchange="", routing_key=QUEUE, body=request.body)
            return plain("queued")
        method, _, body = queue.basic_get(QUEUE, auto_ack=True)
    return HttpResponse(status=204) if method is None else plain(body)


@needs("smtp", "SMTP_HOST")
@require_http_methods(["POST"])
def mail(request: HttpRequest) -> HttpResponse:
    EmailMessage("From django-visitors", request.body.decode(), to=[request.GET["to"]]).send()
    return plain("sent")


@needs("oidc", "DJANGO_OIDC_CLIENT_ID")
def login(request: HttpRequest) -> HttpResponse:
    return oauth.oidc.authorize_redirect(request, f"{os.environ['DJANGO_BASE_URL'].rstrip('/')}/callback")


@needs("oidc", "DJANGO_OIDC_CLIENT_ID")
def callback(request: HttpRequest) -> HttpResponse:
    request.session["email"] = oauth.oidc.authorize_access_token(request)["userinfo"]["email"]
    return plain("logged in")


def me(request: HttpRequest) -> HttpResponse:
    if "email" not in request.session:
        return plain("not logged in", status=401)
    return plain(request.session["email"])


@needs("http-proxy", "HTTP_PROXY")
def through(request: HttpRequest) -> HttpResponse:
    # The client goes through the proxy by itself.
    return plain(requests.get(request.GET["url"], timeout=10).text)


urls = [
    path("cache/<str:key>", cached),
    path("callback", callback),
    path("login", login),
    path("mail", mail),
    path("me", me),
    path("messages", messages),
    path("objects/<str:name>", stored),
    path("through", through),
]
