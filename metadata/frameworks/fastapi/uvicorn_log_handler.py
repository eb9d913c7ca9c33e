"""One JSON object a line, for uvicorn and the app's own loggers."""

import datetime
import json
import logging
import traceback

SEVERITIES = {"WARNING": "WARN", "CRITICAL": "FATAL"}


def _access(record):
    """The attributes of one request, from uvicorn's access record."""
    client, method, target, _, status = record.args
    path, _, query = str(target).partition("?")
    attributes = {
        "client.address": str(client).rpartition(":")[0] or str(client),
        "http.request.method": method,
        "http.response.status_code": int(status),
        "url.path": path,
    }
    if query:
        attributes["url.query"] = query
    return attributes


def _trace():
    """Trace and span id of the current span, where OpenTelemetry is there and a span is open."""
    try:
        from opentelemetry import trace
    except ImportError:
        return {}
    context = trace.get_current_span().get_span_context()
    if not context.is_valid:
        return {}
    return {"traceId": format(context.trace_id, "032x"), "spanId": format(context.span_id, "016x")}


class JsonFormatter(logging.Formatter):
    """Formats a record as one line of JSON."""

    def format(self, record):
        moment = datetime.datetime.fromtimestamp(record.created, datetime.timezone.utc)
        attributes = {"logger.name": record.name}
        if record.name == "uvicorn.access" and isinstance(record.args, tuple) and len(record.args) == 5:
            attributes.update(_access(record))
        if record.exc_info and record.exc_info[0]:
            kind, error, trace = record.exc_info
            attributes["exception.type"] = kind.__qualname__
            attributes["exception.message"] = str(error)
            attributes["exception.stacktrace"] = "".join(traceback.format_exception(kind, error, trace))
        line = {
            "timestamp": moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "severityText": SEVERITIES.get(record.levelname, record.levelname),
            "body": record.getMessage(),
        }
        line.update(_trace())
        line["attributes"] = attributes
        return json.dumps(line, default=str)


class JsonHandler(logging.StreamHandler):
    """A stream handler that formats as JSON whatever it is configured with."""

    def __init__(self, stream=None):
        super().__init__(stream)
        self.setFormatter(JsonFormatter())
