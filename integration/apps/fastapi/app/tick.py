"""Says twice a second in table `ticks` that it is alive: `python3 tick.py worker`. SIGTERM ends it, as it is not caught."""

import os
import socket
import sys
import time

import psycopg

if "POSTGRESQL_DB_CONNECT_STRING" not in os.environ:
    sys.exit("POSTGRESQL_DB_CONNECT_STRING is not set: ticks need a PostgreSQL database")

tick = [sys.argv[1], socket.gethostname()]
while True:
    try:
        with psycopg.connect(os.environ["POSTGRESQL_DB_CONNECT_STRING"], autocommit=True) as connection:
            while True:
                connection.execute("INSERT INTO ticks (service, host) VALUES (%s, %s)", tick)
                time.sleep(0.5)
    except psycopg.Error as error:
        print(f"no tick, trying again: {error}", file=sys.stderr)
    time.sleep(0.5)
