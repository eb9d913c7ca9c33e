"""A web app that greets as it is told to."""

import os

from fastapi import FastAPI

app = FastAPI()


@app.get("/")
def root() -> dict[str, str]:
    return {"message": os.environ.get("APP_GREETING", "Hello, world!")}
