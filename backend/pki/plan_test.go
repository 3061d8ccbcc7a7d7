package pki

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/smallstep/scep"

	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/db/dbtest"
)

// Every statement that a phone's certificate, its renewal and its refusal lead to is served by an index.
func TestStatementsDoNotScan(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var statements []string
	a := open(t, dbtest.Open(t, dbtest.Traced(func(query string) {
		mu.Lock()
		defer mu.Unlock()
		if query = strings.Join(strings.Fields(query), " "); !slices.Contains(statements, query) {
			statements = append(statements, query)
		}
	})))
	if err := a.EnsureTLS(t.Context(), hosts); err != nil {
		t.Fatal(err)
	}
	c := newClient(t, 0, newChallenge(t, a, anna))
	certificate := c.ask(t, a).Certificate
	c.ask(t, a)
	newClient(t, 1, Challenge(c.challenge)).ask(t, a)
	inTx(t, a, func(tx *db.Tx) error { return a.Bind(tx, fingerprint(certificate), "E1") })
	for range 2 {
		(client{key: rsaKey(t, 2048, 1), signer: certificate, signerKey: c.key, kind: scep.RenewalReq}).ask(t, a)
	}
	inTx(t, a, func(tx *db.Tx) error { return a.Revoke(tx, "E1") })
	inTx(t, a, func(tx *db.Tx) error { return a.Erase(tx, "a1") })
	a.Health(t.Context())
	if err := a.tend(t.Context()); err != nil {
		t.Fatal(err)
	}
	a.served.asked = time.Time{}
	served(t, a)

	mu.Lock()
	seen := slices.Clone(statements)
	mu.Unlock()
	if len(seen) < 15 {
		t.Fatalf("only %d statements were seen", len(seen))
	}
	for _, query := range seen {
		if !strings.Contains(query, "$") { // SAVEPOINT and its like
			continue
		}
		for _, step := range plan(t, a.db, query) {
			t.Logf("%s\n\t→ %s", query, step)
			if strings.HasPrefix(step, "SCAN") && !strings.Contains(step, "CONSTANT ROW") {
				t.Errorf("a statement that grows with the number of phones: %s\n%s", step, query)
			}
		}
	}
}

func plan(t *testing.T, d *db.DB, query string) (steps []string) {
	t.Helper()
	highest := 0
	for _, p := range regexp.MustCompile(`\$\d+`).FindAllString(query, -1) {
		n, err := strconv.Atoi(p[1:])
		if err != nil {
			t.Fatal(err)
		}
		highest = max(highest, n)
	}
	err := d.View(t.Context(), func(tx *db.Tx) error {
		rows, err := tx.Rows("EXPLAIN QUERY PLAN "+query, make([]any, highest)...)
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
			steps = append(steps, detail)
		}
		return rows.Err()
	})
	if err != nil {
		t.Fatalf("explain %s: %v", query, err)
	}
	return steps
}
