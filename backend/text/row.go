package text

import (
	"database/sql"
	"errors"
	"fmt"
	"time"

	"example.org/gatehouse/backend/db"
)

// row is a text that somebody changed, as a draft or as published.
type row struct {
	language string
	key      Key
	words    string // empty in a draft: back to the words built in
	source   string // the words of the default language that they were made from
	author   string
	at       time.Time
}

// each calls fn for all drafts, or for all that is published.
func each(tx *db.Tx, draft bool, fn func(row)) error {
	rows, err := tx.Rows(`
		SELECT language, text_key, words, source, author, changed_at FROM texts
		WHERE draft = $1 ORDER BY language, text_key`, draft)
	if err != nil {
		return fmt.Errorf("read texts: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var r row
		var at int64
		if err := rows.Scan(&r.language, &r.key, &r.words, &r.source, &r.author, &at); err != nil {
			return fmt.Errorf("read texts: %w", err)
		}
		r.at = db.Time(at)
		fn(r)
	}
	return rows.Err()
}

// languages are those that the administrator has said something about.
func languages(tx *db.Tx) (map[string]Own, error) {
	rows, err := tx.Rows(`SELECT tag, enabled, reviewed_by, reviewed_at FROM text_languages`)
	if err != nil {
		return nil, fmt.Errorf("read the languages of texts: %w", err)
	}
	defer rows.Close()
	all := map[string]Own{}
	for rows.Next() {
		var tag string
		var o Own
		var at int64
		if err := rows.Scan(&tag, &o.Enabled, &o.ReviewedBy, &at); err != nil {
			return nil, fmt.Errorf("read the languages of texts: %w", err)
		}
		o.ReviewedAt = db.Time(at)
		all[tag] = o
	}
	return all, rows.Err()
}

// Version is one publishing.
type Version struct {
	Version  int64
	At       time.Time
	Author   string
	Note     string
	Restored int64 // the version whose words came back; 0: none
	Changes  []Changed

	terms   int
	termsAt time.Time
}

// Changed is a text before and after a publishing. Nil are the words that are built in.
type Changed struct {
	Language   string  `json:"language"`
	Key        Key     `json:"key"`
	From       *string `json:"from"`
	To         *string `json:"to"`
	FromSource string  `json:"from_source,omitempty"` // the words of the default language that they were made from
	ToSource   string  `json:"to_source,omitempty"`
}

// lastVersion is the newest version without its changes; the zero value when nothing was ever published.
func lastVersion(tx *db.Tx) (Version, error) {
	var v Version
	var at, termsAt int64
	err := tx.Row(`
		SELECT version, published_at, author, note, restored, terms, terms_at FROM text_versions
		ORDER BY version DESC LIMIT 1`).Scan(&v.Version, &at, &v.Author, &v.Note, &v.Restored, &v.terms, &termsAt)
	if errors.Is(err, sql.ErrNoRows) {
		return Version{}, nil
	}
	if err != nil {
		return Version{}, fmt.Errorf("read the version of texts: %w", err)
	}
	v.At, v.termsAt = db.Time(at), db.Time(termsAt)
	return v, nil
}
