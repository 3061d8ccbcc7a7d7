package text

import (
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

// all reads all drafts, or all that is published.
func all(tx *db.Tx, draft bool) (map[spot]row, error) {
	rows, err := tx.Rows(`
		SELECT language, text_key, words, source, source_language, author, changed_at FROM texts WHERE draft = $1`, draft)
	if err != nil {
		return nil, fmt.Errorf("read texts: %w", err)
	}
	defer rows.Close()
	list := map[spot]row{}
	for rows.Next() {
		var r row
		var at int64
		if err := rows.Scan(&r.language, &r.key, &r.Words, &r.Source, &r.SourceLanguage, &r.author, &at); err != nil {
			return nil, fmt.Errorf("read texts: %w", err)
		}
		r.at = db.Time(at)
		list[spot{r.language, r.key}] = r
	}
	return list, rows.Err()
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
