"""A web app that greets as it is told to, and counts its visitors."""

import hashlib
import os
import sys

import psycopg
from fastapi import FastAPI, Response
from fastapi.responses import JSONResponse, PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST, Counter, generate_latest

import integrations

if "POSTGRESQL_DB_CONNECT_STRING" not in os.environ:
    sys.exit("POSTGRESQL_DB_CONNECT_STRING is not set: this app needs a PostgreSQL database")

DATABASE = os.environ["POSTGRESQL_DB_CONNECT_STRING"]
GREETING = os.environ.get("APP_GREETING", "Hello")
SECRET_KEY = os.environ["APP_SECRET_KEY"]
VISITS = Counter("visits", "Visitors that this process has counted.")

app = FastAPI(default_response_class=PlainTextResponse)
integrations.add_to(app)


@app.get("/")
def root() -> str:
    return f"{GREETING}, world!"


@app.get("/health")
def health() -> str:
    return "ok"


@app.get("/visitors")
def count_visitor() -> str:
    with psycopg.connect(DATABASE) as connection:
        connection.execute("INSERT INTO visitors DEFAULT VALUES")
        (count,) = connection.execute("SELECT count(*) FROM visitors").fetchone()
    VISITS.inc()
    return str(count)


@app.get("/ticks", response_class=JSONResponse)
def recent_ticks() -> dict[str, list[str]]:
    hosts: dict[str, list[str]] = {"scheduler": [], "worker": []}
    with psycopg.connect(DATABASE) as connection:
        recent = connection.execute(
            "SELECT DISTINCT service, host FROM ticks WHERE at > now() - interval '10 seconds' ORDER BY host"
        )
        for service, host in recent:
            hosts[service].append(host)
    return hosts


@app.get("/key")
def key() -> str:
    return hashlib.sha256(SECRET_KEY.encode()).hexdigest()


@app.get("/version")
def version() -> str:
    return "1"


@app.get(os.environ.get("METRICS_PATH", "/metrics"))
def metrics() -> Response:
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
