package app

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httputil"
	"net/url"
	"time"

	"example.org/gatehouse/backend"
	"example.org/gatehouse/backend/admin"
)

// server is what the window shows: a server of our own, or one that already works on the same data folder.
type server struct {
	api      http.Handler // everything below /api/
	attached bool
	own      *backend.Backend // nil when attached
}

// openServer opens the server of the data folder, or attaches to the one that holds it. A command may have the folder for a
// moment, and a server that is starting does not say yet where it is: both are waited for.
func openServer(ctx context.Context, c backend.Config) (*server, error) {
	patience, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	for {
		b, err := backend.Open(ctx, c)
		if err == nil {
			return &server{api: asOperator(b.API().Handler()), own: b}, nil
		}
		var held *backend.HeldError
		if !errors.As(err, &held) {
			return nil, err
		}
		if there := held.Running; alive(patience, there) {
			c.Log.InfoContext(ctx, "attached to a running server", "pid", there.PID, "admin", there.Admin)
			return &server{api: forward(there, c.Log), attached: true}, nil
		}
		select {
		case <-patience.Done():
			return nil, err
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// alive asks a server whether it is there. A killed one leaves its address behind.
func alive(ctx context.Context, there backend.Running) bool {
	if there.Admin == "" {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, there.Admin+"/api/version", nil)
	if err != nil {
		return false
	}
	r.Header.Set("Authorization", "Bearer "+there.Token)
	resp, err := client.Do(r)
	if err != nil {
		return false
	}
	resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}

// client speaks with another process of this computer; no proxy stands between.
var client = &http.Client{Transport: &http.Transport{}}

// asOperator lets whoever sits at the window do what the operator of this computer may do.
func asOperator(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(w, r.WithContext(admin.AsOperator(r.Context())))
	})
}

// run serves phones until ctx ends. Attached there is nothing to do but wait.
func (s *server) run(ctx context.Context) error {
	if s.attached {
		<-ctx.Done()
		return nil
	}
	return s.own.Run(ctx)
}

func (s *server) close() error {
	if s.attached {
		return nil
	}
	return s.own.Close()
}

// forward hands the window's requests to another server, with its token.
func forward(there backend.Running, log *slog.Logger) http.Handler {
	return &httputil.ReverseProxy{
		Transport: client.Transport,
		Rewrite: func(r *httputil.ProxyRequest) {
			target, err := url.Parse(there.Admin)
			if err != nil {
				log.ErrorContext(r.In.Context(), "address of the running server makes no sense", "err", err)
				return
			}
			r.SetURL(target)
			r.Out.Header.Set("Authorization", "Bearer "+there.Token)
			for _, name := range []string{"Origin", "Referer", "Sec-Fetch-Site", "Sec-Fetch-Mode", "Sec-Fetch-Dest"} {
				r.Out.Header.Del(name) // they speak of the window's own pages
			}
		},
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			log.WarnContext(r.Context(), "running server does not answer", "err", err)
			refuse(w, http.StatusServiceUnavailable, "unreachable")
		},
	}
}
