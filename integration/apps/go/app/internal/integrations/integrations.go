// Package integrations is what the app does with integrations other than its database. Each is there when the charm says so, by variables.
package integrations

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
)

// The longest body that is taken.
const limit = 10 << 20

// AddTo adds the paths; without its variables, one answers 503.
func AddTo(routes *http.ServeMux) {
	for path, handle := range map[string]handler{
		"PUT /cache/{key}":    putIntoCache,
		"GET /cache/{key}":    getFromCache,
		"PUT /objects/{name}": putObject,
		"GET /objects/{name}": getObject,
		"POST /messages":      publish,
		"GET /messages":       consume,
		"POST /mail":          sendMail,
		"GET /login":          login,
		"GET /callback":       callback,
		"GET /me":             me,
		"GET /through":        through,
		"PUT /allowed":        allow,
		"GET /allowed":        isAllowed,
	} {
		routes.Handle(path, handle)
	}
}

// missing is an integration that is not there.
type missing struct{ integration, variable string }

func (m missing) Error() string {
	return fmt.Sprintf("no %s integration: %s is not set", m.integration, m.variable)
}

// needed is the value of the integration's variable.
func needed(variable, integration string) (string, error) {
	value := os.Getenv(variable)
	if value == "" {
		return "", missing{integration, variable}
	}
	return value, nil
}

// failure is an error that the client is told.
type failure struct {
	status int
	text   string
}

func (f failure) Error() string { return f.text }

var notFound = failure{http.StatusNotFound, "not found"}

// handler answers, unless it fails.
type handler func(http.ResponseWriter, *http.Request) error

func (handle handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, limit)
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	err := handle(w, r)
	var absent missing
	var told failure
	switch {
	case err == nil:
	case errors.As(err, &absent):
		http.Error(w, absent.Error(), http.StatusServiceUnavailable)
	case errors.As(err, &told):
		http.Error(w, told.text, told.status)
	default:
		slog.Error("request failed", "path", r.URL.Path, "error", err)
		http.Error(w, "internal server error", http.StatusInternalServerError)
	}
}

func body(r *http.Request) ([]byte, error) {
	return io.ReadAll(r.Body)
}
