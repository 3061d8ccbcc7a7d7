package text

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/event"
)

// Version is one publishing.
type Version struct {
	Version  int64
	At       time.Time
	Author   string
	Note     string
	Restored int64 // the version whose words came back; -1: none did
	Terms    Terms // those since then
	Changes  []Changed
}

// Changed is a text before and after a publishing. Nil are the words that are built in.
type Changed struct {
	Language string `json:"language"`
	Key      Key    `json:"key"`
	From     *made  `json:"from"`
	To       *made  `json:"to"`
}

const versionColumns = `version, published_at, author, note, restored, terms, terms_at, changes`

func scanVersion(scan func(...any) error) (v Version, err error) {
	var at, termsAt int64
	var changes string
	if err := scan(&v.Version, &at, &v.Author, &v.Note, &v.Restored, &v.Terms.Version, &termsAt, &changes); err != nil {
		return v, err
	}
	v.At, v.Terms.Date = db.Time(at), db.Time(termsAt)
	if err := json.Unmarshal([]byte(changes), &v.Changes); err != nil {
		return v, fmt.Errorf("read version %d of texts: %w", v.Version, err)
	}
	return v, nil
}

// lastVersion is the newest version; the zero value when nothing was ever published.
func lastVersion(tx *db.Tx) (Version, error) {
	v, err := scanVersion(tx.Row(`SELECT ` + versionColumns + ` FROM text_versions ORDER BY version DESC LIMIT 1`).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return Version{}, nil
	}
	if err != nil {
		return Version{}, fmt.Errorf("read the version of texts: %w", err)
	}
	return v, nil
}

// since are the versions after one, newest first; at most limit of them, and before another one if that is not 0.
func since(tx *db.Tx, after, before int64, limit int) ([]Version, error) {
	rows, err := tx.Rows(`
		SELECT `+versionColumns+` FROM text_versions
		WHERE version > $1 AND ($2 = 0 OR version < $2) ORDER BY version DESC LIMIT $3`, after, before, limit)
	if err != nil {
		return nil, fmt.Errorf("read versions of texts: %w", err)
	}
	defer rows.Close()
	var list []Version
	for rows.Next() {
		v, err := scanVersion(rows.Scan)
		if err != nil {
			return nil, fmt.Errorf("read versions of texts: %w", err)
		}
		list = append(list, v)
	}
	return list, rows.Err()
}

// Versions are what was published, newest first, before a version (0: all), at most limit.
func (s *Store) Versions(ctx context.Context, before int64, limit int) (list []Version, err error) {
	err = s.db.View(ctx, func(tx *db.Tx) error {
		list, err = since(tx, 0, before, limit)
		return err
	})
	return list, err
}

// Version is one version with what it changed.
func (s *Store) Version(ctx context.Context, n int64) (v Version, err error) {
	err = s.db.View(ctx, func(tx *db.Tx) error {
		v, err = version(tx, n)
		return err
	})
	return v, err
}

func version(tx *db.Tx, n int64) (Version, error) {
	v, err := scanVersion(tx.Row(`SELECT `+versionColumns+` FROM text_versions WHERE version = $1`, n).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return v, fmt.Errorf("%w: version %d", ErrUnknown, n)
	}
	return v, err
}

// Restore brings back the words of a version, byte for byte: as drafts, or at once as a new version. Version 0 is the words
// that are built in. Terms that differ from the present ones are other terms: whoever agreed to these agrees anew.
func (s *Store) Restore(ctx context.Context, fallback string, n int64, publish bool) (Version, error) {
	var v Version
	err := s.work(ctx, fallback, func(tx *db.Tx, d *desk) error {
		if n != 0 {
			if _, err := version(tx, n); err != nil {
				return err
			}
		}
		changes, err := d.back(tx, n)
		if err != nil {
			return err
		}
		if len(changes) == 0 {
			return ErrNothing
		}
		for _, c := range changes {
			if err := s.readmit(tx, d, c.Language); err != nil {
				return err
			}
		}
		if !publish {
			v = Version{Changes: changes}
			return s.propose(tx, changes)
		}
		next, _ := d.before.With(asChanges(changes)...)
		v = Version{At: tx.Now, Author: event.Actor(tx.Context()), Restored: n, Changes: changes}
		if v, err = s.write(tx, v, len(next.legal) > 0 && (len(d.before.legal) == 0 || otherTerms(d.before, next))); err != nil {
			return err
		}
		return s.announce(tx, Restored, v, map[string]string{"from": strconv.FormatInt(n, 10)})
	})
	return v, err
}

// back is what has to change so that all words are those of version n: the later versions backwards.
func (d *desk) back(tx *db.Tx, n int64) ([]Changed, error) {
	later, err := since(tx, n, 0, 1<<30)
	if err != nil {
		return nil, err
	}
	then := map[spot]*made{}
	for _, v := range later { // newest first, so the oldest change has the last word
		for _, c := range v.Changes {
			then[spot{c.Language, c.Key}] = c.From
		}
	}
	var changes []Changed
	for at, to := range then {
		c := Changed{Language: at.language, Key: at.key, To: to}
		if now, ok := d.published[at]; ok {
			c.From = &now.made
		}
		if c.From == nil && to == nil || c.From != nil && to != nil && *c.From == *to {
			continue
		}
		changes = append(changes, c)
	}
	order := d.after.house.order
	slices.SortFunc(changes, func(a, b Changed) int {
		if c := strings.Compare(a.Language, b.Language); c != 0 {
			return c
		}
		return order[a.Key] - order[b.Key]
	})
	return changes, nil
}

func asChanges(changed []Changed) []Change {
	var list []Change
	for _, c := range changed {
		change := Change{Language: c.Language, Key: c.Key}
		if c.To != nil {
			change.Words = c.To.Words
		}
		list = append(list, change)
	}
	return list
}

// propose makes drafts of what would be restored.
func (s *Store) propose(tx *db.Tx, changes []Changed) error {
	for _, c := range changes {
		r := row{language: c.Language, key: c.Key, author: event.Actor(tx.Context())}
		if c.To != nil {
			r.made = *c.To
		}
		if err := put(tx, r, true); err != nil {
			return err
		}
	}
	tags := map[string]bool{}
	for _, c := range changes {
		tags[c.Language] = true
	}
	for _, language := range slices.Sorted(maps.Keys(tags)) {
		if err := s.events.Add(tx, event.Event{Kind: Drafted, Params: map[string]string{"language": language}}); err != nil {
			return err
		}
	}
	return renew(tx, drafted)
}
