// Package database opens the app's PostgreSQL database.
package database

import (
	"context"
	"errors"
	"os"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

const variable = "POSTGRESQL_DB_CONNECT_STRING"

// URL is that of the database.
func URL() (string, error) {
	url := os.Getenv(variable)
	if url == "" {
		return "", errors.New(variable + " is not set: the app needs a PostgreSQL database")
	}
	return url, nil
}

// Connect opens one connection.
func Connect(ctx context.Context) (*pgx.Conn, error) {
	url, err := URL()
	if err != nil {
		return nil, err
	}
	return pgx.Connect(ctx, url)
}

// Pool gives connections as they are needed; the database need not be there yet.
func Pool(ctx context.Context) (*pgxpool.Pool, error) {
	url, err := URL()
	if err != nil {
		return nil, err
	}
	return pgxpool.New(ctx, url)
}
