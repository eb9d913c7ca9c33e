"""What the services tick-worker and tick-scheduler run."""

import socket
import time

from django.core.management.base import BaseCommand, CommandParser
from django.db import Error, connection

from visitors.models import Tick


class Command(BaseCommand):
    help = "Says twice a second in table ticks that it is alive. SIGTERM ends it, as it is not caught."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("service", choices=["scheduler", "worker"])

    def handle(self, *, service: str, **options: object) -> None:
        while True:
            try:
                Tick.objects.create(service=service, host=socket.gethostname())
            except Error as error:
                self.stderr.write(f"no tick, trying again: {error}")
                connection.close()
            time.sleep(0.5)
