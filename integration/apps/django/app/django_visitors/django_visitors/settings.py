"""Settings, all from the variables that the charm sets."""

import json
import os

from django.core.exceptions import ImproperlyConfigured

ENGINES = {"POSTGRESQL": "django.db.backends.postgresql", "MYSQL": "django.db.backends.mysql"}


def database() -> dict[str, str]:
    for name, engine in ENGINES.items():
        if f"{name}_DB_NAME" in os.environ:
            keys = {"NAME": "NAME", "USER": "USERNAME", "PASSWORD": "PASSWORD", "HOST": "HOSTNAME", "PORT": "PORT"}
            return {"ENGINE": engine} | {key: os.environ.get(f"{name}_DB_{part}", "") for key, part in keys.items()}
    raise ImproperlyConfigured("neither POSTGRESQL_DB_NAME nor MYSQL_DB_NAME is set: this app needs a database")


DATABASES = {"default": database()}
SECRET_KEY = os.environ["DJANGO_SECRET_KEY"]
DEBUG = json.loads(os.environ.get("DJANGO_DEBUG", "false"))
ALLOWED_HOSTS = json.loads(os.environ.get("DJANGO_ALLOWED_HOSTS", "[]"))
GREETING = os.environ.get("DJANGO_GREETING", "Hello")

INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "visitors"]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
]
# Who is logged in is in a signed cookie, not in a table.
SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
ROOT_URLCONF = "django_visitors.urls"
WSGI_APPLICATION = "django_visitors.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
TIME_ZONE = "UTC"

EMAIL_HOST = os.environ.get("SMTP_HOST", "localhost")
EMAIL_PORT = int(os.environ.get("SMTP_PORT", "25"))
EMAIL_HOST_USER = os.environ.get("SMTP_USER", "")
EMAIL_HOST_PASSWORD = os.environ.get("SMTP_PASSWORD", "")
EMAIL_USE_TLS = os.environ.get("SMTP_TRANSPORT_SECURITY") == "starttls"
EMAIL_USE_SSL = os.environ.get("SMTP_TRANSPORT_SECURITY") == "tls"
DEFAULT_FROM_EMAIL = "django-visitors@example.com"

# Without this Django tells errors to nobody but the administrators, by mail.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
}
