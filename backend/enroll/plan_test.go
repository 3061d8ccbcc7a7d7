package enroll_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/db/dbtest"
)

// Nothing that a phone can ask may take longer the more phones there are: each statement on its path finds its rows by
// an index.
func TestNoStatementOnThePathOfAPhoneScans(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	seen := map[string]bool{} // guarded by mu
	d := dbtest.Open(t, dbtest.Traced(func(query string) {
		mu.Lock()
		defer mu.Unlock()
		seen[query] = true
	}))
	h := open(t, d)
	clear(seen)
	h.discover("example.org", "user-identifier=anna@example.org", "")
	session, token := h.signedIn()
	if err := h.Note(t.Context(), session, "password"); err != nil {
		t.Fatal(err)
	}
	h.profile(token)
	h.enrolling(token, "E-1")
	h.enrolled(token, "E-1")
	for range 2 {
		h.update(func(tx *db.Tx) error {
			_, err := h.Tokens().SignInAgain(tx, "", "E-1")
			return err
		})
	}
	h.update(func(tx *db.Tx) error { return h.Tokens().Left(tx, "E-1") })

	mu.Lock()
	queries := make([]string, 0, len(seen))
	for query := range seen {
		queries = append(queries, query)
	}
	mu.Unlock()
	ours := 0
	for _, query := range queries {
		if !strings.Contains(query, "attempts") && !strings.Contains(query, "sessions") && !strings.Contains(query, "tokens") {
			continue
		}
		ours++
		plan := explain(t, d, query)
		if strings.Contains(plan, "SCAN") || strings.Contains(plan, "TEMP B-TREE FOR ORDER BY") && !strings.Contains(query, "digest NOT IN") {
			t.Errorf("scans or sorts:\n%s\n%s", query, plan)
		}
	}
	if ours < 12 {
		t.Errorf("saw %d statements of this room, want at least 12: the test looks at too little", ours)
	}
}

func explain(t *testing.T, d *db.DB, query string) string {
	t.Helper()
	var plan strings.Builder
	err := d.View(t.Context(), func(tx *db.Tx) error {
		parameters := 0
		for n := 1; n < 20; n++ {
			if strings.Contains(query, fmt.Sprintf("$%d", n)) {
				parameters = n
			}
		}
		rows, err := tx.Rows("EXPLAIN QUERY PLAN "+query, make([]any, parameters)...)
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
			plan.WriteString(detail + "\n")
		}
		return rows.Err()
	})
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return plan.String()
}
