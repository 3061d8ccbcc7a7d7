package app

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"

	native "github.com/wailsapp/wails/v2/pkg/runtime"

	"example.org/gatehouse/app/cli"
)

// The longest file the page may save, and the longest of its other messages.
const (
	maxSaved   = 64 << 20
	maxMessage = 4 << 10
)

// door is everything the page can reach: the server's API, what only a window can do, and the built screens.
func (w *window) door(screens http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/api/", w.api)
	mux.HandleFunc("GET /shell", w.about)
	mux.HandleFunc("POST /shell/save", w.save)
	mux.HandleFunc("POST /shell/open", w.open)
	mux.HandleFunc("POST /shell/reveal", w.reveal)
	mux.HandleFunc("PUT /shell/page", w.page)
	mux.HandleFunc("/shell/", func(rw http.ResponseWriter, _ *http.Request) { refuse(rw, http.StatusNotFound, "not_found") })
	mux.Handle("/", screens)
	return survive(w.log, mux)
}

// survive turns a panic into an answer. Nothing below Wails' asset server does, and the program would end.
func survive(log *slog.Logger, next http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		defer func() {
			if v := recover(); v != nil {
				log.ErrorContext(r.Context(), "request of the page panicked", "path", r.URL.Path, "panic", v, "stack", string(debug.Stack()))
				refuse(rw, http.StatusInternalServerError, "internal")
			}
		}()
		next.ServeHTTP(rw, r)
	})
}

// refuse answers like the API does: a problem document with a code, whose words the screens know.
func refuse(rw http.ResponseWriter, status int, code string) {
	rw.Header().Set("Content-Type", "application/problem+json")
	rw.Header().Set("Cache-Control", "no-store")
	rw.WriteHeader(status)
	answer(rw, map[string]any{"status": status, "code": code})
}

func answer(rw http.ResponseWriter, v any) {
	json.NewEncoder(rw).Encode(v) //nolint:errcheck,errchkjson // the page is gone
}

func (w *window) api(rw http.ResponseWriter, r *http.Request) {
	if w.server == nil {
		refuse(rw, http.StatusServiceUnavailable, "unreachable") // a dialog says why
		return
	}
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	w.server.api.ServeHTTP(&patient{ResponseWriter: rw, left: cancel}, r.WithContext(ctx))
}

// patient is an answer to a page that may have stopped listening. Net/http tells a handler so by its context; here the first
// write that fails is all there is to know it by, and some libraries take that for a bug and panic.
type patient struct {
	http.ResponseWriter
	left func()
}

// Write never fails: what nobody reads is as good as written.
func (p *patient) Write(b []byte) (int, error) {
	if _, err := p.ResponseWriter.Write(b); err != nil {
		p.left()
	}
	return len(b), nil
}

func (w *window) about(rw http.ResponseWriter, _ *http.Request) {
	version, _ := cli.Version()
	rw.Header().Set("Content-Type", "application/json")
	answer(rw, map[string]any{"platform": runtime.GOOS, "version": version, "attached": w.server != nil && w.server.attached})
}

// save asks where to put a file and writes the body there. WebKitGTK does nothing for <a download>.
func (w *window) save(rw http.ResponseWriter, r *http.Request) {
	content, err := io.ReadAll(http.MaxBytesReader(rw, r.Body, maxSaved))
	if err != nil {
		refuse(rw, http.StatusRequestEntityTooLarge, "too_large")
		return
	}
	name, err := native.SaveFileDialog(w.context(), native.SaveDialogOptions{
		DefaultFilename: filepath.Base(r.URL.Query().Get("name")), CanCreateDirectories: true,
	})
	if err == nil && name != "" {
		err = os.WriteFile(name, content, 0o600)
	}
	if err != nil {
		w.log.ErrorContext(r.Context(), "save a file", "err", err)
		refuse(rw, http.StatusInternalServerError, "not_saved")
		return
	}
	if name != "" {
		w.saved.Store(name, true)
	}
	rw.Header().Set("Content-Type", "application/json")
	answer(rw, map[string]any{"saved": name != "", "file": name})
}

// open shows an address in the person's browser.
func (w *window) open(rw http.ResponseWriter, r *http.Request) {
	var in struct {
		URL string `json:"url"`
	}
	if !read(rw, r, &in) {
		return
	}
	u, err := url.Parse(in.URL)
	if err != nil || (u.Scheme != "https" && u.Scheme != "http" && u.Scheme != "mailto") {
		refuse(rw, http.StatusBadRequest, "not_an_address")
		return
	}
	native.BrowserOpenURL(w.context(), u.String())
	rw.WriteHeader(http.StatusNoContent)
}

// reveal shows a file that the person has saved before.
func (w *window) reveal(rw http.ResponseWriter, r *http.Request) {
	var in struct {
		File string `json:"file"`
	}
	if !read(rw, r, &in) {
		return
	}
	if _, ok := w.saved.Load(in.File); !ok {
		refuse(rw, http.StatusNotFound, "not_found")
		return
	}
	if err := reveal(r.Context(), in.File); err != nil {
		w.log.WarnContext(r.Context(), "reveal a file", "err", err)
		refuse(rw, http.StatusInternalServerError, "not_revealed")
		return
	}
	rw.WriteHeader(http.StatusNoContent)
}

// page hears which language and theme the page shows, so that menus, dialogs and the next start look the same.
func (w *window) page(rw http.ResponseWriter, r *http.Request) {
	var in struct {
		Language string `json:"language"`
		Dark     bool   `json:"dark"`
	}
	if !read(rw, r, &in) {
		return
	}
	before := w.memory.look()
	w.memory.change(func(l *look) { l.Language, l.Dark = in.Language, in.Dark })
	if before.Language != in.Language {
		native.MenuSetApplicationMenu(w.context(), w.menu(in.Language))
	}
	rw.WriteHeader(http.StatusNoContent)
}

// read decodes a message of the page, and answers when it makes no sense.
func read(rw http.ResponseWriter, r *http.Request, v any) bool {
	if err := json.NewDecoder(http.MaxBytesReader(rw, r.Body, maxMessage)).Decode(v); err != nil {
		refuse(rw, http.StatusBadRequest, "malformed")
		return false
	}
	return true
}

// reveal shows a file or folder in the system's file manager.
func reveal(ctx context.Context, path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	show := []string{"xdg-open", path}
	switch runtime.GOOS {
	case "darwin":
		show = []string{"open", "-R", path}
	case "windows":
		show = []string{"explorer", "/select," + path}
	default:
		if !info.IsDir() {
			show[1] = filepath.Dir(path)
		}
	}
	err = exec.CommandContext(ctx, show[0], show[1:]...).Run() //nolint:gosec // a file that the person chose in a dialog, or our own
	var exit *exec.ExitError
	if runtime.GOOS == "windows" && errors.As(err, &exit) {
		return nil // explorer answers 1 when it has done what it was asked to
	}
	return err
}

func (w *window) revealOrLog(path string) {
	go func() {
		if err := reveal(context.Background(), path); err != nil {
			w.log.Warn("reveal", "path", path, "err", err)
		}
	}()
}
