"""`manage.py migrate` that units can call at the same time, which Django's own cannot."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.management.base import CommandError
from django.core.management.commands import migrate
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

# The number is any, as long as it is always the same. MySQL's names hold for the whole server.
LOCKS = {
    "postgresql": ("SELECT pg_advisory_lock(1970010100) IS NOT NULL", "SELECT pg_advisory_unlock(1970010100)"),
    "mysql": (
        "SELECT GET_LOCK(CONCAT('migrate ', MD5(DATABASE())), 3600)",
        "SELECT RELEASE_LOCK(CONCAT('migrate ', MD5(DATABASE())))",
    ),
}


@contextmanager
def lock(connection: BaseDatabaseWrapper) -> Iterator[None]:
    take, release = LOCKS[connection.vendor]
    with connection.cursor() as cursor:
        cursor.execute(take)
        if not cursor.fetchone()[0]:
            raise CommandError("another unit has been migrating for an hour")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(release)


class Command(migrate.Command):
    """One unit goes on, the others wait and then find nothing to do."""

    def handle(self, *args: object, database: str, **options: object) -> None:
        with lock(connections[database]):
            super().handle(*args, database=database, **options)
