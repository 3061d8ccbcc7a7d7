package text

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"

	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/event"
)

// What this room refuses.
var (
	ErrLanguage = errors.New("text: not a language")
	ErrUnknown  = errors.New("text: there is no such text, language or version")
)

// Store keeps what the administrator has changed, over the words that are built in.
type Store struct {
	db     *db.DB
	events *event.Log
	house  *house

	mu      sync.Mutex
	current cached // guarded by mu
	desk    kept   // guarded by mu
}

// cached is a catalogue and the revision of the rows that it was made from.
type cached struct {
	revision string
	catalog  *Catalog
}

// Open returns the texts of a database. There is nothing to read yet: without a row, all words are those built in.
func Open(d *db.DB, l *event.Log) (*Store, error) {
	h, err := builtIn()
	if err != nil {
		return nil, err
	}
	c, err := newCatalog(h, nil, nil)
	if err != nil {
		return nil, err
	}
	return &Store{db: d, events: l, house: h, current: cached{"", c}}, nil
}

// Current is the published words over those built in. It is read anew only when something was published, here or by
// another process. Together with an error comes the catalogue that was read last, so that a page can say what went wrong.
func (s *Store) Current(ctx context.Context) (*Catalog, error) {
	var c *Catalog
	err := s.db.View(ctx, func(tx *db.Tx) error {
		revision, catalog, err := s.published(tx)
		if err != nil {
			return err
		}
		c = catalog
		s.mu.Lock()
		defer s.mu.Unlock()
		s.current = cached{revision, c}
		return nil
	})
	if err != nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.current.catalog, err
	}
	return c, nil
}

// In is Current inside a transaction. What it reads is not kept: the transaction may come to nothing.
func (s *Store) In(tx *db.Tx) (*Catalog, error) {
	_, c, err := s.published(tx)
	return c, err
}

// published is the catalogue that phones see, and the revision of its rows.
func (s *Store) published(tx *db.Tx) (string, *Catalog, error) {
	revision, err := revisionOf(tx, published)
	if err != nil {
		return "", nil, err
	}
	s.mu.Lock()
	last := s.current
	s.mu.Unlock()
	if last.revision == revision {
		return revision, last.catalog, nil
	}
	rows, err := all(tx, false)
	if err != nil {
		return "", nil, err
	}
	c, err := s.lay(tx, last.catalog, rows)
	return revision, c, err
}

// Drafted is Current with all drafts laid over it.
func (s *Store) Drafted(ctx context.Context) (*Catalog, error) {
	var c *Catalog
	err := s.look(ctx, source, func(d *desk) error {
		c = d.after
		return nil
	})
	return c, err
}

// The names of revisions. What changes the drafts changes drafted alone, what changes the published words or the
// languages changes both.
const (
	published = "published"
	drafted   = "drafted"
)

func revisionOf(tx *db.Tx, name string) (revision string, err error) {
	err = tx.Row(`SELECT revision FROM text_revisions WHERE name = $1`, name).Scan(&revision)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("read the revision of texts: %w", err)
	}
	return revision, nil
}

// renew says that something has changed. A revision is a name and not a number: two transactions of which one comes to
// nothing must not mean the same one.
func renew(tx *db.Tx, names ...string) error {
	for _, name := range names {
		if _, err := tx.Exec(`
			INSERT INTO text_revisions (name, revision) VALUES ($1, $2)
			ON CONFLICT (name) DO UPDATE SET revision = excluded.revision`, name, db.NewID()); err != nil {
			return fmt.Errorf("renew the revision of texts: %w", err)
		}
	}
	return nil
}

// lay makes a catalogue of rows, the later ones over the earlier. What did not change since before is not parsed again.
func (s *Store) lay(tx *db.Tx, before *Catalog, layers ...map[spot]row) (*Catalog, error) {
	changed := map[string]map[Key]*phrase{}
	for _, rows := range layers {
		for at, r := range rows {
			e, ok := s.house.entries[at.key]
			switch {
			case !ok: // a newer program had such a key
			case r.Words == "":
				delete(changed[at.language], at.key)
			default:
				if changed[at.language] == nil {
					changed[at.language] = map[Key]*phrase{}
				}
				p := before.phrase(at)
				if p == nil || p.words != r.Words {
					p, _ = newPhrase(e, r.Words)
				}
				changed[at.language][at.key] = p
			}
		}
	}
	own, err := languages(tx)
	if err != nil {
		return nil, err
	}
	c, err := newCatalog(s.house, changed, own)
	if err != nil {
		return nil, err
	}
	last, err := lastVersion(tx)
	if err != nil {
		return nil, err
	}
	c.version, c.terms = last.Version, last.Terms
	if c.terms.Date.IsZero() {
		c.terms.Date = tx.Now // of terms that are a draft
	}
	return c, nil
}

func (c *Catalog) phrase(at spot) *phrase {
	if c == nil {
		return nil
	}
	return c.changed[at.language][at.key]
}
