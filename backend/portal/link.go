package portal

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"rsc.io/qr"

	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/text"
)

const (
	previewPath = "/preview/"
	previewLife = 10 * time.Minute
	// maxPreview bounds what is kept of words that nobody has saved.
	maxPreview = 256 << 10
	// maxPreviews bounds how many links there are at a time; the oldest makes room.
	maxPreviews = 100
)

var (
	// ErrNoAddress says that phones cannot reach us yet: the set-up is not done.
	ErrNoAddress = errors.New("portal: there is no address that a phone could open")
	// ErrTooMuch says that a preview has more unsaved words than anybody types.
	ErrTooMuch = errors.New("portal: the unsaved words of a preview are too many")
)

// Link opens a preview on a real phone, for ten minutes.
type Link struct {
	URL       string
	QR        string // SVG
	ExpiresAt time.Time
}

// linked is what a link opens. The words are read again at each load: drafts that change meanwhile are seen.
type linked struct {
	Page, Language, Scheme string
	Large, RTL             bool
	Sample                 string
	Error                  text.Key
	Changes                []text.Change
}

// NewLink makes a link to a preview. The catalogue of p is not looked at: the drafts are, with the unsaved changes.
func (s *Site) NewLink(ctx context.Context, p Preview, changes []text.Change) (Link, error) {
	if _, err := s.pretend(ctx, p); err != nil {
		return Link{}, err
	}
	now, err := s.Settings.Get(ctx)
	if err != nil {
		return Link{}, err
	}
	if now.URL == "" {
		return Link{}, ErrNoAddress
	}
	request, err := json.Marshal(linked{p.Page, p.Language, p.Scheme, p.Large, p.RTL, p.Sample, p.Error, changes})
	if err != nil {
		return Link{}, fmt.Errorf("make a preview link: %w", err)
	}
	if len(request) > maxPreview {
		return Link{}, ErrTooMuch
	}
	token := rand.Text()
	l := Link{URL: now.URL + previewPath + token}
	if l.QR, err = qrCode(l.URL); err != nil {
		return Link{}, err
	}
	err = s.DB.Update(ctx, func(tx *db.Tx) error {
		l.ExpiresAt = tx.Now.Add(previewLife)
		_, err := tx.Exec(`
			DELETE FROM previews
			WHERE expires_at <= $1 OR digest NOT IN (SELECT digest FROM previews ORDER BY expires_at DESC, digest LIMIT $2)`,
			db.Millis(tx.Now), maxPreviews-1)
		if err != nil {
			return err
		}
		digest := sha256.Sum256([]byte(token))
		_, err = tx.Exec(`
			INSERT INTO previews (digest, request, expires_at) VALUES ($1, $2, $3)`, digest[:], string(request), db.Millis(l.ExpiresAt))
		return err
	})
	if err != nil {
		return Link{}, fmt.Errorf("make a preview link: %w", err)
	}
	return l, nil
}

// linkOf finds what a link opens; false when it has run out or never was.
func (s *Site) linkOf(ctx context.Context, token string) (linked, bool, error) {
	var request string
	digest := sha256.Sum256([]byte(token))
	err := s.DB.View(ctx, func(tx *db.Tx) error {
		return tx.Row(`
			SELECT request FROM previews WHERE digest = $1 AND expires_at > $2`, digest[:], db.Millis(tx.Now)).Scan(&request)
	})
	if errors.Is(err, sql.ErrNoRows) {
		return linked{}, false, nil
	}
	if err != nil {
		return linked{}, false, fmt.Errorf("find a preview: %w", err)
	}
	var l linked
	if err := json.Unmarshal([]byte(request), &l); err != nil {
		return linked{}, false, fmt.Errorf("read a preview: %w", err)
	}
	return l, true, nil
}

// showPreview draws the page of a link, marked as a preview. Its forms enroll nothing: they lead to the next page of the
// preview.
func (s *Site) showPreview(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	guard(w.Header())
	page, status, err := s.previewOf(ctx, r)
	if err != nil {
		s.Log.ErrorContext(ctx, "preview not drawn", "err", err)
		http.Error(w, "", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(len(page)))
	h.Set("X-Robots-Tag", "noindex")
	w.WriteHeader(status)
	w.Write(page) //nolint:gosec // html/template and the catalogue have escaped it
}

func (s *Site) previewOf(ctx context.Context, r *http.Request) ([]byte, int, error) {
	token := r.PathValue("token")
	l, ok, err := s.linkOf(ctx, token)
	if err != nil {
		return nil, 0, err
	}
	p := Preview{
		Page: l.Page, Language: l.Language, Scheme: l.Scheme, Large: l.Large, RTL: l.RTL, Sample: l.Sample, Error: l.Error,
		link: previewPath + token,
	}
	status := http.StatusOK
	if !ok {
		p, status = Preview{Page: "error", Error: "e.session", Language: r.Header.Get("Accept-Language")}, http.StatusNotFound
	} else {
		drafted, err := s.Text.Drafted(ctx)
		if err != nil {
			return nil, 0, err
		}
		p.Catalog, _ = drafted.With(l.Changes...)
		if next := r.URL.Query().Get("page"); next != l.Page && drawn[next].template != "" {
			p.Page, p.Error = next, ""
		}
		if language := r.URL.Query().Get("language"); language != "" {
			p.Language = language
		}
	}
	page, err := s.Render(ctx, p)
	return page, status, err
}

// qrCode draws an address as a QR code: one path of dark squares on white, with the margin that readers need.
func qrCode(address string) (string, error) {
	code, err := qr.Encode(address, qr.M)
	if err != nil {
		return "", fmt.Errorf("draw a QR code: %w", err)
	}
	const margin = 4
	size := strconv.Itoa(code.Size + 2*margin)
	var b strings.Builder
	b.WriteString(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ` + size + ` ` + size + `" shape-rendering="crispEdges">` +
		`<rect width="` + size + `" height="` + size + `" fill="#fff"/><path fill="#000" d="`)
	for y := range code.Size {
		for x := range code.Size {
			if code.Black(x, y) {
				fmt.Fprintf(&b, "M%d %dh1v1h-1z", x+margin, y+margin)
			}
		}
	}
	b.WriteString(`"/></svg>`)
	return b.String(), nil
}
