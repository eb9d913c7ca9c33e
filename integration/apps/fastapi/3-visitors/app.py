"""A web app that greets as it is told to, and counts its visitors."""

import os

import psycopg
from fastapi import FastAPI, Request

app = FastAPI()


@app.get("/")
def root() -> dict[str, str]:
    return {"message": os.environ.get("APP_GREETING", "Hello, world!")}


@app.get("/visitors")
def visitors(request: Request) -> dict[str, int]:
    user_agent = request.headers.get("user-agent", "unknown")
    with psycopg.connect(os.environ["POSTGRESQL_DB_CONNECT_STRING"]) as connection:
        connection.execute("INSERT INTO visitors (user_agent) VALUES (%s)", [user_agent])
        (count,) = connection.execute("SELECT count(*) FROM visitors").fetchone()
    return {"count": count}
