package db

import (
	"crypto/rand"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Phones that were enrolled before their table was split are all there afterwards, and so are their reports.
func TestPhonesSurviveTheSplitOfTheirTable(t *testing.T) {
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		pool, err := sql.Open("sqlite", sqliteDSN(filepath.Join(t.TempDir(), "old.db")))
		if err != nil {
			t.Fatal(err)
		}
		splitPhones(t, "sqlite", pool)
		if err := pool.Close(); err != nil {
			t.Error(err)
		}
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		server := os.Getenv("TEST_DATABASE_URL")
		if server == "" {
			t.Skip("TEST_DATABASE_URL names no server; make test starts one")
		}
		pool, err := sql.Open("pgx", server)
		if err != nil {
			t.Fatal(err)
		}
		pool.SetMaxOpenConns(1)
		schema := "split_" + strings.ToLower(rand.Text()[:12])
		t.Cleanup(func() {
			_, err := pool.Exec(`DROP SCHEMA ` + schema + ` CASCADE`) //nolint:noctx // the test's context has ended
			if err := errors.Join(err, pool.Close()); err != nil {
				t.Error(err)
			}
		})
		if _, err := pool.ExecContext(t.Context(), `CREATE SCHEMA `+schema+`; SET search_path TO `+schema); err != nil {
			t.Fatal(err)
		}
		splitPhones(t, "postgres", pool)
	})
}

func splitPhones(t *testing.T, engine string, pool *sql.DB) {
	t.Helper()
	p, err := provider(engine, pool)
	if err != nil {
		t.Fatal(err)
	}
	do := func(statement string, args ...any) {
		t.Helper()
		if _, err := pool.ExecContext(t.Context(), statement, args...); err != nil {
			t.Fatalf("%v\n%s", err, statement)
		}
	}
	if engine == "postgres" {
		// The lock of the provider takes a connection of its own, and this pool has one.
		for version := range 12 {
			files, err := filepath.Glob("migrations/postgres/00*.sql")
			if err != nil || len(files) < 12 {
				t.Fatal(files, err)
			}
			text, err := os.ReadFile(files[version])
			if err != nil {
				t.Fatal(err)
			}
			do(string(text))
		}
	} else if _, err := p.UpTo(t.Context(), 12); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"E-1", "E-2"} {
		do(`INSERT INTO enrollments (id, attempt, person, stage, fingerprint, token_digest, last_seen_at, identity_expires_at, renewed, authenticated_at, enrolled_at, ended_at, ended_by)
			VALUES ($1, 'a', 'anna@example.org', 'enrolled', 'f', 'd', 5, 6, FALSE, 3, 4, 0, '')`, id)
		do(`INSERT INTO devices (enrollment, person_name, managed_account, former, product_name, model, model_number, name,
				os_version, os_extra, build, battery, passcode_present, information_at, security_at, status_at, search, by_person, by_name, by_model, by_os, nickname)
			VALUES ($1, 'Anna', 'anna@example.org', '', 'iPhone17,2', 'iPhone 16 Pro Max', '', '', '26.1', '', '23B85', 80, FALSE, 7, 0, 0, 'anna', 'anna', 'anna', 'iphone', '00026.00001', 'Work')`, id)
		do(`INSERT INTO declaration_status (enrollment, report, errors, reported_at) VALUES ($1, '{}', '[]', 1)`, id)
	}
	do(`INSERT INTO pushes (enrollment, topic, token, magic, token_at, due_at, claimed_until, tries, sent_at, outcome, reason, gone_at)
		VALUES ('E-1', 't', 'x', 'm', 8, 0, 0, 0, 9, 'accepted', '', 0)`)
	if engine == "postgres" {
		text, err := os.ReadFile("migrations/postgres/0020_mdm.sql")
		if err != nil {
			t.Fatal(err)
		}
		do(string(text))
	} else if _, err := p.UpTo(t.Context(), 20); err != nil {
		t.Fatal(err)
	}
	var n int
	err = pool.QueryRowContext(t.Context(), `
		SELECT COUNT(*)
		FROM enrollments e JOIN pins p ON p.enrollment = e.id JOIN listed l ON l.n = e.n JOIN declaration_status s ON s.enrollment = e.id
		WHERE e.battery = 80 AND e.passcode = 0 AND e.information_at = 7 AND e.last_seen_at = 5 AND p.fingerprint = 'f' AND l.by_person = 'anna'
		AND l.by_nickname = 'work' AND (e.id = 'E-2' OR e.sent_at = 9 AND e.outcome = 'accepted' AND e.token_at = 8)`).Scan(&n)
	if err != nil || n != 2 {
		t.Errorf("%d phones are as they were (%v), want 2", n, err)
	}
}
