// Tick writes into the database every half second that this host's worker or scheduler is alive: `tick worker`, `tick scheduler`.
package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"example.com/go-visitors/internal/database"
)

const (
	interval = 500 * time.Millisecond
	timeout  = 5 * time.Second
)

func main() {
	if err := run(); err != nil {
		slog.Error("cannot tick", "error", err)
		os.Exit(1)
	}
}

func run() error {
	if len(os.Args) != 2 {
		return errors.New("usage: tick worker|scheduler")
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	host, err := os.Hostname()
	if err != nil {
		return err
	}
	pool, err := database.Pool(ctx)
	if err != nil {
		return err
	}
	defer pool.Close()
	for ticker := time.NewTicker(interval); ; {
		// The pool opens a new connection after a failure.
		if err := tick(ctx, pool, os.Args[1], host); err != nil && ctx.Err() == nil {
			slog.Warn("no tick", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

func tick(ctx context.Context, pool *pgxpool.Pool, service, host string) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	_, err := pool.Exec(ctx, "INSERT INTO ticks (service, host) VALUES ($1, $2)", service, host)
	return err
}
