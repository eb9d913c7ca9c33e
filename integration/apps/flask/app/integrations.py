"""What the app does with integrations other than its database. Each is there when the charm says so, by variables."""

import os
import smtplib
from email.message import EmailMessage
from functools import cache

import boto3
import flask
import pika
import redis
import requests
from authlib.integrations.flask_client import OAuth
from botocore.config import Config
from opentelemetry.instrumentation.flask import FlaskInstrumentor

QUEUE = "visitors"

routes = flask.Blueprint("integrations", __name__)
oauth = OAuth()


def add_to(app: flask.Flask) -> None:
    app.register_blueprint(routes)
    if "OTEL_EXPORTER_OTLP_ENDPOINT" in os.environ:
        FlaskInstrumentor().instrument_app(app)
    if "FLASK_OIDC_CLIENT_ID" in os.environ:
        # Authlib reads client id, secret and URLs from the app's config, which has all variables that start with FLASK_.
        oauth.init_app(app)
        oauth.register("oidc", server_metadata_url=f"{app.config['OIDC_API_BASE_URL']}/.well-known/openid-configuration")


def needed(variable: str, integration: str) -> str:
    if variable not in os.environ:
        flask.abort(flask.Response(f"no {integration} integration: {variable} is not set", status=503))
    return os.environ[variable]


@cache
def cache_client() -> redis.Redis:
    url = os.environ.get("REDIS_DB_CONNECT_STRING")
    if url is None:
        # Valkey speaks the same protocol.
        url = needed("VALKEY_DB_CONNECT_STRING", "redis or valkey").replace("valkey", "redis", 1)
    return redis.Redis.from_url(url)


@routes.put("/cache/<key>")
def put_into_cache(key: str) -> str:
    cache_client().set(key, flask.request.get_data())
    return "stored"


@routes.get("/cache/<key>")
def get_from_cache(key: str) -> bytes:
    value = cache_client().get(key)
    if value is None:
        flask.abort(404)
    return value


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


@routes.put("/objects/<name>")
def put_object(name: str) -> str:
    bucket().put_object(Key=name, Body=flask.request.get_data())
    return "stored"


@routes.get("/objects/<name>")
def get_object(name: str) -> bytes:
    return bucket().Object(name).get()["Body"].read()


def channel() -> pika.adapters.blocking_connection.BlockingChannel:
    connection = pika.BlockingConnection(pika.URLParameters(needed("RABBITMQ_CONNECT_STRING", "rabbitmq")))
    channel = connection.channel()
    channel.queue_declare(QUEUE, durable=True)
    return channel


@routes.post("/messages")
def publish() -> str:
    with channel() as queue:
        queue.basic_publish(exchange="", routing_key=QUEUE, body=flask.request.get_data())
    return "queued"


@routes.get("/messages")
def consume() -> tuple[bytes, int]:
    with channel() as queue:
        method, _, body = queue.basic_get(QUEUE, auto_ack=True)
    return (b"", 204) if method is None else (body, 200)


@routes.post("/mail")
def send_mail() -> str:
    message = EmailMessage()
    message["Subject"] = "From flask-visitors"
    message["From"] = "flask-visitors@example.com"
    message["To"] = flask.request.args["to"]
    message.set_content(flask.request.get_data(as_text=True))
    host, port = needed("SMTP_HOST", "smtp"), int(os.environ["SMTP_PORT"])
    security = os.environ.get("SMTP_TRANSPORT_SECURITY")
    with (smtplib.SMTP_SSL if security == "tls" else smtplib.SMTP)(host, port) as smtp:
        if security == "starttls":
            smtp.starttls()
        if "SMTP_USER" in os.environ:
            smtp.login(os.environ["SMTP_USER"], os.environ["SMTP_PASSWORD"])
        smtp.send_message(message)
    return "sent"


@routes.get("/login")
def login() -> flask.Response:
    needed("FLASK_OIDC_CLIENT_ID", "oidc")
    return oauth.oidc.authorize_redirect(f"{os.environ['FLASK_BASE_URL'].rstrip('/')}/callback")


@routes.get("/callback")
def callback() -> str:
    flask.session["email"] = oauth.oidc.authorize_access_token()["userinfo"]["email"]
    return "logged in"


@routes.get("/me")
def me() -> str:
    if "email" not in flask.session:
        flask.abort(401)
    return flask.session["email"]


@routes.get("/through")
def through() -> str:
    needed("HTTP_PROXY", "http-proxy")
    # The client goes through the proxy by itself.
    return requests.get(flask.request.args["url"], timeout=10).text
