package portal

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"html/template"
	"log/slog"
	"net/http"

	"example.org/gatehouse/backend/directory"
	"example.org/gatehouse/backend/enroll"
	"example.org/gatehouse/backend/settings"
	"example.org/gatehouse/backend/text"
)

//go:embed pages
var pages embed.FS

// stylesPath is where the pages' one style sheet is served.
const stylesPath = "/portal/style.css"

// maxForm is how much of a form is read. The longest honest one has an identifier, a password and a few words.
const maxForm = 16 << 10

// Config is what a site is made of.
type Config struct {
	Enroll    *enroll.Server
	Directory *directory.Directory
	Settings  *settings.Store
	Text      *text.Store
	Log       *slog.Logger
}

// Site is the pages of the web sheet.
type Site struct {
	Config
	templates map[string]*template.Template
	styles    []byte
	version   string // of the style sheet, in its address: it may be kept for ever
}

// New is a site.
func New(c Config) *Site {
	s := &Site{Config: c, templates: map[string]*template.Template{}}
	for _, name := range []string{pageSignIn, pageCode, pageError} {
		s.templates[name] = template.Must(template.ParseFS(pages, "pages/layout.html", "pages/"+name+".html"))
	}
	var err error
	if s.styles, err = pages.ReadFile("pages/style.css"); err != nil {
		panic(err) // it is compiled in
	}
	sum := sha256.Sum256(s.styles)
	s.version = hex.EncodeToString(sum[:6])
	return s
}

// Routes adds the pages of the sheet and what they are drawn with.
func (s *Site) Routes(mux *http.ServeMux) {
	mux.HandleFunc("GET "+enroll.SignInPath+"{session}", s.handle(s.showSignIn))
	mux.HandleFunc("POST "+enroll.SignInPath+"{session}", s.handle(s.signIn))
	mux.HandleFunc("GET "+enroll.SignInPath+"{session}/code", s.handle(s.showCode))
	mux.HandleFunc("POST "+enroll.SignInPath+"{session}/code", s.handle(s.signInByCode))
	mux.HandleFunc("GET "+stylesPath, s.serveStyles)
}

// policy is what a page may do: show itself, load our style sheet, and send its form to us. The scheme is the phone's:
// browsers apply form-action to the redirects of a form's answer too (CSP 3, 6.4.1.1), and that answer is the way back.
const policy = "default-src 'none'; style-src 'self'; img-src 'self' data:; " +
	"form-action 'self' " + callbackScheme + ":; base-uri 'none'; frame-ancestors 'none'"

func guard(h http.Header) {
	h.Set("Content-Security-Policy", policy)
	h.Set("Referrer-Policy", "no-referrer") // the session is in the address
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store") // a 308 may be kept for ever otherwise (RFC 9110, 15.4.9)
}

func (s *Site) serveStyles(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	guard(h)
	h.Set("Content-Type", "text/css; charset=utf-8")
	h.Set("Cache-Control", "no-cache")
	if r.URL.Query().Get("v") == s.version {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	w.Write(s.styles)
}
