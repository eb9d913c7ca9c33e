"""The tables."""

from django.db import models


class Visitor(models.Model):
    # With a default in the database, for units of the version before.
    agent = models.TextField(default="", db_default="")
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "visitors"


class Tick(models.Model):
    service = models.TextField()
    host = models.TextField()
    at = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        db_table = "ticks"
