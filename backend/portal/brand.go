package portal

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/event"
	"example.org/gatehouse/backend/settings"
)

// LogoChanged is the event of another logo, or of none any more.
const LogoChanged event.Kind = "portal.logo_changed"

// The two kinds of pages that a logo is for.
const (
	Light = "light"
	Dark  = "dark"
)

// Logo is the organization's picture for light or for dark pages.
type Logo struct {
	Scheme, Version, Kind string
	Width, Height         int
	Content               []byte
}

// look is how pages look: the addresses of style sheet and logos, and what a preview wants besides.
type look struct {
	Style  string       // address of the style sheet
	Inline template.CSS // the style sheet itself, where the page must stand alone
	Logo   *picture     // nil: the name stands there
	Dark   *picture     // nil: the same on dark pages
	Scheme string       // "light", "dark", or "" as the phone has it
	Large  bool
	rtl    bool
}

// picture is a logo as a page shows it.
type picture struct {
	Address       template.URL
	Width, Height int
}

// logoHeight is how high a logo is shown at most, in pixels; logoWidth how wide.
const (
	logoHeight = 60
	logoWidth  = 240
)

func (l Logo) picture() *picture {
	p := &picture{Address: template.URL(logoPath + l.Version + "." + strings.TrimPrefix(l.Kind, "image/")), Width: l.Width, Height: l.Height} //nolint:gosec // a digest
	for _, bound := range []struct {
		is   *int
		most int
	}{{&p.Height, logoHeight}, {&p.Width, logoWidth}} {
		if *bound.is > bound.most {
			p.Width, p.Height = p.Width*bound.most / *bound.is, p.Height*bound.most / *bound.is
		}
	}
	p.Width, p.Height = max(1, p.Width), max(1, p.Height)
	return p
}

// brand keeps the style sheets that were made of late, by their colours. There are few.
type brand struct {
	mu     sync.Mutex
	sheets map[string]sheet // guarded by mu
}

type sheet struct {
	css     []byte
	version string
}

// sheetOf is the style sheet with the organization's colours, for pages that follow the phone or always look one way.
func (s *Site) sheetOf(p settings.Portal, scheme string) sheet {
	key := p.AccentLight + p.AccentDark + scheme
	s.brand.mu.Lock()
	defer s.brand.mu.Unlock()
	if made, ok := s.brand.sheets[key]; ok {
		return made
	}
	if s.brand.sheets == nil || len(s.brand.sheets) > 50 {
		s.brand.sheets = map[string]sheet{}
	}
	css := colours(p, scheme) + styleSheet
	sum := sha256.Sum256([]byte(css))
	made := sheet{[]byte(css), hex.EncodeToString(sum[:6])}
	s.brand.sheets[key] = made
	return made
}

// styleSheet is all of the style but the colours.
var styleSheet = func() string {
	b, err := pages.ReadFile("pages/style.css")
	if err != nil {
		panic(err) // it is compiled in
	}
	return string(b)
}()

// The colours of pages, apart from the organization's own. settings.Contrasts knows the backgrounds.
const (
	lightColours = "--page:#f2f2f7;--cell:#ffffff;--ink:#000000;--soft:#48484f;--line:#c6c6c8;--broken:#971b15;--on-broken:#ffffff;--good:#1a6b36;"
	darkColours  = "--page:#000000;--cell:#1c1c1e;--ink:#ffffff;--soft:#aeaeb6;--line:#3d3d41;--broken:#ff8a80;--on-broken:#2b0503;--good:#5fd38a;"
)

// colours are the colours of pages as custom properties. What the settings have was validated when it was stored; a
// colour that is none all the same falls back to the default.
func colours(p settings.Portal, scheme string) string {
	verdicts := settings.Contrasts(p)
	usual := settings.Defaults().Portal
	light, dark := verdicts[0], verdicts[1]
	for i, c := range settings.Contrasts(usual) {
		if verdicts[i].Problem == "not_color" {
			[]*settings.Contrast{&light, &dark}[i].Color, []*settings.Contrast{&light, &dark}[i].Ink = c.Color, c.Ink
		}
	}
	day := lightColours + "--accent:" + light.Color + ";--on-accent:" + light.Ink + ";"
	night := darkColours + "--accent:" + dark.Color + ";--on-accent:" + dark.Ink + ";"
	switch scheme {
	case Light:
		return ":root{color-scheme:light;" + day + "}\n"
	case Dark:
		return ":root{color-scheme:dark;" + night + "}\n"
	default:
		return ":root{color-scheme:light dark;" + day + "}\n@media(prefers-color-scheme:dark){:root{" + night + "}}\n"
	}
}

// lookOf is how pages look at the moment.
func (s *Site) lookOf(ctx context.Context, now settings.Settings, scheme string) (look, error) {
	l := look{Style: stylesPath + "?v=" + s.sheetOf(now.Portal, scheme).version, Scheme: scheme}
	if scheme != "" {
		l.Style += "&scheme=" + scheme
	}
	logos, err := s.Logos(ctx)
	if err != nil {
		return l, err
	}
	for _, logo := range logos {
		switch logo.Scheme {
		case Light:
			l.Logo = logo.picture()
		case Dark:
			l.Dark = logo.picture()
		}
	}
	switch {
	case l.Logo == nil:
		l.Logo, l.Dark = l.Dark, nil
	case scheme == Light:
		l.Dark = nil
	case scheme == Dark && l.Dark != nil:
		l.Logo, l.Dark = l.Dark, nil
	}
	return l, nil
}

// Logos are the logos without their content.
func (s *Site) Logos(ctx context.Context) ([]Logo, error) {
	var list []Logo
	err := s.DB.View(ctx, func(tx *db.Tx) error {
		list = nil
		rows, err := tx.Rows(`SELECT scheme, version, kind, width, height FROM logos ORDER BY scheme`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var l Logo
			if err := rows.Scan(&l.Scheme, &l.Version, &l.Kind, &l.Width, &l.Height); err != nil {
				return err
			}
			list = append(list, l)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("look for logos: %w", err)
	}
	return list, nil
}

// Logo finds a logo with its content by its version; the zero value when there is none.
func (s *Site) Logo(ctx context.Context, version string) (Logo, error) {
	var l Logo
	err := s.DB.View(ctx, func(tx *db.Tx) error {
		return tx.Row(`
			SELECT scheme, version, kind, width, height, content FROM logos WHERE version = $1 LIMIT 1`, version).
			Scan(&l.Scheme, &l.Version, &l.Kind, &l.Width, &l.Height, &l.Content)
	})
	if errors.Is(err, sql.ErrNoRows) {
		return Logo{}, nil
	}
	return l, err
}

// SetLogo stores a picture as the logo for one kind of pages. It is drawn anew: what else was in the file is gone.
func (s *Site) SetLogo(ctx context.Context, scheme string, file []byte) (Logo, error) {
	l, err := redraw(file)
	if err != nil {
		return Logo{}, err
	}
	l.Scheme = scheme
	sum := sha256.Sum256(append([]byte(scheme), l.Content...))
	l.Version = hex.EncodeToString(sum[:8])
	err = s.DB.Update(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(`
			INSERT INTO logos (scheme, version, kind, width, height, content, set_at) VALUES ($1, $2, $3, $4, $5, $6, $7)
			ON CONFLICT (scheme) DO UPDATE SET version = excluded.version, kind = excluded.kind, width = excluded.width,
				height = excluded.height, content = excluded.content, set_at = excluded.set_at`,
			l.Scheme, l.Version, l.Kind, l.Width, l.Height, l.Content, db.Millis(tx.Now))
		if err != nil {
			return fmt.Errorf("store logo: %w", err)
		}
		return s.Events.Add(tx, event.Event{Kind: LogoChanged, Params: map[string]string{"scheme": scheme, "version": l.Version}})
	})
	return l, err
}

// DropLogo removes a logo. Without one the organization's name stands there.
func (s *Site) DropLogo(ctx context.Context, scheme string) error {
	err := s.DB.Update(ctx, func(tx *db.Tx) error {
		n, err := tx.Exec(`DELETE FROM logos WHERE scheme = $1`, scheme)
		if err != nil || n == 0 {
			return err
		}
		return s.Events.Add(tx, event.Event{Kind: LogoChanged, Params: map[string]string{"scheme": scheme, "version": ""}})
	})
	if err != nil {
		return fmt.Errorf("remove logo: %w", err)
	}
	return nil
}

func (s *Site) serveStyles(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	guard(h)
	now, err := s.Settings.Get(r.Context())
	if err != nil {
		s.Log.ErrorContext(r.Context(), "style sheet not read", "err", err)
		now = settings.Defaults() // readable, if in other colours
	}
	scheme := r.URL.Query().Get("scheme")
	if scheme != Light && scheme != Dark {
		scheme = ""
	}
	made := s.sheetOf(now.Portal, scheme)
	h.Set("Content-Type", "text/css; charset=utf-8")
	keepable(h, r.URL.Query().Get("v") == made.version)
	w.Write(made.css)
}

// keepable says how long an answer may be kept: for ever, if its address names its version.
func keepable(h http.Header, versioned bool) {
	h.Set("Cache-Control", "no-cache")
	if versioned {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
}

func (s *Site) serveLogo(w http.ResponseWriter, r *http.Request) {
	guard(w.Header())
	version, _, _ := strings.Cut(r.PathValue("name"), ".")
	l, err := s.Logo(r.Context(), version)
	switch {
	case err != nil:
		s.Log.ErrorContext(r.Context(), "logo not read", "err", err)
		w.WriteHeader(http.StatusInternalServerError)
		return
	case l.Version == "":
		w.WriteHeader(http.StatusNotFound)
		return
	}
	h := w.Header()
	h.Set("Content-Type", l.Kind)
	h.Set("Content-Length", strconv.Itoa(len(l.Content)))
	keepable(h, true)
	w.Write(l.Content)
}
