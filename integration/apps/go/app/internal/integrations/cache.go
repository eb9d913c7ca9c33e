package integrations

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"

	"github.com/redis/go-redis/v9"
)

var cache = sync.OnceValues(func() (*redis.Client, error) {
	url := os.Getenv("REDIS_DB_CONNECT_STRING")
	if url == "" {
		valkey, err := needed("VALKEY_DB_CONNECT_STRING", "redis or valkey")
		if err != nil {
			return nil, err
		}
		// Valkey speaks the same protocol.
		url = strings.Replace(valkey, "valkey", "redis", 1)
	}
	options, err := redis.ParseURL(url)
	if err != nil {
		return nil, err
	}
	return redis.NewClient(options), nil
})

func putIntoCache(w http.ResponseWriter, r *http.Request) error {
	client, err := cache()
	if err != nil {
		return err
	}
	value, err := body(r)
	if err != nil {
		return err
	}
	if err := client.Set(r.Context(), r.PathValue("key"), value, 0).Err(); err != nil {
		return err
	}
	fmt.Fprint(w, "stored")
	return nil
}

func getFromCache(w http.ResponseWriter, r *http.Request) error {
	client, err := cache()
	if err != nil {
		return err
	}
	value, err := client.Get(r.Context(), r.PathValue("key")).Result()
	if errors.Is(err, redis.Nil) {
		return notFound
	}
	if err != nil {
		return err
	}
	fmt.Fprint(w, value)
	return nil
}
