// Migrate brings the database to this release's schema. It may run at any time, any number of times, and at several places at once.
package main

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"time"

	"github.com/jackc/pgx/v5"

	"example.com/go-visitors/internal/database"
)

// The number of the lock under which one migration runs at a time.
const lock = 7_031_914

//go:embed migrations/*.sql
var migrations embed.FS

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	if err := migrate(ctx); err != nil {
		slog.Error("cannot migrate", "error", err)
		os.Exit(1)
	}
}

func migrate(ctx context.Context) error {
	connection, err := database.Connect(ctx)
	if err != nil {
		return err
	}
	defer connection.Close(ctx)
	return pgx.BeginFunc(ctx, connection, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "SELECT pg_advisory_xact_lock($1)", lock); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, "CREATE TABLE IF NOT EXISTS schema_migrations (name text PRIMARY KEY)"); err != nil {
			return err
		}
		files, err := fs.Glob(migrations, "migrations/*.sql")
		if err != nil {
			return err
		}
		for _, file := range files {
			if err := apply(ctx, tx, file); err != nil {
				return fmt.Errorf("%s: %w", file, err)
			}
		}
		return nil
	})
}

// apply runs the file unless it has run before.
func apply(ctx context.Context, tx pgx.Tx, file string) error {
	done, err := tx.Exec(ctx, "INSERT INTO schema_migrations VALUES ($1) ON CONFLICT DO NOTHING", file)
	if err != nil || done.RowsAffected() == 0 {
		return err
	}
	statements, err := migrations.ReadFile(file)
	if err != nil {
		return err
	}
	slog.Info("migrating", "file", file)
	_, err = tx.Exec(ctx, string(statements))
	return err
}
