"""The tables."""

from django.db import models


class Visitor(models.Model):
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "visitors"


class Tick(models.Model):
    service = models.TextField()
    host = models.TextField()
    at = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        db_table = "ticks"
