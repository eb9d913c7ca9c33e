"""Makes the table that the app writes to. It is run before the app starts, and may be run again."""

import os

import psycopg

with psycopg.connect(os.environ["POSTGRESQL_DB_CONNECT_STRING"]) as connection:
    connection.execute(
        """
        CREATE TABLE IF NOT EXISTS visitors (
            visited_at timestamptz NOT NULL DEFAULT now(),
            user_agent text NOT NULL
        )
        """
    )
