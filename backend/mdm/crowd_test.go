package mdm_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"example.org/gatehouse/backend/apns"
	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/db/dbtest"
	"example.org/gatehouse/backend/mdm"
	"example.org/gatehouse/backend/pki"
)

// crowd is a house with very many phones, of many people, models, versions and habits.
func crowd(b testing.TB, address string, phones int) *house {
	b.Helper()
	clock := &dbtest.Clock{}
	var h *house
	if address == "" {
		h = newHouse(b, furnished(b, clock), clock, apns.Options{})
	} else {
		d := openAt(b, address, clock)
		if err := pki.Create(b.Context(), d, "Example"); err != nil {
			b.Fatal(err)
		}
		h = newHouse(b, d, clock, apns.Options{})
	}
	crowdIn(b, h, phones)
	if address != "" { // as PostgreSQL does by itself within a minute or two
		err := h.db.Update(b.Context(), func(tx *db.Tx) error {
			_, err := tx.Exec(`ANALYZE`)
			return err
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	return h
}

// crowdIn adds very many phones.
func crowdIn(b testing.TB, h *house, phones int) {
	b.Helper()
	random := rand.New(rand.NewPCG(3, 4))
	for from := 0; from < phones; from += 500 {
		err := h.db.Update(b.Context(), func(tx *db.Tx) error {
			for i := from; i < min(from+500, phones); i++ {
				if err := settler(tx, i, random); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}

var (
	given    = []string{"Anna", "Ben", "Clara", "David", "Emma", "Felix", "Greta", "Hans", "Ida", "Jonas", "Maria", "Otto", "Paul", "Zoë"}
	families = []string{"Müller", "Schmidt", "Schneider", "Fischer", "Weber", "Meyer", "Wagner", "Becker", "Hoffmann", "Lange", "Martin", "Øre"}
	products = []string{"iPhone14,7", "iPhone15,4", "iPhone16,1", "iPhone17,1", "iPhone17,2", "iPhone17,3", "iPad14,1", "iPad13,18"}
)

func settler(tx *db.Tx, i int, r *rand.Rand) error {
	name := given[r.IntN(len(given))] + " " + families[r.IntN(len(families))]
	silent := time.Duration(r.ExpFloat64() * float64(20*time.Hour))
	switch r.IntN(20) {
	case 0:
		silent += time.Duration(r.IntN(120)) * 24 * time.Hour
	case 1:
		silent += 10 * 24 * time.Hour
	}
	battery, capacity := r.Int64N(101), int64(128+128*r.IntN(4))<<30
	available, told := r.Int64N(128<<30), r.IntN(4) > 0
	e := mdm.Enrollment{
		ID: townID(i), Person: fmt.Sprintf("person%06d@example.org", i), PersonName: name, Stage: mdm.StageEnrolled,
		LastSeenAt: tx.Now.Add(-silent), IdentityExpiresAt: tx.Now.Add(time.Duration(r.IntN(200)-10) * 24 * time.Hour),
		Device: mdm.Device{
			ProductName: products[r.IntN(len(products))], Name: name + "s iPhone", Build: "23B85",
			OSVersion: fmt.Sprintf("%d.%d", []int{17, 18, 18, 26, 26, 26, 26}[r.IntN(7)], r.IntN(7)),
			Battery:   &battery, Capacity: &capacity, Available: &available, PasscodePresent: &told,
		},
	}
	e.Device.InformationAt = e.LastSeenAt
	e.AuthenticatedAt = e.LastSeenAt.Add(-time.Duration(r.IntN(400*24)) * time.Hour)
	e.EnrolledAt = e.AuthenticatedAt
	switch r.IntN(50) {
	case 0:
		e.Stage, e.EndedAt, e.EndedBy = mdm.StageRemoved, e.LastSeenAt, mdm.EndedByCheckOut
	case 1:
		e.Stage, e.ArchivedAt = mdm.StageArchived, tx.Now
	case 2:
		e.Stage, e.EnrolledAt = mdm.StageAuthenticated, time.Time{}
	}
	if err := mdm.Imagine(tx, topic, e); err != nil || i%40 != 0 {
		return err
	}
	_, err := tx.Exec(`INSERT INTO tags (n, folded, tag) SELECT n, 'sales', 'Sales' FROM enrollments WHERE id = $1`, e.ID)
	return err
}
