// Package dbtest opens fresh databases for tests.
//
// SQLite is always there. PostgreSQL is tried too when TEST_DATABASE_URL names a server on which the tests may create
// databases; `make test` starts one.
package dbtest

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/db/migrations"
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
	return fresh.Open(t, options...)
}

// Write puts a fresh SQLite database into a file, for a program that will open it.
func Write(t testing.TB, path string) {
	t.Helper()
	fresh.write(t, path)
}

var fresh Template

// Template is a SQLite database that is made once in a process and copied for each test: the schema and the keys of
// authorities take longer than most tests.
type Template struct {
	// Fill writes what each test finds, a year before the time of any test; nil leaves the database empty.
	Fill func(ctx context.Context, d *db.DB) error

	once sync.Once
	file []byte
	err  error
}

// Open opens a copy that ends with the test.
func (p *Template) Open(t testing.TB, options ...Option) *db.DB {
	t.Helper()
	path := filepath.Join(t.TempDir(), "gatehouse.db")
	p.write(t, path)
	return open(t, "sqlite:"+path, options)
}

func (p *Template) write(t testing.TB, path string) {
	t.Helper()
	p.once.Do(func() { p.file, p.err = p.make(t.Context()) })
	if p.err != nil {
		t.Fatalf("make a test database: %v", p.err)
	}
	if err := os.WriteFile(path, p.file, 0o600); err != nil {
		t.Fatal(err)
	}
}

func (p *Template) make(ctx context.Context) ([]byte, error) {
	dir, err := os.MkdirTemp("", "gatehouse-test-*")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // nothing depends on it
	path := filepath.Join(dir, "template.db")
	clock := &Clock{}
	clock.Add(-365 * 24 * time.Hour)
	d, err := db.Open(ctx, "sqlite:"+path, db.Options{Key: Key, Now: clock.Now})
	if err != nil {
		return nil, err
	}
	if p.Fill != nil {
		err = p.Fill(ctx, d)
	}
	if err = errors.Join(err, d.Close()); err != nil {
		return nil, err
	}
	return os.ReadFile(path) // all of it: closing leaves no log beside it
}

// Postgres makes a PostgreSQL database with the schema and gives its address.
func Postgres(t testing.TB) string {
	t.Helper()
	server := os.Getenv("TEST_DATABASE_URL")
	pool, err := sql.Open("pgx", server)
	if err != nil {
		t.Fatal(err)
	}
	template, err := pgTemplate()
	if err != nil {
		t.Fatalf("make a test database: %v", err)
	}
	name := "gatehouse_" + strings.ToLower(rand.Text()[:16])
	if _, err := pool.ExecContext(t.Context(), `CREATE DATABASE `+name+` TEMPLATE `+template); err != nil {
		t.Fatalf("create a test database: %v", err)
	}
	t.Cleanup(func() {
		if _, err := pool.Exec(`DROP DATABASE ` + name + ` WITH (FORCE)`); err != nil { //nolint:noctx // the test's context has ended
			t.Logf("a test database stays behind: %v", err) // a user who is no superuser cannot end an autovacuum in it
		}
		_ = pool.Close()
	})
	address, err := at(server, name)
	if err != nil {
		t.Fatal(err)
	}
	return address
}

// at is the address of another database of a server.
func at(server, name string) (string, error) {
	u, err := url.Parse(server)
	if err != nil {
		return "", errors.New("TEST_DATABASE_URL is not an address")
	}
	u.Path = "/" + name
	return u.String(), nil
}

// pgTemplate is the database on the tests' server that the others are copied from. It is named after the migrations, and
// stays there for the next run.
var pgTemplate = sync.OnceValues(func() (string, error) {
	return makeTemplate(context.Background(), os.Getenv("TEST_DATABASE_URL"))
})

func makeTemplate(ctx context.Context, server string) (string, error) {
	digest := sha256.New()
	err := fs.WalkDir(migrations.Files, "postgres", func(path string, _ fs.DirEntry, err error) error {
		content, _ := migrations.Files.ReadFile(path) // nothing of a folder
		fmt.Fprintf(digest, "%s %d\n%s", path, len(content), content)
		return err
	})
	if err != nil {
		return "", err
	}
	name := fmt.Sprintf("gatehouse_template_%x", digest.Sum(nil)[:8])
	pool, err := sql.Open("pgx", server)
	if err != nil {
		return "", err
	}
	defer pool.Close()          //nolint:errcheck // nothing depends on it
	only, err := pool.Conn(ctx) // the lock goes with the connection
	if err != nil {
		return "", err
	}
	defer only.Close() //nolint:errcheck // nothing depends on it
	if _, err := only.ExecContext(ctx, `SELECT pg_advisory_lock(hashtext('gatehouse_template'))`); err != nil {
		return "", err
	}
	there := false
	if err := only.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM pg_database WHERE datname = $1)`, name).Scan(&there); err != nil || there {
		return name, err
	}
	growing := name + "_growing" // until it is whole; a run that was killed may have left one
	if _, err := only.ExecContext(ctx, `DROP DATABASE IF EXISTS `+growing+` WITH (FORCE)`); err != nil {
		return "", err
	}
	if _, err := only.ExecContext(ctx, `CREATE DATABASE `+growing); err != nil {
		return "", err
	}
	address, err := at(server, growing)
	if err != nil {
		return "", err
	}
	d, err := db.Open(ctx, address, db.Options{Key: Key})
	if err == nil {
		err = d.Close()
	}
	if err != nil {
		return "", err
	}
	_, err = only.ExecContext(ctx, `ALTER DATABASE `+growing+` RENAME TO `+name)
	return name, err
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
