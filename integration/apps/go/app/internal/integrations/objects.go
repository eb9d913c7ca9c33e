package integrations

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"sync"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

type bucket struct {
	name   string
	client *minio.Client
}

var objects = sync.OnceValues(func() (bucket, error) {
	name, err := needed("S3_BUCKET", "s3")
	if err != nil {
		return bucket{}, err
	}
	endpoint, err := url.Parse(cmp.Or(os.Getenv("S3_ENDPOINT"), "https://s3.amazonaws.com"))
	if err != nil {
		return bucket{}, err
	}
	lookup := minio.BucketLookupAuto
	if os.Getenv("S3_ADDRESSING_STYLE") == "path" {
		lookup = minio.BucketLookupPath
	}
	client, err := minio.New(endpoint.Host, &minio.Options{
		Creds:        credentials.NewStaticV4(os.Getenv("S3_ACCESS_KEY"), os.Getenv("S3_SECRET_KEY"), ""),
		Secure:       endpoint.Scheme == "https",
		Region:       os.Getenv("S3_REGION"),
		BucketLookup: lookup,
	})
	return bucket{name, client}, err
})

func putObject(w http.ResponseWriter, r *http.Request) error {
	bucket, err := objects()
	if err != nil {
		return err
	}
	content, err := body(r)
	if err != nil {
		return err
	}
	_, err = bucket.client.PutObject(r.Context(), bucket.name, r.PathValue("name"),
		bytes.NewReader(content), int64(len(content)), minio.PutObjectOptions{})
	if err != nil {
		return err
	}
	fmt.Fprint(w, "stored")
	return nil
}

func getObject(w http.ResponseWriter, r *http.Request) error {
	bucket, err := objects()
	if err != nil {
		return err
	}
	object, err := bucket.client.GetObject(r.Context(), bucket.name, r.PathValue("name"), minio.GetObjectOptions{})
	if err != nil {
		return err
	}
	defer object.Close()
	content, err := io.ReadAll(object)
	if minio.ToErrorResponse(err).StatusCode == http.StatusNotFound {
		return notFound
	}
	if err != nil {
		return err
	}
	_, err = w.Write(content)
	return err
}
