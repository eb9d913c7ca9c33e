"""Says twice a second in table `ticks` that it is alive: `python3 tick.py worker`. SIGTERM ends it, as it is not caught."""

import socket
import sys
import time

from sqlalchemy import insert
from sqlalchemy.exc import DBAPIError

from database import engine, ticks

tick = {"service": sys.argv[1], "host": socket.gethostname()}
while True:
    try:
        with engine.begin() as connection:
            connection.execute(insert(ticks), tick)
    except DBAPIError as error:
        print(f"no tick, trying again: {error.orig}", file=sys.stderr)
    time.sleep(0.5)
