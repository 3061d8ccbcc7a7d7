package mdm

import (
	"fmt"
	"time"

	"example.org/gatehouse/backend/db"
)

// Phone is what tells the phones of one person apart.
type Phone struct {
	ID, Person                   string
	Stage                        Stage
	ProductName, Model, Name, OS string
	Former, Same                 string // the enrollment before this one, and what was said about it
	EnrolledAt, EndedAt          time.Time
}

// Phones are the enrollments of a person, whatever became of them, in the order in which they began.
func Phones(tx *db.Tx, person string) ([]Phone, error) {
	rows, err := tx.Rows(`
		SELECT e.id, e.person, e.stage, d.product_name, d.model, d.name, d.os_version, d.former, d.same, e.enrolled_at, e.ended_at
		FROM enrollments e JOIN devices d ON d.enrollment = e.id
		WHERE e.person = $1
		ORDER BY e.authenticated_at, e.n`, person)
	if err != nil {
		return nil, fmt.Errorf("list the phones of a person: %w", err)
	}
	defer rows.Close()
	var list []Phone
	for rows.Next() {
		var p Phone
		var enrolled, ended int64
		if err := rows.Scan(&p.ID, &p.Person, &p.Stage, &p.ProductName, &p.Model, &p.Name, &p.OS, &p.Former, &p.Same, &enrolled, &ended); err != nil {
			return nil, fmt.Errorf("list the phones of a person: %w", err)
		}
		p.EnrolledAt, p.EndedAt = db.Time(enrolled), db.Time(ended)
		list = append(list, p)
	}
	return list, rows.Err()
}
