package integrations

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"sync"

	openfga "github.com/openfga/go-sdk"
	"github.com/openfga/go-sdk/client"
	"github.com/openfga/go-sdk/credentials"
)

// model has users who may be readers of pages.
var model = client.ClientWriteAuthorizationModelRequest{
	SchemaVersion: "1.1",
	TypeDefinitions: []openfga.TypeDefinition{{Type: "user"}, {
		Type:      "page",
		Relations: &map[string]openfga.Userset{"reader": {This: &map[string]any{}}},
		Metadata: &openfga.Metadata{Relations: &map[string]openfga.RelationMetadata{
			"reader": {DirectlyRelatedUserTypes: &[]openfga.RelationReference{{Type: "user"}}},
		}},
	}},
}

var permissions = sync.OnceValues(func() (*client.OpenFgaClient, error) {
	url, err := needed("FGA_HTTP_API_URL", "openfga")
	if err != nil {
		return nil, err
	}
	return client.NewSdkClient(&client.ClientConfiguration{
		ApiUrl:  url,
		StoreId: os.Getenv("FGA_STORE_ID"),
		Credentials: &credentials.Credentials{
			Method: credentials.CredentialsMethodApiToken,
			Config: &credentials.Config{ApiToken: os.Getenv("FGA_TOKEN")},
		},
	})
})

func allow(w http.ResponseWriter, r *http.Request) error {
	store, err := permissions()
	if err != nil {
		return err
	}
	if err := hasModel(r.Context(), store); err != nil {
		return err
	}
	user, relation, object := relationship(r)
	_, err = store.WriteTuples(r.Context()).Body([]client.ClientTupleKey{{User: user, Relation: relation, Object: object}}).Execute()
	if err != nil {
		return err
	}
	fmt.Fprint(w, "allowed")
	return nil
}

func isAllowed(w http.ResponseWriter, r *http.Request) error {
	store, err := permissions()
	if err != nil {
		return err
	}
	if err := hasModel(r.Context(), store); err != nil {
		return err
	}
	user, relation, object := relationship(r)
	answer, err := store.Check(r.Context()).Body(client.ClientCheckRequest{User: user, Relation: relation, Object: object}).Execute()
	if err != nil {
		return err
	}
	if answer.GetAllowed() {
		fmt.Fprint(w, "yes")
	} else {
		fmt.Fprint(w, "no")
	}
	return nil
}

func relationship(r *http.Request) (user, relation, object string) {
	query := r.URL.Query()
	return "user:" + query.Get("user"), query.Get("relation"), "page:" + query.Get("object")
}

// hasModel writes the model into a store that has none.
func hasModel(ctx context.Context, store *client.OpenFgaClient) error {
	latest, err := store.ReadLatestAuthorizationModel(ctx).Execute()
	if err != nil || latest.AuthorizationModel != nil {
		return err
	}
	_, err = store.WriteAuthorizationModel(ctx).Body(model).Execute()
	return err
}
