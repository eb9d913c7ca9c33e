package main

import (
	"fmt"
	"net/http"
)

// visit remembers a visitor and what they came with.
func (app app) visit(r *http.Request) error {
	_, err := app.database.Exec(r.Context(), "INSERT INTO visitors (agent) VALUES ($1)", r.UserAgent())
	return err
}

// version needs the column that this version's migration adds.
func (app app) version(w http.ResponseWriter, r *http.Request) {
	var agents int
	if err := app.database.QueryRow(r.Context(), "SELECT count(agent) FROM visitors").Scan(&agents); err != nil {
		fail(w, err)
		return
	}
	fmt.Fprint(w, "2")
}
