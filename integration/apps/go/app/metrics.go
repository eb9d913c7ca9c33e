package main

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

var requests = promauto.NewCounterVec(prometheus.CounterOpts{
	Name: "http_requests_total",
	Help: "Requests by method and status.",
}, []string{"method", "code"})

// measured counts what the handler answers.
func measured(handler http.Handler) http.Handler {
	return promhttp.InstrumentHandlerCounter(requests, handler)
}
