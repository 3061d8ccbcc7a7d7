package db

import (
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/google/uuid"
)

// Options are what a database needs besides its address. The zero value is good for a database without secrets.
type Options struct {
	// Now is the clock of every transaction; nil is the system's.
	Now func() time.Time
	// Key seals secrets, 32 bytes. Without it, Seal and Unseal fail.
	Key []byte
	// Log gets what an operator should know; nil is silence.
	Log *slog.Logger
	// Trace sees the text of each statement before it runs, from many goroutines. For tests that look at query plans.
	Trace func(query string)
	// MaxGroup limits how many updates share one commit on SQLite; 0 is the default of 256, 1 turns grouping off.
	MaxGroup int
}

// DB is an open database. It is safe for use from many goroutines.
type DB struct {
	engine engine
	now    func() time.Time
	log    *slog.Logger
	seals  sealer
	holder string // names this process in leases
}

// engine is what SQLite and PostgreSQL do differently.
type engine interface {
	view(ctx context.Context, fn func(querier) error) error
	update(ctx context.Context, begin func(querier) *Tx, fn func(*Tx) error) error
	claim(ctx context.Context, begin func(querier) *Tx, fn func(*Tx) error) error
	close() error
}

// querier runs statements inside one transaction.
type querier interface {
	exec(ctx context.Context, query string, args []any) (sql.Result, error)
	rows(ctx context.Context, query string, args []any) (*sql.Rows, error)
	row(ctx context.Context, query string, args []any) *Row
}

// Open opens the database at url, "sqlite:FILE" or "postgres://…", and brings its schema up to date. A database that a
// newer program has changed is refused with [ErrNewer].
func Open(ctx context.Context, url string, o Options) (*DB, error) {
	d := &DB{now: o.Now, log: o.Log, holder: rand.Text()}
	if d.now == nil {
		d.now = time.Now
	}
	if d.log == nil {
		d.log = slog.New(slog.DiscardHandler)
	}
	if len(o.Key) > 0 {
		s, err := newSealer(o.Key)
		if err != nil {
			return nil, err
		}
		d.seals = s
	}
	var err error
	switch scheme, rest, _ := strings.Cut(url, ":"); scheme {
	case "sqlite":
		d.engine, err = openSQLite(ctx, rest, o)
	case "postgres", "postgresql":
		d.engine, err = openPostgres(ctx, url, o)
	default:
		return nil, fmt.Errorf("database address %q: want sqlite:FILE or postgres://…", scheme+":…")
	}
	if err != nil {
		return nil, err
	}
	return d, nil
}

// View runs fn on one moment of the database. Writing in it fails.
func (d *DB) View(ctx context.Context, fn func(tx *Tx) error) error {
	return known(d.engine.view(ctx, func(q querier) error { return fn(d.begin(ctx, q)) }))
}

// Update runs fn in a transaction and commits it. When Update returns nil the changes are on disk; on any error nothing
// has changed. fn may run again after a conflict.
func (d *DB) Update(ctx context.Context, fn func(tx *Tx) error) error {
	return known(d.engine.update(ctx, func(q querier) *Tx { return d.begin(ctx, q) }, fn))
}

// Claim runs fn, which executes a single statement of the kind "give me ten that nobody has". Serializable workers on
// one queue would mostly retry; one statement decides the race by itself.
func (d *DB) Claim(ctx context.Context, fn func(tx *Tx) error) error {
	return known(d.engine.claim(ctx, func(q querier) *Tx { return d.begin(ctx, q) }, fn))
}

// Now is the database's clock, to the millisecond, which is all that a row keeps.
func (d *DB) Now() time.Time { return d.now().UTC().Truncate(time.Millisecond) }

// Writable says whether an update reaches the disk right now.
func (d *DB) Writable(ctx context.Context) error {
	return d.Update(ctx, func(tx *Tx) error {
		_, err := tx.Exec(`
			INSERT INTO leases (name, holder, expires_at) VALUES ('writable', $1, $2)
			ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, expires_at = excluded.expires_at`,
			d.holder, Millis(tx.Now))
		return err
	})
}

// SchemaVersion is the number of the newest migration that the database has.
func (d *DB) SchemaVersion(ctx context.Context) (version int64, err error) {
	err = d.View(ctx, func(tx *Tx) error {
		return tx.Row(`SELECT MAX(version_id) FROM schema_versions WHERE is_applied = $1`, true).Scan(&version)
	})
	return version, err
}

// Close waits for running transactions and closes the database.
func (d *DB) Close() error { return d.engine.close() }

func (d *DB) begin(ctx context.Context, q querier) *Tx {
	return &Tx{Now: d.Now(), ctx: ctx, q: q}
}

// Lease gives the name to this process for ttl, or prolongs it; it says false while another process holds it. Among
// several processes on one database, the one with the lease does the work that must be done once. A lease that ends later
// than any could is from a clock that was ahead, and counts for nothing.
func (d *DB) Lease(ctx context.Context, name string, ttl time.Duration) (bool, error) {
	got := false
	err := d.Claim(ctx, func(tx *Tx) error {
		n, err := tx.Exec(`
			INSERT INTO leases (name, holder, expires_at) VALUES ($1, $2, $3)
			ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, expires_at = excluded.expires_at
			WHERE leases.holder = excluded.holder OR leases.expires_at < $4 OR leases.expires_at > excluded.expires_at`,
			name, d.holder, Millis(tx.Now.Add(ttl)), Millis(tx.Now))
		got = n == 1
		return err
	})
	if err != nil {
		return false, fmt.Errorf("take lease %s: %w", name, err)
	}
	return got, nil
}

// NewID makes an id for a row. Ids sort by the time they were made.
func NewID() string { return uuid.Must(uuid.NewV7()).String() }

// Millis is how a time is stored: milliseconds since 1970, UTC; the zero time is 0.
func Millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// Time is the other way of [Millis].
func Time(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}
