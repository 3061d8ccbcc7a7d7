package directory

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/db/dbtest"
)

// Nobody may wait longer the more people there are: each statement of a sign-in finds its rows by an index.
func TestNoStatementOfASignInScans(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	seen := map[string]bool{} // guarded by mu
	clock := &dbtest.Clock{}
	d := dbtest.Open(t, dbtest.At(clock), dbtest.Traced(func(query string) {
		mu.Lock()
		defer mu.Unlock()
		seen[query] = true
	}))
	h := build(t, d, clock)
	h.add(NewPerson{Identifier: "anna@example.org", Password: "right"})
	code := h.add(NewPerson{Identifier: "ben@example.org"})
	mu.Lock()
	clear(seen)
	mu.Unlock()
	for _, p := range []Proof{
		{Identifier: "anna@example.org", Password: "wrong"},
		{Identifier: "anna@example.org", Password: "right"},
		{Identifier: "nobody@example.org", Password: "wrong"},
		{Identifier: "ben@example.org", Code: "none"},
		{Identifier: "ben@example.org", Code: string(code), Attempt: "a1"},
		{Identifier: "ben@example.org", Code: string(code), Attempt: "a1"},
	} {
		if _, err := h.Prove(t.Context(), p); errors.Is(err, ErrBusy) {
			t.Fatal(err)
		}
	}
	if _, err := h.Ways(t.Context()); err != nil {
		t.Fatal(err)
	}

	mu.Lock()
	queries := make([]string, 0, len(seen))
	for query := range seen {
		queries = append(queries, query)
	}
	mu.Unlock()
	ours := 0
	for _, query := range queries {
		if !strings.Contains(query, "local_accounts") && !strings.Contains(query, "managed_accounts") &&
			!strings.Contains(query, "codes") && !strings.Contains(query, "sign_ins") {
			continue
		}
		ours++
		if plan := explain(t, d, query); strings.Contains(plan, "SCAN") {
			t.Errorf("scans:\n%s\n%s", query, plan)
		}
	}
	if ours < 9 {
		t.Errorf("saw %d statements of this room, want at least 9: the test looks at too little", ours)
	}
}

func explain(t *testing.T, d *db.DB, query string) string {
	t.Helper()
	var plan strings.Builder
	err := d.View(t.Context(), func(tx *db.Tx) error {
		parameters := 0
		for n := 1; strings.Contains(query, fmt.Sprintf("$%d", n)); n++ {
			parameters = n
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
