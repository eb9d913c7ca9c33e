#!/usr/bin/env python3
"""Django's administration: `python3 manage.py help`."""

import os
import sys

from django.core.management import execute_from_command_line

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "django_visitors.settings")
execute_from_command_line(sys.argv)
