package move

import (
	"database/sql"
	"errors"
	"fmt"

	"example.org/gatehouse/backend/db"
)

const columns = `id, source, number, name, model, os, email, account, full_name, kind, seen_at, listed_at, gone_at,
	person, how, guess, guessed, sure, invited_at, reminded_at, settled, enrollment, removed_at, batch`

func scan(row interface{ Scan(...any) error }) (Record, error) {
	var r Record
	var seen, listed, gone, invited, reminded, removed int64
	err := row.Scan(&r.ID, &r.Source, &r.Number, &r.Name, &r.Model, &r.OS, &r.Email, &r.Account, &r.Full, &r.Kind, &seen, &listed, &gone,
		&r.Person, &r.How, &r.Guess, &r.Guessed, &r.Sure, &invited, &reminded, &r.Settled, &r.Enrollment, &removed, &r.Batch)
	r.SeenAt, r.listedAt, r.GoneAt = db.Time(seen), db.Time(listed), db.Time(gone)
	r.InvitedAt, r.RemindedAt, r.RemovedAt = db.Time(invited), db.Time(reminded), db.Time(removed)
	return r, err
}

// records are all there are, in the order in which they came.
func records(tx *db.Tx) ([]Record, error) {
	rows, err := tx.Rows(`SELECT ` + columns + ` FROM move_records ORDER BY id`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []Record
	for rows.Next() {
		r, err := scan(rows)
		if err != nil {
			return nil, err
		}
		list = append(list, r)
	}
	return list, rows.Err()
}

func record(tx *db.Tx, id string) (Record, error) {
	r, err := scan(tx.Row(`SELECT `+columns+` FROM move_records WHERE id = $1`, id))
	if errors.Is(err, sql.ErrNoRows) {
		return r, fmt.Errorf("%s: %w", id, ErrUnknown)
	}
	return r, err
}

// save writes a record, new or not.
func save(tx *db.Tx, r Record) error {
	_, err := tx.Exec(`
		INSERT INTO move_records (`+columns+`)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24)
		ON CONFLICT (id) DO UPDATE SET number = excluded.number, name = excluded.name, model = excluded.model, os = excluded.os,
			email = excluded.email, account = excluded.account, full_name = excluded.full_name, kind = excluded.kind,
			seen_at = excluded.seen_at, listed_at = excluded.listed_at, gone_at = excluded.gone_at, person = excluded.person,
			how = excluded.how, guess = excluded.guess, guessed = excluded.guessed, sure = excluded.sure,
			invited_at = excluded.invited_at, reminded_at = excluded.reminded_at, settled = excluded.settled,
			enrollment = excluded.enrollment, removed_at = excluded.removed_at, batch = excluded.batch`,
		r.ID, r.Source, r.Number, r.Name, r.Model, r.OS, r.Email, r.Account, r.Full, string(r.Kind),
		db.Millis(r.SeenAt), db.Millis(r.listedAt), db.Millis(r.GoneAt), r.Person, r.How, r.Guess, r.Guessed, r.Sure,
		db.Millis(r.InvitedAt), db.Millis(r.RemindedAt), r.Settled, r.Enrollment, db.Millis(r.RemovedAt), r.Batch)
	return err
}
