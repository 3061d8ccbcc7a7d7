package text

import (
	"cmp"
	"fmt"
	"time"

	"example.org/gatehouse/backend/db"
)

// row is a text that somebody changed, as a draft or as published.
type row struct {
	language string
	key      Key
	made
	author string
	at     time.Time
}

// made is words, and what they were made from: when that changes, they are outdated.
type made struct {
	Words          string `json:"words"` // empty in a draft: back to the words built in
	Source         string `json:"source"`
	SourceLanguage string `json:"source_language"` // the language's own: the words built in
}

// each calls fn for all drafts, or for all that is published.
func each(tx *db.Tx, draft bool, fn func(row)) error {
	rows, err := tx.Rows(`
		SELECT language, text_key, words, source, source_language, author, changed_at FROM texts
		WHERE draft = $1 ORDER BY language, text_key`, draft)
	if err != nil {
		return fmt.Errorf("read texts: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var r row
		var at int64
		if err := rows.Scan(&r.language, &r.key, &r.Words, &r.Source, &r.SourceLanguage, &r.author, &at); err != nil {
			return fmt.Errorf("read texts: %w", err)
		}
		r.at = db.Time(at)
		fn(r)
	}
	return rows.Err()
}

// put stores a text.
func put(tx *db.Tx, r row, draft bool) error {
	_, err := tx.Exec(`
		INSERT INTO texts (language, text_key, draft, words, source, source_language, author, changed_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
		ON CONFLICT (draft, language, text_key) DO UPDATE SET words = excluded.words, source = excluded.source,
			source_language = excluded.source_language, author = excluded.author, changed_at = excluded.changed_at`,
		r.language, string(r.key), draft, r.Words, r.Source, r.SourceLanguage, r.author, db.Millis(tx.Now))
	if err != nil {
		return fmt.Errorf("store a text: %w", err)
	}
	return nil
}

// drop removes a text, if it is there.
func drop(tx *db.Tx, language string, key Key, draft bool) error {
	if _, err := tx.Exec(`DELETE FROM texts WHERE draft = $1 AND language = $2 AND text_key = $3`, draft, language, string(key)); err != nil {
		return fmt.Errorf("remove a text: %w", err)
	}
	return nil
}

// spot is where a text stands.
type spot struct {
	language string
	key      Key
}

// desk is all that lies on an editor's desk, in one transaction.
type desk struct {
	published, drafts map[spot]row
	before, after     *Catalog // what phones see, and what they would see with all drafts
	fallback          string   // the organization's default language
	readmitted        map[string]bool
}

// desk reads everything. fallback is the organization's default language, as it is set.
func (s *Store) desk(tx *db.Tx, fallback string) (*desk, error) {
	d := &desk{published: map[spot]row{}, drafts: map[spot]row{}, readmitted: map[string]bool{}}
	if err := each(tx, false, func(r row) { d.published[spot{r.language, r.key}] = r }); err != nil {
		return nil, err
	}
	if err := each(tx, true, func(r row) { d.drafts[spot{r.language, r.key}] = r }); err != nil {
		return nil, err
	}
	var err error
	if d.before, err = s.In(tx); err != nil {
		return nil, err
	}
	s.mu.Lock()
	kept := s.drafted.catalog
	s.mu.Unlock()
	if d.after, err = s.read(tx, drafted, kept); err != nil {
		return nil, err
	}
	d.fallback = d.before.Match(fallback).fallback
	return d, nil
}

// built is the words built in; "" where there are none.
func (h *house) built(language string, key Key) string {
	if p := h.words[language][key]; p != nil {
		return p.words
	}
	return ""
}

// start is the words that somebody starts from who changes a text of the default language: those built in, or English.
func (h *house) start(language string, key Key) string {
	return cmp.Or(h.built(language, key), h.built(source, key))
}

// words are those that a reader of the language gets.
func (c *Catalog) words(language string, key Key) string {
	if p, _ := c.find(newLanguage(language, language), key); p != nil {
		return p.words
	}
	return ""
}

// sourceOf is what words in a language are made from at present: those of the default language, which itself starts from
// what is built in.
func (d *desk) sourceOf(language string, key Key) (words, from string) {
	if language == d.fallback {
		return d.after.house.start(language, key), language
	}
	return d.after.words(d.fallback, key), d.fallback
}

// own is what somebody wrote for a text: the draft, else what is published. A draft that goes back to the words built in
// is none of somebody's own.
func (d *desk) own(at spot) (row, bool) {
	r, ok := d.drafts[at]
	if !ok {
		r, ok = d.published[at]
	}
	return r, ok && r.Words != ""
}

// outdated says whether what a text was made from has changed since. A translation that is built in was made from the
// words of the default language that are built in.
func (d *desk) outdated(at spot) bool {
	if r, ok := d.own(at); ok {
		return d.outdatedRow(r)
	}
	return d.stale(at.language, at.key)
}

func (d *desk) outdatedRow(r row) bool {
	if r.SourceLanguage == r.language {
		return r.Source != d.after.house.start(r.language, r.key)
	}
	return r.Source != d.after.words(r.SourceLanguage, r.key)
}

// stale says whether words that are built in are outdated: the default language has others than it was built with.
func (d *desk) stale(language string, key Key) bool {
	house := d.after.house
	return language != d.fallback && house.built(language, key) != "" && house.start(d.fallback, key) != d.after.words(d.fallback, key)
}
