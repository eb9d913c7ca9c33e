"""What the app does with integrations other than its database. Each is there when the charm says so, by variables."""

import os
import smtplib
from email.message import EmailMessage
from functools import cache
from typing import Annotated

import boto3
import httpx
import pika
import redis
from authlib.integrations.starlette_client import OAuth
from botocore.config import Config
from fastapi import APIRouter, Body, FastAPI, HTTPException, Request, Response
from fastapi.responses import PlainTextResponse
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from starlette.middleware.sessions import SessionMiddleware

QUEUE = "visitors"

router = APIRouter(default_response_class=PlainTextResponse)
oauth = OAuth()

Text = Annotated[bytes, Body(media_type="text/plain")]


def add_to(app: FastAPI) -> None:
    app.include_router(router)
    app.add_middleware(SessionMiddleware, secret_key=os.environ["APP_SECRET_KEY"])
    if "OTEL_EXPORTER_OTLP_ENDPOINT" in os.environ:
        # Endpoint and service name are the SDK's own variables.
        provider = TracerProvider()
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        trace.set_tracer_provider(provider)
        FastAPIInstrumentor.instrument_app(app)
    if "APP_OIDC_CLIENT_ID" in os.environ:
        oauth.register(
            "oidc",
            client_id=os.environ["APP_OIDC_CLIENT_ID"],
            client_secret=os.environ["APP_OIDC_CLIENT_SECRET"],
            server_metadata_url=f"{os.environ['APP_OIDC_API_BASE_URL']}/.well-known/openid-configuration",
            client_kwargs={"scope": os.environ["APP_OIDC_SCOPES"]},
        )


def needed(variable: str, integration: str) -> str:
    if variable not in os.environ:
        raise HTTPException(503, f"no {integration} integration: {variable} is not set")
    return os.environ[variable]


@cache
def cache_client() -> redis.Redis:
    url = os.environ.get("REDIS_DB_CONNECT_STRING")
    if url is None:
        # Valkey speaks the same protocol.
        url = needed("VALKEY_DB_CONNECT_STRING", "redis or valkey").replace("valkey", "redis", 1)
    return redis.Redis.from_url(url)


@router.put("/cache/{key}")
def put_into_cache(key: str, value: Text = b"") -> str:
    cache_client().set(key, value)
    return "stored"


@router.get("/cache/{key}")
def get_from_cache(key: str) -> Response:
    value = cache_client().get(key)
    if value is None:
        raise HTTPException(404)
    return PlainTextResponse(value)


@cache
def bucket():
    name = needed("S3_BUCKET", "s3")
    s3 = boto3.resource(
        "s3",
        aws_access_key_id=os.environ["S3_ACCESS_KEY"],
        aws_secret_access_key=os.environ["S3_SECRET_KEY"],
        endpoint_url=os.environ.get("S3_ENDPOINT"),
        region_name=os.environ.get("S3_REGION"),
        config=Config(s3={"addressing_style": os.environ.get("S3_ADDRESSING_STYLE", "auto")}),
    )
    return s3.Bucket(name)


@router.put("/objects/{name}")
def put_object(name: str, content: Text = b"") -> str:
    bucket().put_object(Key=name, Body=content)
    return "stored"


@router.get("/objects/{name}")
def get_object(name: str) -> Response:
    return PlainTextResponse(bucket().Object(name).get()["Body"].read())


def channel() -> pika.adapters.blocking_connection.BlockingChannel:
    connection = pika.BlockingConnection(pika.URLParameters(needed("RABBITMQ_CONNECT_STRING", "rabbitmq")))
    channel = connection.channel()
    channel.queue_declare(QUEUE, durable=True)
    return channel


@router.post("/messages")
def publish(message: Text = b"") -> str:
    with channel() as queue:
        queue.basic_publish(exchange="", routing_key=QUEUE, body=message)
    return "queued"


@router.get("/messages")
def consume() -> Response:
    with channel() as queue:
        method, _, body = queue.basic_get(QUEUE, auto_ack=True)
    return Response(status_code=204) if method is None else PlainTextResponse(body)


@router.post("/mail")
def send_mail(to: str, text: Text = b"") -> str:
    message = EmailMessage()
    message["Subject"] = "From fastapi-visitors"
    message["From"] = "fastapi-visitors@example.com"
    message["To"] = to
    message.set_content(text.decode())
    host, port = needed("SMTP_HOST", "smtp"), int(os.environ["SMTP_PORT"])
    security = os.environ.get("SMTP_TRANSPORT_SECURITY")
    with (smtplib.SMTP_SSL if security == "tls" else smtplib.SMTP)(host, port) as smtp:
        if security == "starttls":
            smtp.starttls()
        if "SMTP_USER" in os.environ:
            smtp.login(os.environ["SMTP_USER"], os.environ["SMTP_PASSWORD"])
        smtp.send_message(message)
    return "sent"


@router.get("/login")
async def login(request: Request) -> Response:
    needed("APP_OIDC_CLIENT_ID", "oidc")
    return await oauth.oidc.authorize_redirect(request, f"{os.environ['APP_BASE_URL'].rstrip('/')}/callback")


@router.get("/callback")
async def callback(request: Request) -> str:
    needed("APP_OIDC_CLIENT_ID", "oidc")
    token = await oauth.oidc.authorize_access_token(request)
    request.session["email"] = token["userinfo"]["email"]
    return "logged in"


@router.get("/me")
def me(request: Request) -> str:
    if "email" not in request.session:
        raise HTTPException(401)
    return request.session["email"]


@router.get("/through")
def through(url: str) -> str:
    needed("HTTP_PROXY", "http-proxy")
    # The client goes through the proxy by itself.
    return httpx.get(url, timeout=10).text


async def openfga(method: str, path: str, json: dict | None = None) -> dict:
    url, store = needed("FGA_HTTP_API_URL", "openfga"), os.environ["FGA_STORE_ID"]
    async with httpx.AsyncClient(trust_env=False, headers={"Authorization": f"Bearer {os.environ['FGA_TOKEN']}"}) as client:
        answer = await client.request(method, f"{url}/stores/{store}/{path}", json=json)
        answer.raise_for_status()
        return answer.json()


MODEL = {
    "schema_version": "1.1",
    "type_definitions": [
        {"type": "user"},
        {
            "type": "page",
            "relations": {"reader": {"this": {}}},
            "metadata": {"relations": {"reader": {"directly_related_user_types": [{"type": "user"}]}}},
        },
    ],
}


async def model() -> None:
    if not (await openfga("GET", "authorization-models"))["authorization_models"]:
        await openfga("POST", "authorization-models", MODEL)


def relationship(user: str, relation: str, object: str) -> dict:
    return {"user": f"user:{user}", "relation": relation, "object": f"page:{object}"}


@router.put("/allowed")
async def allow(user: str, relation: str, object: str) -> str:
    await model()
    await openfga("POST", "write", {"writes": {"tuple_keys": [relationship(user, relation, object)]}})
    return "allowed"


@router.get("/allowed")
async def is_allowed(user: str, relation: str, object: str) -> str:
    await model()
    answer = await openfga("POST", "check", {"tuple_key": relationship(user, relation, object)})
    return "yes" if answer.get("allowed") else "no"
