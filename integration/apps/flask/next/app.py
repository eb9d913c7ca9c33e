"""A web app that greets as it is told to, and counts its visitors."""

import hashlib
import os
from datetime import timedelta

import flask
from sqlalchemy import func, insert, select

import integrations
from database import engine, ticks, visitors


class PlainText(flask.Response):
    default_mimetype = "text/plain"


app = flask.Flask(__name__)
app.response_class = PlainText
app.config.from_prefixed_env()
# These two as they are: from_prefixed_env makes a number of the text `12`.
app.config["SECRET_KEY"] = os.environ["FLASK_SECRET_KEY"]
app.config["GREETING"] = os.environ.get("FLASK_GREETING", "Hello")
integrations.add_to(app)


@app.get("/")
def root() -> str:
    return f"{app.config['GREETING']}, world!"


@app.get("/health")
def health() -> str:
    return "ok"


@app.get("/visitors")
def count_visitor() -> str:
    with engine.begin() as connection:
        connection.execute(insert(visitors).values(agent=flask.request.user_agent.string))
        return str(connection.scalar(select(func.count()).select_from(visitors)))


@app.get("/ticks")
def recent_ticks() -> dict[str, list[str]]:
    recent = (
        select(ticks.c.service, ticks.c.host)
        .where(ticks.c.at > func.now() - timedelta(seconds=10))
        .distinct()
        .order_by(ticks.c.host)
    )
    hosts: dict[str, list[str]] = {"scheduler": [], "worker": []}
    with engine.connect() as connection:
        for service, host in connection.execute(recent):
            hosts[service].append(host)
    return hosts


@app.get("/key")
def key() -> str:
    return hashlib.sha256(app.config["SECRET_KEY"].encode()).hexdigest()


@app.get("/version")
def version() -> str:
    with engine.connect() as connection:
        connection.execute(select(visitors.c.agent).limit(1))
    return "2"
