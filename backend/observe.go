package backend

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"
)

type requestKey struct{}

// withRequest is a log handler that adds the id of the request to each line that is written for one.
type withRequest struct{ slog.Handler }

// Handle adds the id.
func (h withRequest) Handle(ctx context.Context, r slog.Record) error {
	if id, ok := ctx.Value(requestKey{}).(string); ok {
		r.AddAttrs(slog.String("request", id))
	}
	return h.Handler.Handle(ctx, r)
}

// WithAttrs keeps the id on derived loggers.
func (h withRequest) WithAttrs(attrs []slog.Attr) slog.Handler {
	return withRequest{h.Handler.WithAttrs(attrs)}
}

// WithGroup keeps the id on derived loggers.
func (h withRequest) WithGroup(name string) slog.Handler {
	return withRequest{h.Handler.WithGroup(name)}
}

// observed gives each request an id, survives its panics and writes one line about it. The line names the route: the
// path may hold the secret of a sign-in, the query the identifier of a person.
func (b *Backend) observed(listener string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := b.db.Now()
		r = r.WithContext(context.WithValue(r.Context(), requestKey{}, rand.Text()[:12]))
		seen := &statusWriter{ResponseWriter: w}
		defer func() {
			if v := recover(); v != nil {
				if v == http.ErrAbortHandler { //nolint:errorlint // net/http compares it so
					panic(v)
				}
				b.log.ErrorContext(r.Context(), "request panicked", "listener", listener, "route", r.Pattern, "panic", v, "stack", string(debug.Stack()))
				if seen.status == 0 {
					seen.WriteHeader(http.StatusInternalServerError)
				}
			}
			level := slog.LevelDebug
			if seen.status >= http.StatusInternalServerError {
				level = slog.LevelWarn
			}
			b.log.LogAttrs(r.Context(), level, "request", slog.String("listener", listener), slog.String("method", r.Method),
				slog.String("route", r.Pattern), slog.Int("status", seen.status), slog.Int64("bytes", seen.bytes),
				slog.Duration("took", b.db.Now().Sub(began)))
		}()
		next.ServeHTTP(seen, r)
	})
}

// statusWriter remembers what was answered.
type statusWriter struct {
	http.ResponseWriter
	status int
	bytes  int64
}

// WriteHeader remembers the first status.
func (w *statusWriter) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write counts.
func (w *statusWriter) Write(p []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	n, err := w.ResponseWriter.Write(p)
	w.bytes += int64(n)
	return n, err
}

// Unwrap serves http.ResponseController.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// healthEvery is how often /healthz writes at most, however often it is asked.
const healthEvery = time.Second

// healthy answers 200 when phones can be served and the database can be written, 503 otherwise, without details.
func (b *Backend) healthy(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	if err := b.wellness(r.Context()); err != nil {
		w.WriteHeader(http.StatusServiceUnavailable)
		w.Write([]byte("unavailable\n"))
		return
	}
	w.Write([]byte("ok\n"))
}

func (b *Backend) wellness(ctx context.Context) error {
	b.health.mu.Lock()
	defer b.health.mu.Unlock()
	now := b.db.Now()
	if age := now.Sub(b.health.at); age >= 0 && age < healthEvery {
		return b.health.err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second) // the answer is for the next ones too
	defer cancel()
	b.health.at, b.health.err = now, b.db.Writable(ctx)
	if b.health.err != nil {
		b.log.ErrorContext(ctx, "the database cannot be written", "err", b.health.err)
	}
	return b.health.err
}
