package mdm_test

import (
	"context"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"example.org/gatehouse/backend/apns"
	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/db/dbtest"
	"example.org/gatehouse/backend/mdm"
	"example.org/gatehouse/backend/pki"
)

// recorder keeps the text of every statement while it is on.
type recorder struct {
	mu    sync.Mutex
	on    bool     // guarded by mu
	texts []string // guarded by mu
}

func (r *recorder) see(query string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.on && !slices.Contains(r.texts, query) {
		r.texts = append(r.texts, query)
	}
}

func (r *recorder) record(do func()) {
	r.mu.Lock()
	r.on = true
	r.mu.Unlock()
	do()
	r.mu.Lock()
	r.on = false
	r.mu.Unlock()
}

// TestDevicePathNeverScans prints the plan of every statement that a phone's message or a push leads to, and fails on one
// that would grow with the number of phones.
func TestDevicePathNeverScans(t *testing.T) {
	t.Parallel()
	clock, r := &dbtest.Clock{}, &recorder{}
	h := newHouse(t, furnished(t, clock, dbtest.Traced(r.see)), clock, apns.Options{})
	h.populate(t, 50)
	anna, ben := h.phone("anna@example.org"), h.phone("ben@example.org")
	first := h.enrolled("anna@example.org")
	r.record(func() {
		anna.ok(anna.authenticate())
		anna.ok(anna.authenticate())
		anna.ok(anna.updateToken())
		anna.ok(anna.updateToken())
		anna.checkIn(dict{"MessageType": "DeclarativeManagement", "Endpoint": "tokens"})
		c := anna.idle()
		c = anna.ok(anna.answer(dict{"Status": "NotNow", "CommandUUID": c.CommandUUID}))
		c = anna.ok(anna.answer(dict{"Status": "Acknowledged", "CommandUUID": c.CommandUUID, "SecurityInfo": dict{"PasscodeCompliant": true}}))
		anna.ok(anna.answer(dict{"Status": "Error", "CommandUUID": c.CommandUUID}))
		anna.ok(anna.answer(dict{"Status": "Acknowledged", "CommandUUID": c.CommandUUID}))
		c = anna.idle()
		anna.ok(anna.answer(dict{"Status": "Acknowledged", "CommandUUID": c.CommandUUID, "QueryResponses": dict{"OSVersion": "26.2"}}))
		anna.idle()
		h.do(ben.request("/mdm", "", encode(t, dict{"EnrollmentID": anna.id, "Status": "Idle"})))
		for _, command := range []mdm.Command{mdm.ManagedApplicationList(), mdm.InstalledApplicationList()} {
			if _, err := h.server.Enqueue(t.Context(), mdm.Filter{IDs: []string{anna.id}}, command); err != nil {
				t.Fatal(err)
			}
		}
		c = anna.idle()
		c = anna.ok(anna.answer(dict{"Status": "Acknowledged", "CommandUUID": c.CommandUUID, "ManagedApplicationList": dict{"a.b": dict{"Status": "Managed"}}}))
		anna.ok(anna.answer(dict{"Status": "Acknowledged", "CommandUUID": c.CommandUUID, "InstalledApplicationList": []dict{{"Identifier": "a.b", "Name": "AB"}}}))
		first.certificate = h.certificate(pki.Subject{Attempt: first.attempt, Person: first.person, Enrollment: first.id})
		first.idle()
		delete(h.upstairs.grants, first.token)
		first.token = "other"
		first.answer(dict{"Status": "Idle"})
		first.ok(first.checkIn(dict{"MessageType": "CheckOut"}))

		// a round of the push loop, without a push certificate
		ctx, stop := context.WithCancel(t.Context())
		var loop sync.WaitGroup
		loop.Go(func() { _ = h.server.Run(ctx) })
		eventually(t, "the push loop", anna.pushed("certificate"))
		clock.Add(time.Hour)
		eventually(t, "the end of waiting", func() bool {
			err := h.db.Update(ctx, func(tx *db.Tx) error {
				_, err := tx.Exec(`UPDATE pushes SET outcome = 'accepted' WHERE enrollment = $1`, anna.id) // as a push service does
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			clock.Add(time.Minute)
			return anna.get().Push.DueAt.IsZero()
		})
		stop()
		loop.Wait()
	})
	parameter := regexp.MustCompile(`\$([0-9]+)`)
	for _, query := range r.texts {
		n := 0
		for _, m := range parameter.FindAllStringSubmatch(query, -1) {
			i, _ := strconv.Atoi(m[1])
			n = max(n, i)
		}
		plan := explain(t, h.db, query, make([]any, n))
		t.Logf("%s\n\t→ %s", strings.Join(strings.Fields(query), " "), strings.Join(plan, "\n\t→ "))
		for _, step := range plan {
			if strings.Contains(step, "SCAN") && !strings.Contains(step, "CONSTANT ROW") || strings.Contains(step, "TEMP B-TREE") {
				t.Errorf("a statement of the device path grows with the number of phones: %s\n%s", step, query)
			}
		}
	}
	if len(r.texts) < 25 {
		t.Errorf("%d statements recorded: the path was not walked", len(r.texts))
	}
}

func explain(t *testing.T, d *db.DB, query string, args []any) []string {
	t.Helper()
	var plan []string
	err := d.View(t.Context(), func(tx *db.Tx) error {
		rows, err := tx.Rows("EXPLAIN QUERY PLAN "+query, args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var id, parent, unused int
			var detail string
			if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
				return err
			}
			plan = append(plan, detail)
		}
		return rows.Err()
	})
	if err != nil {
		t.Fatalf("explain: %v\n%s", err, query)
	}
	return plan
}
