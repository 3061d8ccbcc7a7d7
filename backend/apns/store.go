package apns

import (
	"database/sql"
	"errors"
	"fmt"

	"example.org/gatehouse/backend/db"
)

// stored is a row of push_certificates.
type stored struct {
	Certificate
	id        string
	chain     []byte // PEM, the push certificate first
	key       []byte // PEM, sealed
	complaint string // what Apple said against it, "" if nothing
}

func (s stored) place() db.Place {
	return db.Place{Table: "push_certificates", Column: "sealed_key", Row: s.id}
}

func insert(tx *db.Tx, s stored) error {
	_, err := tx.Exec(`
		INSERT INTO push_certificates (id, topic, account, issuer, not_before, not_after, imported_at, chain, sealed_key, complaint)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, '')`,
		s.id, s.Topic, s.Account, s.Issuer, db.Millis(s.NotBefore), db.Millis(s.NotAfter), db.Millis(s.ImportedAt), s.chain, s.key)
	if err != nil {
		return fmt.Errorf("store push certificate: %w", err)
	}
	return nil
}

// newest is the certificate in use, as far as every request asks for it: the rest is large, and what lies behind it in the
// row would have to be searched for. fill reads that.
func newest(tx *db.Tx) (stored, error) {
	var s stored
	var before, after, imported int64
	err := tx.Row(`
		SELECT id, topic, account, issuer, not_before, not_after, imported_at
		FROM push_certificates
		WHERE id = (SELECT MAX(id) FROM push_certificates)`).Scan(&s.id, &s.Topic, &s.Account, &s.Issuer, &before, &after, &imported)
	if errors.Is(err, sql.ErrNoRows) {
		return s, ErrNoCertificate
	}
	if err != nil {
		return s, fmt.Errorf("read push certificate: %w", err)
	}
	s.NotBefore, s.NotAfter, s.ImportedAt = db.Time(before), db.Time(after), db.Time(imported)
	return s, nil
}

// fill reads chain, key and complaint.
func (s *stored) fill(tx *db.Tx) error {
	err := tx.Row(`
		SELECT chain, sealed_key, complaint FROM push_certificates WHERE id = $1`, s.id).Scan(&s.chain, &s.key, &s.complaint)
	if err != nil {
		return fmt.Errorf("read push certificate: %w", err)
	}
	return nil
}

func storeComplaint(tx *db.Tx, id, complaint string) error {
	_, err := tx.Exec(`UPDATE push_certificates SET complaint = $1 WHERE id = $2`, complaint, id)
	return err
}
