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
	drafted cached // guarded by mu
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
	err := s.db.View(ctx, func(tx *db.Tx) (err error) {
		c, err = s.keep(tx, &s.current, published)
		return err
	})
	if err != nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.current.catalog, err
	}
	return c, nil
}

// Drafted is Current with all drafts laid over it.
func (s *Store) Drafted(ctx context.Context) (*Catalog, error) {
	var c *Catalog
	err := s.db.View(ctx, func(tx *db.Tx) (err error) {
		c, err = s.keep(tx, &s.drafted, drafted)
		return err
	})
	return c, err
}

// In is Current inside a transaction.
func (s *Store) In(tx *db.Tx) (*Catalog, error) {
	revision, err := revisionOf(tx, published)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	kept := s.current
	s.mu.Unlock()
	if kept.revision == revision {
		return kept.catalog, nil
	}
	return s.read(tx, published, kept.catalog) // not kept: the transaction may come to nothing
}

// The names of revisions. What changes the drafts changes drafted alone, what changes the published words or the
// languages changes both.
const (
	published = "published"
	drafted   = "drafted"
)

func (s *Store) keep(tx *db.Tx, place *cached, name string) (*Catalog, error) {
	revision, err := revisionOf(tx, name)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	kept := *place
	s.mu.Unlock()
	if kept.catalog != nil && kept.revision == revision {
		return kept.catalog, nil
	}
	c, err := s.read(tx, name, kept.catalog)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	*place = cached{revision, c}
	return c, nil
}

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

// read reads a catalogue. What did not change since before is not parsed again.
func (s *Store) read(tx *db.Tx, name string, before *Catalog) (*Catalog, error) {
	changed := map[string]map[Key]*phrase{}
	lay := func(r row) {
		e, ok := s.house.entries[r.key]
		switch {
		case !ok: // a newer program had such a key
		case r.Words == "":
			delete(changed[r.language], r.key)
		default:
			if changed[r.language] == nil {
				changed[r.language] = map[Key]*phrase{}
			}
			p := before.phrase(r.language, r.key)
			if p == nil || p.words != r.Words {
				p, _ = newPhrase(e, r.Words)
			}
			changed[r.language][r.key] = p
		}
	}
	if err := each(tx, false, lay); err != nil {
		return nil, err
	}
	if name == drafted {
		if err := each(tx, true, lay); err != nil {
			return nil, err
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
	if name == drafted && c.terms.Date.IsZero() {
		c.terms.Date = tx.Now
	}
	return c, nil
}

func (c *Catalog) phrase(tag string, key Key) *phrase {
	if c == nil {
		return nil
	}
	return c.changed[tag][key]
}
