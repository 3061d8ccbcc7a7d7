package portal

import (
	"embed"
	"html/template"
	"log/slog"
	"net/http"

	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/directory"
	"example.org/gatehouse/backend/enroll"
	"example.org/gatehouse/backend/event"
	"example.org/gatehouse/backend/settings"
	"example.org/gatehouse/backend/text"
)

//go:embed pages
var pages embed.FS

// maxForm is how much of a form is read. The longest honest one has an identifier, a password and a few words.
const maxForm = 16 << 10

// Config is what a site is made of.
type Config struct {
	DB        *db.DB
	Enroll    *enroll.Server
	Directory *directory.Directory
	Settings  *settings.Store
	Events    *event.Log
	Text      *text.Store
	Log       *slog.Logger
}

// Site is the pages of the web sheet.
type Site struct {
	Config
	templates map[string]*template.Template
	brand     brand
}

// New is a site.
func New(c Config) *Site {
	s := &Site{Config: c, templates: map[string]*template.Template{}}
	for _, p := range drawn {
		s.templates[p.template] = template.Must(template.ParseFS(pages, "pages/layout.html", "pages/parts.html", "pages/"+p.template+".html"))
	}
	c.Enroll.OnErase(erase)
	return s
}

// The addresses of what pages are drawn with.
const (
	stylesPath = "/portal/style.css"
	logoPath   = "/portal/logo/"
)

// Routes adds the pages of the sheet and what they are drawn with.
func (s *Site) Routes(mux *http.ServeMux) {
	mux.HandleFunc("GET "+enroll.SignInPath+"{session}", s.handle((*visit).open))
	mux.HandleFunc("POST "+enroll.SignInPath+"{session}", s.handle((*visit).signIn))
	mux.HandleFunc("GET "+enroll.SignInPath+"{session}/{page}", s.handle((*visit).open))
	mux.HandleFunc("POST "+enroll.SignInPath+"{session}/{page}", s.handle((*visit).answer))
	mux.HandleFunc("GET "+previewPath+"{token}", s.showPreview)
	mux.HandleFunc("GET "+stylesPath, s.serveStyles)
	mux.HandleFunc("GET "+logoPath+"{name}", s.serveLogo)
}

// policy is what a page may do: show itself, load our style sheet and logo, and send its form to us. The scheme is the
// phone's: browsers apply form-action to the redirects of a form's answer too (CSP 3, 6.4.1.1), and that answer is the
// way back.
const policy = "default-src 'none'; style-src 'self'; img-src 'self'; " +
	"form-action 'self' " + callbackScheme + ":; base-uri 'none'; frame-ancestors 'none'"

func guard(h http.Header) {
	h.Set("Content-Security-Policy", policy)
	h.Set("Referrer-Policy", "no-referrer") // the session is in the address
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store") // a 308 may be kept for ever otherwise (RFC 9110, 15.4.9)
}
