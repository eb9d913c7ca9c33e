"""The tables, and the way to them."""

import os

from sqlalchemy import BigInteger, Column, DateTime, Identity, MetaData, Table, Text, create_engine, func, make_url

if "POSTGRESQL_DB_CONNECT_STRING" not in os.environ:
    raise RuntimeError("POSTGRESQL_DB_CONNECT_STRING is not set: this app needs a PostgreSQL database")

engine = create_engine(
    make_url(os.environ["POSTGRESQL_DB_CONNECT_STRING"]).set(drivername="postgresql+psycopg"),
    # A connection that the database has closed is made anew.
    pool_pre_ping=True,
)
metadata = MetaData()

visitors = Table(
    "visitors",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False, server_default=func.now()),
)

ticks = Table(
    "ticks",
    metadata,
    Column("service", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False, server_default=func.now(), index=True),
)
