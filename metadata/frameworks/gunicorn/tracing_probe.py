import opentelemetry.exporter.otlp.proto.http.trace_exporter
import opentelemetry.sdk.trace.export
