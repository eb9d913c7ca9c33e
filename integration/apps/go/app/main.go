// The server: it greets as it is told to, and counts its visitors in PostgreSQL.
package main

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"example.com/go-visitors/internal/database"
	"example.com/go-visitors/internal/integrations"
)

type app struct {
	database  *pgxpool.Pool
	greeting  string
	secretKey string
}

func main() {
	if err := run(); err != nil {
		slog.Error("cannot serve", "error", err)
		os.Exit(1)
	}
}

func run() error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	pool, err := database.Pool(ctx)
	if err != nil {
		return err
	}
	defer pool.Close()
	app := app{
		database:  pool,
		greeting:  cmp.Or(os.Getenv("APP_GREETING"), "Hello"),
		secretKey: os.Getenv("APP_SECRET_KEY"),
	}

	routes := http.NewServeMux()
	routes.HandleFunc("GET /{$}", app.root)
	routes.HandleFunc("GET /health", app.health)
	routes.HandleFunc("GET /visitors", app.visitors)
	routes.HandleFunc("GET /ticks", app.ticks)
	routes.HandleFunc("GET /key", app.key)
	routes.HandleFunc("GET /version", app.version)
	integrations.AddTo(routes)
	traced, flush, err := integrations.Traced(ctx, routes)
	if err != nil {
		return err
	}
	defer flush()

	port := cmp.Or(os.Getenv("APP_PORT"), "8080")
	metricsPort := cmp.Or(os.Getenv("APP_METRICS_PORT"), port)
	metrics := "GET " + cmp.Or(os.Getenv("APP_METRICS_PATH"), "/metrics")
	servers := []*http.Server{{Addr: ":" + port, Handler: measured(traced)}}
	if metricsPort == port {
		routes.Handle(metrics, promhttp.Handler())
	} else {
		own := http.NewServeMux()
		own.Handle(metrics, promhttp.Handler())
		servers = append(servers, &http.Server{Addr: ":" + metricsPort, Handler: own})
	}
	return serve(ctx, servers)
}

// serve runs the servers until the context ends or one of them fails.
func serve(ctx context.Context, servers []*http.Server) error {
	failed := make(chan error, len(servers))
	for _, server := range servers {
		slog.Info("listening", "address", server.Addr)
		go func() { failed <- server.ListenAndServe() }()
	}
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	var errs []error
	for _, server := range servers {
		errs = append(errs, server.Shutdown(grace))
	}
	return errors.Join(errs...)
}

func (app app) root(w http.ResponseWriter, _ *http.Request) {
	fmt.Fprintf(w, "%s, world!", app.greeting)
}

func (app app) health(w http.ResponseWriter, _ *http.Request) {
	fmt.Fprint(w, "ok")
}

func (app app) visitors(w http.ResponseWriter, r *http.Request) {
	if err := app.visit(r); err != nil {
		fail(w, err)
		return
	}
	var count int
	if err := app.database.QueryRow(r.Context(), "SELECT count(*) FROM visitors").Scan(&count); err != nil {
		fail(w, err)
		return
	}
	fmt.Fprint(w, count)
}

// ticks tells which hosts' services have ticked lately, by service.
func (app app) ticks(w http.ResponseWriter, r *http.Request) {
	rows, err := app.database.Query(r.Context(),
		"SELECT DISTINCT service, host FROM ticks WHERE at > now() - interval '10 seconds' ORDER BY service, host")
	if err != nil {
		fail(w, err)
		return
	}
	defer rows.Close()
	hosts := map[string][]string{"scheduler": {}, "worker": {}}
	for rows.Next() {
		var service, host string
		if err := rows.Scan(&service, &host); err != nil {
			fail(w, err)
			return
		}
		hosts[service] = append(hosts[service], host)
	}
	if err := rows.Err(); err != nil {
		fail(w, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(hosts); err != nil {
		slog.Error("cannot answer", "error", err)
	}
}

// key lets a test compare keys without seeing them.
func (app app) key(w http.ResponseWriter, _ *http.Request) {
	fmt.Fprintf(w, "%x", sha256.Sum256([]byte(app.secretKey)))
}

func fail(w http.ResponseWriter, err error) {
	slog.Error("request failed", "error", err)
	http.Error(w, "internal server error", http.StatusInternalServerError)
}
