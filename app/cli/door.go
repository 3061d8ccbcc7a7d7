package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"example.org/gatehouse/app/key"
	"example.org/gatehouse/backend"
	"example.org/gatehouse/backend/admin"
)

// door is the administrator's door, in this process or of the server that holds the data folder.
type door struct {
	do    func(*http.Request) (*http.Response, error)
	base  string
	token string
	close func() error
	log   *lastError // what went wrong in this process; nil at another's door
}

// patience is how long we wait for another command or a starting server to be done with the data folder.
const patience = 10 * time.Second

// open opens the door. Whoever opens it closes it.
func (p *program) open(ctx context.Context) (*door, error) {
	data, err := p.folder()
	if err != nil {
		return nil, err
	}
	if p.database == "" {
		if _, err := os.Stat(filepath.Join(data, "gatehouse.db")); err != nil {
			return nil, fmt.Errorf("there is no Gatehouse in %s: make one with init, or name its folder with --data", data)
		}
	}
	return p.openAt(ctx, data)
}

func (p *program) folder() (string, error) {
	if p.data != "" {
		return filepath.Abs(p.data)
	}
	return backend.DefaultData()
}

func (p *program) openAt(ctx context.Context, data string) (*door, error) {
	for end := time.Now().Add(patience); ; {
		d, err := p.tryOpen(ctx, data)
		if err == nil || !errors.Is(err, backend.ErrHeld) || time.Now().After(end) {
			return d, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// tryOpen opens the backend, or the door of the server that holds it. A folder that is held by nobody who answers is
// [backend.ErrHeld]: another command has it for a moment, or a server is starting or stopping.
func (p *program) tryOpen(ctx context.Context, data string) (*door, error) {
	k, err := key.Open(data, false)
	if err != nil {
		return nil, err
	}
	last := &lastError{}
	version, commit := Version()
	b, err := backend.Open(ctx, backend.Config{
		Data: data, Database: p.database, Key: k.Bytes(), Log: slog.New(last), Version: version, Commit: commit,
	})
	if err == nil {
		return inside(b, last), nil
	}
	var held *backend.HeldError
	if !errors.As(err, &held) || held.Running.Admin == "" {
		return nil, err
	}
	if !alive(ctx, held.Running) {
		return nil, fmt.Errorf("%w, but it does not answer; try again in a moment", err)
	}
	return outside(held.Running), nil
}

// outside is the door of the server that holds the data folder.
func outside(r backend.Running) *door {
	client := &http.Client{Timeout: 2 * time.Minute}
	return &door{do: client.Do, base: r.Admin, token: r.Token, close: func() error { return nil }}
}

// inside is the door of a backend in this process.
func inside(b *backend.Backend, last *lastError) *door {
	handler := b.API().Handler()
	return &door{
		base: "http://localhost", close: b.Close, log: last,
		do: func(r *http.Request) (*http.Response, error) {
			body, w := newAnswer()
			go func() {
				defer w.end()
				handler.ServeHTTP(w, r.WithContext(admin.AsOperator(r.Context())))
			}()
			<-w.begun
			return &http.Response{Status: http.StatusText(w.status), StatusCode: w.status, Header: w.header, Body: body}, nil
		},
	}
}

// answer is one that is made in this process. Its body is read while it is made: a long list is never held as a whole.
type answer struct {
	header http.Header
	status int
	begun  chan struct{} // closed once status and header are final
	once   sync.Once
	body   *io.PipeWriter
}

func newAnswer() (io.ReadCloser, *answer) {
	r, w := io.Pipe()
	return rest{r}, &answer{header: http.Header{}, status: http.StatusOK, begun: make(chan struct{}), body: w}
}

// rest is a body that is read to its end before it is closed, so that whoever makes it is done then.
type rest struct{ *io.PipeReader }

func (r rest) Close() error {
	_, err := io.Copy(io.Discard, r.PipeReader)
	return err
}

// Header is that of the answer.
func (w *answer) Header() http.Header { return w.header }

// WriteHeader fixes the status.
func (w *answer) WriteHeader(status int) {
	w.once.Do(func() {
		w.status = status
		close(w.begun)
	})
}

// Write hands a piece of the body over.
func (w *answer) Write(b []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.body.Write(b)
}

func (w *answer) end() {
	w.WriteHeader(http.StatusOK)
	w.body.Close() //nolint:errcheck // it never fails
}

// refused is a refusal of the door.
type refused struct {
	admin.Problem
	cause error // of an internal one, if it happened in this process
}

func (e *refused) Error() string {
	if e.cause != nil {
		return e.cause.Error()
	}
	return e.Detail
}

func (e *refused) Unwrap() error { return e.cause }

// call asks for one thing. The body and the answer are JSON.
func call[Out any](ctx context.Context, d *door, method, path string, body any) (*Out, error) {
	content, err := d.ask(ctx, method, path, body)
	if err != nil {
		return nil, err
	}
	defer content.Close()
	out := new(Out)
	if err := json.NewDecoder(content).Decode(out); err != nil {
		return nil, fmt.Errorf("read the answer of the server: %w", err)
	}
	return out, nil
}

// download asks for a file. Whoever gets it closes it.
func (d *door) download(ctx context.Context, path string, body any) (io.ReadCloser, error) {
	return d.ask(ctx, http.MethodPost, path, body)
}

func (d *door) ask(ctx context.Context, method, path string, body any) (io.ReadCloser, error) {
	var content io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		content = bytes.NewReader(b)
	}
	request, err := http.NewRequestWithContext(ctx, method, d.base+"/api"+path, content)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	if d.token != "" {
		request.Header.Set("Authorization", "Bearer "+d.token)
	}
	answer, err := d.do(request)
	if err != nil {
		return nil, fmt.Errorf("ask the running server: %w", err)
	}
	if answer.StatusCode < http.StatusBadRequest {
		return answer.Body, nil
	}
	defer answer.Body.Close()
	e := &refused{}
	if err := json.NewDecoder(answer.Body).Decode(&e.Problem); err != nil {
		return nil, fmt.Errorf("the server answered %s", answer.Status)
	}
	if e.Code == admin.Internal && d.log != nil {
		e.cause = d.log.take()
	}
	return nil, e
}

// with opens the door for one command.
func (p *program) with(ctx context.Context, do func(*door) error) error {
	d, err := p.open(ctx)
	if err != nil {
		return err
	}
	return errors.Join(do(d), d.close())
}

// lastError is a log that remembers what went wrong: a command has no log that anybody would look into, so its one line
// on standard error must say it.
type lastError struct {
	mu  sync.Mutex
	err error // guarded by mu
}

// Enabled listens to errors alone.
func (*lastError) Enabled(_ context.Context, l slog.Level) bool { return l >= slog.LevelError }

// Handle remembers the error of a line.
func (h *lastError) Handle(_ context.Context, r slog.Record) error {
	r.Attrs(func(a slog.Attr) bool {
		if err, ok := a.Value.Any().(error); ok {
			h.mu.Lock()
			defer h.mu.Unlock()
			h.err = fmt.Errorf("%s: %w", r.Message, err)
		}
		return true
	})
	return nil
}

// WithAttrs keeps listening.
func (h *lastError) WithAttrs([]slog.Attr) slog.Handler { return h }

// WithGroup keeps listening.
func (h *lastError) WithGroup(string) slog.Handler { return h }

func (h *lastError) take() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.err
}
