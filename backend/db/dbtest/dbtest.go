// Package dbtest opens fresh databases for tests.
//
// SQLite is always there. PostgreSQL is tried too when TEST_DATABASE_URL names a server on which the tests may create
// databases; `make test` starts one.
package dbtest

import (
	"crypto/rand"
	"database/sql"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"example.org/gatehouse/backend/db"
)

// Key is the sealing key of test databases.
var Key = []byte("0123456789abcdef0123456789abcdef")

// Option changes how a test database is opened.
type Option func(*db.Options)

// At gives the database a clock that the test moves.
func At(clock *Clock) Option { return func(o *db.Options) { o.Now = clock.Now } }

// Traced shows every statement to fn.
func Traced(fn func(query string)) Option { return func(o *db.Options) { o.Trace = fn } }

// Clock is a time that only the test moves. The zero Clock stands at a Monday morning in 2026.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// Now is the clock's time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.now.IsZero() {
		c.now = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	}
	return c.now
}

// Add moves the clock.
func (c *Clock) Add(d time.Duration) {
	now := c.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = now.Add(d)
}

// Each runs the test on a fresh SQLite database and, where there is a server, on a fresh PostgreSQL one.
func Each(t *testing.T, test func(t *testing.T, d *db.DB), options ...Option) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		test(t, Open(t, options...))
	})
	if os.Getenv("TEST_DATABASE_URL") == "" {
		return
	}
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		test(t, open(t, Postgres(t), options))
	})
}

// Clocked is Each with a clock for each database that the test moves.
func Clocked(t *testing.T, test func(t *testing.T, d *db.DB, clock *Clock)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		clock := &Clock{}
		test(t, Open(t, At(clock)), clock)
	})
	if os.Getenv("TEST_DATABASE_URL") == "" {
		return
	}
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		clock := &Clock{}
		test(t, open(t, Postgres(t), []Option{At(clock)}), clock)
	})
}

// Open opens a fresh SQLite database that ends with the test.
func Open(t testing.TB, options ...Option) *db.DB {
	t.Helper()
	return open(t, "sqlite:"+filepath.Join(t.TempDir(), "gatehouse.db"), options)
}

// Postgres makes an empty PostgreSQL database and gives its address.
func Postgres(t testing.TB) string {
	t.Helper()
	server := os.Getenv("TEST_DATABASE_URL")
	u, err := url.Parse(server)
	if err != nil {
		t.Fatal("TEST_DATABASE_URL is not an address")
	}
	name := "gatehouse_" + strings.ToLower(rand.Text()[:16])
	pool, err := sql.Open("pgx", server)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := pool.ExecContext(t.Context(), `CREATE DATABASE `+name); err != nil {
		t.Fatalf("create a test database: %v", err)
	}
	t.Cleanup(func() {
		if _, err := pool.Exec(`DROP DATABASE ` + name + ` WITH (FORCE)`); err != nil { //nolint:noctx // the test's context has ended
			t.Logf("a test database stays behind: %v", err) // a user who is no superuser cannot end an autovacuum in it
		}
		_ = pool.Close()
	})
	u.Path = "/" + name
	return u.String()
}

func open(t testing.TB, address string, options []Option) *db.DB {
	t.Helper()
	o := db.Options{Key: Key}
	for _, option := range options {
		option(&o)
	}
	d, err := db.Open(t.Context(), address, o)
	if err != nil {
		t.Fatalf("open a test database: %v", err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Errorf("close the test database: %v", err)
		}
	})
	return d
}
