package ddm

import (
	"database/sql"
	"errors"
	"fmt"
	"time"

	"example.org/gatehouse/backend/db"
)

// Status is what a phone reported last.
type Status struct {
	Report []byte // JSON, nested by the dots of the items' names
	Errors []byte // JSON, what the phone could not report
	At     time.Time
}

// Status returns the status of an enrollment; the zero value when it never reported.
func (l *Library) Status(tx *db.Tx, enrollmentID string) (Status, error) {
	var s Status
	var at int64
	err := tx.Row(`
		SELECT report, errors, reported_at FROM declaration_status WHERE enrollment = $1`,
		enrollmentID).Scan(&s.Report, &s.Errors, &at)
	if errors.Is(err, sql.ErrNoRows) {
		return Status{}, nil
	}
	if err != nil {
		return Status{}, fmt.Errorf("read declaration status: %w", err)
	}
	s.At = db.Time(at)
	return s, nil
}
