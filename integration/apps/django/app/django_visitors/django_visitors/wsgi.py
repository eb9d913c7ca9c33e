"""Where gunicorn finds the app."""

import os

from django.core.wsgi import get_wsgi_application
from opentelemetry.instrumentation.django import DjangoInstrumentor

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "django_visitors.settings")
if "OTEL_EXPORTER_OTLP_ENDPOINT" in os.environ:
    # Adds its middleware, so before the app is made.
    DjangoInstrumentor().instrument()
application = get_wsgi_application()
