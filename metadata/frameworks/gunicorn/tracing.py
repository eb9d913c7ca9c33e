# Spans of the app go to the endpoint that OTEL_EXPORTER_OTLP_ENDPOINT names, in batches, from each worker.
access_log_format = '%(h)s %(l)s %(u)s %(t)s "%(r)s" %(s)s %(b)s "%(f)s" "%(a)s" %({x-request-id}o)s'


def post_fork(server, worker):
    if "gevent" in type(worker).__module__:
        # What is imported here must see gevent's sockets and locks.
        from gevent import monkey

        monkey.patch_all()

    from opentelemetry import trace
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    remember_ids = globals().get("_remember_ids")
    if remember_ids:

        class Rememberer(SpanProcessor):
            def on_start(self, span, parent_context=None):
                remember_ids(span.get_span_context())

        provider.add_span_processor(Rememberer())
    trace.set_tracer_provider(provider)
