# One JSON object a line, of gunicorn and of loggers that nobody else has configured. Names begin with `_`: all others
# could be settings of some version of gunicorn.
import datetime as _datetime
import json as _json
import logging as _logging
import sys as _sys
import traceback as _traceback
from contextvars import ContextVar as _ContextVar

from gunicorn.instrument.statsd import Statsd as _Statsd

_SEVERITIES = {"WARNING": "WARN", "CRITICAL": "FATAL"}
# Ids of the request that is being answered; empty until its first span begins.
_REQUEST = _ContextVar("request", default=None)


def _ids_of(context):
    if not context.is_valid:
        return {}
    return {"traceId": format(context.trace_id, "032x"), "spanId": format(context.span_id, "016x")}


def _current_ids():
    """Ids of the span that is open; where nobody has imported OpenTelemetry, there is none."""
    trace = _sys.modules.get("opentelemetry.trace")
    return _ids_of(trace.get_current_span().get_span_context()) if trace else {}


def _remember_ids(context):
    """Keeps the ids of a request's first span for its line in the access log, written when that span is over."""
    request = _REQUEST.get()
    if request is not None and not request:
        request.update(_ids_of(context))


class _WithIds:
    """A WSGI application that remembers the ids of the span it has answered in."""

    def __init__(self, application):
        self._application = application

    def __call__(self, environ, start_response):
        ids = {}
        _REQUEST.set(ids)

        def start(*args, **kwargs):
            if not ids:
                ids.update(_current_ids())
            return start_response(*args, **kwargs)

        return self._application(environ, start)


class _Atoms(dict):
    """What gunicorn knows of a request, unescaped: JSON has quotes of its own."""

    def __init__(self, atoms):
        super().__init__(atoms)
        self.ids = _REQUEST.get()
        _REQUEST.set(None)

    def __missing__(self, key):
        lower = key.lower()
        return self[lower] if key.startswith("{") and lower in self else "-"


def _access(atoms):
    attributes = {"http.response.status_code": int(atoms["s"]), "duration_ms": atoms["D"] / 1000}
    for name, value in [
        ("http.request.method", atoms["m"]),
        # Of a request that failed, gunicorn knows no more than what was sent.
        ("url.path", atoms["U"] or atoms["{raw_uri}e"].partition("?")[0]),
        ("url.query", atoms["q"]),
        ("client.address", atoms["h"]),
        ("http.request.header.x-request-id", atoms["{x-request-id}i"]),
    ]:
        if value not in ("", "-", None):
            attributes[name] = value
    return attributes


class _JsonFormatter(_logging.Formatter):
    """Formats a record as one line of JSON."""

    def format(self, record):
        moment = _datetime.datetime.fromtimestamp(record.created, _datetime.timezone.utc)
        attributes = {"logger.name": record.name}
        ids = _current_ids()
        if isinstance(record.args, _Atoms):
            attributes.update(_access(record.args))
            ids = record.args.ids or ids
        if record.exc_info and record.exc_info[0]:
            kind, error, trace = record.exc_info
            attributes["exception.type"] = kind.__qualname__
            attributes["exception.message"] = str(error)
            attributes["exception.stacktrace"] = "".join(_traceback.format_exception(kind, error, trace))
        line = {
            "timestamp": moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "severityText": _SEVERITIES.get(record.levelname, record.levelname),
            "body": record.getMessage(),
        }
        line.update(ids)
        line["attributes"] = attributes
        return _json.dumps(line, default=str)


class _JsonLogger(_Statsd):
    """Gunicorn's logger, which sends to statsd as well, with lines of JSON."""

    atoms_wrapper_class = _Atoms

    def setup(self, cfg):
        super().setup(cfg)
        for handler in self.error_log.handlers + self.access_log.handlers:
            handler.setFormatter(_JsonFormatter())
        # Flask's and Django's own loggers end here, and the app's.
        root = _logging.getLogger()
        if not root.handlers:
            for handler in self.error_log.handlers:
                root.addHandler(handler)


logger_class = _JsonLogger


def post_worker_init(worker):
    # Workers without it serve something else than WSGI.
    if hasattr(worker, "handle_request"):
        worker.wsgi = _WithIds(worker.wsgi)
