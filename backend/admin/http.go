package admin

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/netip"
	"path"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"example.org/gatehouse/backend/text"
)

const (
	// maxBody is more than any honest request has: a PKCS#12 file in base64. Files are the exception.
	maxBody     = 1 << 20
	maxTextBody = text.MaxFile*4/3 + 4096 // in base64
	// longest is how long one request may take: more than news waits, less than the listener writes.
	longest = 50 * time.Second
)

// Where files come in: of texts, of people, of what is written about phones, and of an older management.
const (
	textImport    = "/texts/import"
	peopleImport  = "/people/import"
	remarksImport = "/enrollments/import"
	moveImport    = "/move/import"
)

// most is how much of a body is read at an address.
func most(path string) int64 {
	switch path {
	case "/api" + textImport:
		return maxTextBody
	case "/api" + peopleImport, "/api" + remarksImport, "/api" + moveImport:
		return maxImport*4/3 + 64<<10 // in base64
	}
	return maxBody
}

// Handler is the API below /api/. It believes the identity in the request's context and asks for nothing else: the
// window puts one there, and [API.Web] does after it has seen the token.
func (a *API) Handler() http.Handler {
	mux := http.NewServeMux()
	described := a.mount(mux)
	paper := sync.OnceValues(func() ([]byte, error) { return json.Marshal(described) })
	mux.HandleFunc("GET /api/openapi.json", func(w http.ResponseWriter, r *http.Request) {
		if err := allowed(r.Context(), viewer); err != nil {
			a.refuse(w, r, err)
			return
		}
		content, err := paper()
		if err != nil {
			a.refuse(w, r, fmt.Errorf("describe the API: %w", err))
			return
		}
		w.Header().Set("Content-Type", "application/openapi+json")
		w.Write(content)
	})
	mux.HandleFunc("/api/", func(w http.ResponseWriter, r *http.Request) {
		a.refuse(w, r, &Error{Code: NotFound})
	})
	return a.recovered(a.bounded(mux))
}

// bounded limits time and size, which the window's asset server does not.
func (a *API) bounded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), longest)
		defer cancel()
		h := w.Header()
		h.Set("Cache-Control", "no-store") // equal requests would wait for one another in Chromium's cache
		h.Set("X-Content-Type-Options", "nosniff")
		r = r.WithContext(ctx)
		if r.Body != nil {
			r.Body = http.MaxBytesReader(w, r.Body, most(r.URL.Path))
		}
		next.ServeHTTP(w, r)
	})
}

// recovered answers a panic like any other fault of ours. In the window a panic would end the program.
func (a *API) recovered(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if v := recover(); v != nil {
				a.refuse(w, r, fmt.Errorf("panic: %v\n%s", v, debug.Stack()))
			}
		}()
		next.ServeHTTP(w, r)
	})
}

// refuse answers with a problem document where huma does not.
func (a *API) refuse(w http.ResponseWriter, r *http.Request, err error) {
	p := a.problem(r.Context(), r.Method+" "+r.URL.Path, err)
	w.Header().Set("Content-Type", "application/problem+json")
	if p.Status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Bearer realm="Gatehouse"`) // RFC 9110, 11.6.1
	}
	w.WriteHeader(p.Status)
	json.NewEncoder(w).Encode(p) //nolint:errcheck,errchkjson // whoever asked is gone
}

// Web is the door for browsers and scripts: the screens, the API and the metrics, on loopback or behind TLS. Host and
// Origin are checked, since any web site can make a browser call a loopback address, and the API asks for the token.
func (a *API) Web(s Site) http.Handler {
	api := a.Handler()
	mux := http.NewServeMux()
	mux.Handle("/api/", a.withToken(s.Token, api))
	mux.Handle("GET /metrics", a.withToken(s.Token, a.metrics()))
	mux.Handle("/", screens(s.Screens))
	cross := http.NewCrossOriginProtection()
	cross.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a.refuse(w, r, &Error{Code: WrongOrigin})
	}))
	return a.recovered(a.knownHost(s.Hosts, cross.Handler(mux)))
}

// knownHost refuses names that are not ours: a foreign name that points to this address is DNS rebinding. Addresses
// cannot be rebound.
func (a *API) knownHost(hosts []string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := r.Host
		if h, _, err := net.SplitHostPort(host); err == nil {
			host = h
		}
		_, err := netip.ParseAddr(strings.Trim(host, "[]"))
		if err != nil && !strings.EqualFold(host, "localhost") && !slices.Contains(hosts, strings.ToLower(host)) {
			a.refuse(w, r, &Error{Code: WrongOrigin, Params: map[string]string{"host": host}})
			return
		}
		next.ServeHTTP(w, r)
	})
}

// withToken lets the bearer of the token pass as the local operator. The address that serve prints carries the token in
// its query, and so may everything that is only looked at.
func (a *API) withToken(token string, next http.Handler) http.Handler {
	want := sha256.Sum256([]byte(token))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		given, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		if query := r.URL.Query(); !ok && r.Method == http.MethodGet && query.Has("token") {
			given = query.Get("token")
			query.Del("token")
			r.URL.RawQuery = query.Encode()
		}
		got := sha256.Sum256([]byte(given))
		if token == "" || subtle.ConstantTimeCompare(want[:], got[:]) != 1 {
			a.refuse(w, r, &Error{Code: NoToken})
			return
		}
		next.ServeHTTP(w, r.WithContext(AsOperator(r.Context())))
	})
}

// policy lets the screens load from here and nowhere else. Widgets and the editor write style elements.
const policy = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; " +
	"font-src 'self'; connect-src 'self'; frame-src 'self' blob:; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"

// screens serves the built files; any other address is a place inside the screens and gets the start page.
func screens(files fs.FS) http.Handler {
	static := http.FileServerFS(files)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			h.Set("Allow", "GET, HEAD")
			http.Error(w, "The screens are only looked at.", http.StatusMethodNotAllowed)
			return
		}
		name := strings.TrimPrefix(path.Clean(r.URL.Path), "/")
		if info, err := fs.Stat(files, name); err == nil && !info.IsDir() && name != "index.html" {
			if strings.HasPrefix(name, "assets/") { // their names carry a digest of their content
				h.Set("Cache-Control", "public, max-age=31536000, immutable")
			}
			static.ServeHTTP(w, r)
			return
		}
		if path.Ext(name) != "" && name != "index.html" {
			http.NotFound(w, r)
			return
		}
		page, err := fs.ReadFile(files, "index.html")
		if err != nil {
			http.Error(w, "The screens are not part of this build. Build them with: npm run build (in frontend)", http.StatusNotFound)
			return
		}
		h.Set("Content-Type", "text/html; charset=utf-8")
		w.Write(page)
	})
}
