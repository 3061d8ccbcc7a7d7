package settings

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"

	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/event"
)

// Changed is the event of a change; its parameters are the keys that changed.
const Changed event.Kind = "settings.changed"

// ErrNoSecret says that a secret was never set.
var ErrNoSecret = errors.New("settings: no such secret")

// document is the name of the one row that holds the settings.
const document = "settings"

// Store keeps the settings in the database.
type Store struct {
	db     *db.DB
	events *event.Log

	mu        sync.Mutex
	guards    []Guard    // guarded by mu
	followers []Follower // guarded by mu
	decoded   decoded    // guarded by mu
}

// decoded is what a document said: every request of a phone asks, and the document hardly ever changes.
type decoded struct {
	text     string
	settings Settings
}

// Guard is asked before a change. Its error refuses the change, unless the administrator insists.
type Guard func(tx *db.Tx, old, new Settings) error

// Follower does what must follow from a change, in its transaction: what is not asked for any more is forgotten, say. Its
// error undoes the change.
type Follower func(tx *db.Tx, old, new Settings) error

// Open returns the settings of a database. There is nothing to read yet: a missing document means the defaults.
func Open(d *db.DB, l *event.Log) *Store { return &Store{db: d, events: l} }

// Guard hangs up a guard.
func (s *Store) Guard(g Guard) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.guards = append(s.guards, g)
}

// Follow adds a follower.
func (s *Store) Follow(f Follower) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.followers = append(s.followers, f)
}

// Get returns the settings.
func (s *Store) Get(ctx context.Context) (Settings, error) {
	var now Settings
	err := s.db.View(ctx, func(tx *db.Tx) (err error) {
		now, err = s.In(tx)
		return err
	})
	return now, err
}

// In returns the settings inside a transaction. They share their lists with those of others: look, and do not touch.
func (s *Store) In(tx *db.Tx) (Settings, error) {
	text, _, err := read(tx)
	if err != nil {
		return Settings{}, err
	}
	s.mu.Lock()
	last := s.decoded
	s.mu.Unlock()
	if last.text == text && text != "" {
		return last.settings, nil
	}
	now, err := decode(text)
	if err != nil {
		return now, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.decoded = decoded{text, now}
	return now, nil
}

// read returns the document and its version; an empty one when nothing was set yet.
func read(tx *db.Tx) (text string, version int64, err error) {
	err = tx.Row(`SELECT version, document FROM settings WHERE name = $1`, document).Scan(&version, &text)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return "", 0, fmt.Errorf("read settings: %w", err)
	}
	return text, version, nil
}

func decode(text string) (Settings, error) {
	now := Defaults()
	if text == "" {
		return now, nil
	}
	if err := json.Unmarshal([]byte(text), &now); err != nil {
		return now, fmt.Errorf("read settings: %w", err)
	}
	return now, nil
}

// Change lets fn change the settings and stores them. The result is brought into form and validated as a whole; the
// guards are asked unless force is set, which is the administrator saying it twice. An error leaves everything as it was.
func (s *Store) Change(ctx context.Context, force bool, fn func(*Settings) error) error {
	return s.db.Update(ctx, func(tx *db.Tx) error { return s.ChangeIn(tx, force, fn) })
}

// ChangeIn is Change inside a transaction.
func (s *Store) ChangeIn(tx *db.Tx, force bool, fn func(*Settings) error) error {
	text, version, err := read(tx)
	if err != nil {
		return err
	}
	old, err := decode(text)
	if err != nil {
		return err
	}
	next, err := decode(text) // decoded twice, the two share no slices
	if err != nil {
		return err
	}
	if err := fn(&next); err != nil {
		return err
	}
	next.normalize()
	if err := next.Validate(); err != nil {
		return err
	}
	keys, err := difference(old, next)
	if err != nil {
		return err
	}
	if len(keys) == 0 && version > 0 {
		return nil
	}
	if !force {
		if err := s.ask(tx, old, next); err != nil {
			return err
		}
	}
	if err := s.store(tx, next, version+1, keys); err != nil {
		return err
	}
	s.mu.Lock()
	followers := s.followers
	s.mu.Unlock()
	for _, follow := range followers {
		if err := follow(tx, old, next); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) ask(tx *db.Tx, old, next Settings) error {
	s.mu.Lock()
	guards := s.guards
	s.mu.Unlock()
	for _, g := range guards {
		if err := g(tx, old, next); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) store(tx *db.Tx, next Settings, version int64, keys []string) error {
	text, err := json.Marshal(next)
	if err != nil {
		return fmt.Errorf("store settings: %w", err)
	}
	_, err = tx.Exec(`
		INSERT INTO settings (name, version, document, changed_at) VALUES ($1, $2, $3, $4)
		ON CONFLICT (name) DO UPDATE SET version = excluded.version, document = excluded.document, changed_at = excluded.changed_at`,
		document, version, string(text), db.Millis(tx.Now))
	if err != nil {
		return fmt.Errorf("store settings: %w", err)
	}
	return s.events.Add(tx, event.Event{Kind: Changed, Params: map[string]string{"keys": strings.Join(keys, ", ")}})
}

// Secret opens a secret, or says [ErrNoSecret].
func (s *Store) Secret(tx *db.Tx, name string) ([]byte, error) {
	var sealed []byte
	err := tx.Row(`SELECT sealed FROM secrets WHERE name = $1`, name).Scan(&sealed)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("%w: %s", ErrNoSecret, name)
	}
	if err != nil {
		return nil, fmt.Errorf("read secret %s: %w", name, err)
	}
	return s.db.Unseal(place(name), sealed)
}

// SetSecret seals and stores a secret; an empty one is removed.
func (s *Store) SetSecret(tx *db.Tx, name string, value []byte) error {
	if len(value) == 0 {
		_, err := tx.Exec(`DELETE FROM secrets WHERE name = $1`, name)
		return err
	}
	sealed, err := s.db.Seal(place(name), value)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`
		INSERT INTO secrets (name, sealed, changed_at) VALUES ($1, $2, $3)
		ON CONFLICT (name) DO UPDATE SET sealed = excluded.sealed, changed_at = excluded.changed_at`,
		name, sealed, db.Millis(tx.Now))
	if err != nil {
		return fmt.Errorf("store secret %s: %w", name, err)
	}
	return nil
}

func place(name string) db.Place { return db.Place{Table: "secrets", Column: "sealed", Row: name} }
