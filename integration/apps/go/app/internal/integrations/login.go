package integrations

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/gorilla/sessions"
	"golang.org/x/oauth2"
)

type provider struct {
	client   oauth2.Config
	verifier *oidc.IDTokenVerifier
}

var openID = sync.OnceValues(func() (provider, error) {
	id, err := needed("APP_OIDC_CLIENT_ID", "oidc")
	if err != nil {
		return provider{}, err
	}
	var asked struct{ Scope string }
	if err := json.Unmarshal([]byte(os.Getenv("APP_OIDC_CLIENT_KWARGS")), &asked); err != nil {
		return provider{}, err
	}
	config := oidc.ProviderConfig{
		IssuerURL:   os.Getenv("APP_OIDC_API_BASE_URL"),
		AuthURL:     os.Getenv("APP_OIDC_AUTHORIZE_URL"),
		TokenURL:    os.Getenv("APP_OIDC_ACCESS_TOKEN_URL"),
		UserInfoURL: os.Getenv("APP_OIDC_USER_URL"),
		JWKSURL:     os.Getenv("APP_OIDC_JWKS_URL"),
	}
	issuer := config.NewProvider(context.Background())
	return provider{
		client: oauth2.Config{
			ClientID:     id,
			ClientSecret: os.Getenv("APP_OIDC_CLIENT_SECRET"),
			Endpoint:     issuer.Endpoint(),
			RedirectURL:  strings.TrimSuffix(os.Getenv("APP_BASE_URL"), "/") + "/callback",
			Scopes:       strings.Fields(asked.Scope),
		},
		verifier: issuer.Verifier(&oidc.Config{ClientID: id}),
	}, nil
})

var store = sync.OnceValue(func() *sessions.CookieStore {
	store := sessions.NewCookieStore([]byte(os.Getenv("APP_SECRET_KEY")))
	store.Options = &sessions.Options{
		Path:     "/",
		HttpOnly: true,
		SameSite: http.SameSiteLaxMode,
		Secure:   strings.HasPrefix(os.Getenv("APP_BASE_URL"), "https:"),
	}
	return store
})

// session is the browser's; a new one when its cookie is not of ours, or of another key.
func session(r *http.Request) *sessions.Session {
	session, _ := store().Get(r, "session")
	return session
}

func login(w http.ResponseWriter, r *http.Request) error {
	provider, err := openID()
	if err != nil {
		return err
	}
	state, nonce := rand.Text(), rand.Text()
	session := session(r)
	session.Values["state"], session.Values["nonce"] = state, nonce
	if err := session.Save(r, w); err != nil {
		return err
	}
	http.Redirect(w, r, provider.client.AuthCodeURL(state, oidc.Nonce(nonce)), http.StatusFound)
	return nil
}

func callback(w http.ResponseWriter, r *http.Request) error {
	provider, err := openID()
	if err != nil {
		return err
	}
	session, query := session(r), r.URL.Query()
	if state, ok := session.Values["state"]; !ok || state != query.Get("state") {
		return failure{http.StatusBadRequest, "this login is not one of yours"}
	}
	email, err := provider.email(r.Context(), query.Get("code"), session.Values["nonce"])
	if err != nil {
		return err
	}
	session.Values = map[any]any{"email": email}
	if err := session.Save(r, w); err != nil {
		return err
	}
	fmt.Fprint(w, "logged in")
	return nil
}

// email is that of whoever the provider gave the code to.
func (provider provider) email(ctx context.Context, code string, nonce any) (string, error) {
	tokens, err := provider.client.Exchange(ctx, code)
	if err != nil {
		return "", err
	}
	raw, _ := tokens.Extra("id_token").(string)
	token, err := provider.verifier.Verify(ctx, raw)
	if err != nil {
		return "", err
	}
	if token.Nonce != nonce {
		return "", errors.New("the token is that of another login")
	}
	var claims struct{ Email string }
	return claims.Email, token.Claims(&claims)
}

func me(w http.ResponseWriter, r *http.Request) error {
	email, ok := session(r).Values["email"].(string)
	if !ok {
		return failure{http.StatusUnauthorized, "nobody is logged in"}
	}
	fmt.Fprint(w, email)
	return nil
}
