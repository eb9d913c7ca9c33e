package main

import (
	"fmt"
	"net/http"
)

// visit remembers a visitor.
func (app app) visit(r *http.Request) error {
	_, err := app.database.Exec(r.Context(), "INSERT INTO visitors DEFAULT VALUES")
	return err
}

func (app app) version(w http.ResponseWriter, _ *http.Request) {
	fmt.Fprint(w, "1")
}
