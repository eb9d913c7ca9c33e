"""What Alembic does at each call."""

import logging

from alembic import context
from sqlalchemy import func, select

from database import engine, metadata

# Any number, as long as it is always the same.
LOCK = 1_970_010_100

logging.basicConfig(level=logging.INFO, format="%(name)s: %(message)s")

with engine.connect() as connection:
    context.configure(connection=connection, target_metadata=metadata)
    with context.begin_transaction():
        # Units migrate at the same time: one goes on, the others wait here and then find nothing to do.
        connection.execute(select(func.pg_advisory_xact_lock(LOCK)))
        context.run_migrations()
