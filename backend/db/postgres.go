package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
)

const (
	connections = 16
	attempts    = 12 // a conflict is tried again so many times
)

// postgresEngine writes in SERIALIZABLE transactions and repeats the one that lost a conflict.
type postgresEngine struct {
	pool  *sql.DB
	trace func(string)
}

func openPostgres(ctx context.Context, url string, o Options) (*postgresEngine, error) {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, errors.New("open database: the postgres:// address cannot be read") // the error would show the password
	}
	config.RuntimeParams["synchronous_commit"] = "on" // whatever the server's own default is: an answer means "on disk"
	// Our questions are short: to start helpers for one takes longer than the answer, and a page of an index is in memory.
	config.RuntimeParams["max_parallel_workers_per_gather"] = "0"
	config.RuntimeParams["random_page_cost"] = "1.1"
	pool := stdlib.OpenDB(*config)
	pool.SetMaxOpenConns(connections)
	pool.SetMaxIdleConns(connections) // fewer idle ones would be dialled again for every burst
	pool.SetConnMaxIdleTime(5 * time.Minute)
	if err := migrate(ctx, "postgres", pool); err != nil {
		return nil, errors.Join(fmt.Errorf("open database: %w", known(err)), pool.Close())
	}
	return &postgresEngine{pool: pool, trace: o.Trace}, nil
}

func (e *postgresEngine) view(ctx context.Context, fn func(querier) error) error {
	tx, err := e.pool.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer tx.Rollback() //nolint:errcheck // nothing was written
	return fn(pgTx{tx, e.trace})
}

func (e *postgresEngine) update(ctx context.Context, begin func(querier) *Tx, fn func(*Tx) error) error {
	return e.write(ctx, sql.LevelSerializable, begin, fn)
}

func (e *postgresEngine) claim(ctx context.Context, begin func(querier) *Tx, fn func(*Tx) error) error {
	return e.write(ctx, sql.LevelReadCommitted, begin, fn)
}

func (e *postgresEngine) write(ctx context.Context, level sql.IsolationLevel, begin func(querier) *Tx, fn func(*Tx) error) error {
	for n := 1; ; n++ {
		err := e.once(ctx, level, begin, fn)
		if !conflict(err) || n == attempts {
			return raise(err)
		}
		pause := time.NewTimer(rand.N(time.Duration(n) * 4 * time.Millisecond)) //nolint:gosec // spreads retries, guards nothing
		select {
		case <-pause.C:
		case <-ctx.Done():
			pause.Stop()
			return ctx.Err()
		}
	}
}

func (e *postgresEngine) once(ctx context.Context, level sql.IsolationLevel, begin func(querier) *Tx, fn func(*Tx) error) error {
	sqlTx, err := e.pool.BeginTx(ctx, &sql.TxOptions{Isolation: level})
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer sqlTx.Rollback() //nolint:errcheck // after a commit there is nothing to roll back
	tx := begin(pgTx{sqlTx, e.trace})
	if err := guarded(tx, fn); err != nil {
		return err
	}
	if err := sqlTx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	tx.signal()
	return nil
}

// conflict says that PostgreSQL gave up this transaction in favour of another: serialization failure or deadlock.
func conflict(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && (pg.Code == "40001" || pg.Code == "40P01")
}

func (e *postgresEngine) close() error { return e.pool.Close() }

// pgTx is a transaction of PostgreSQL; its driver keeps prepared statements by itself.
type pgTx struct {
	tx    *sql.Tx
	trace func(string)
}

func (t pgTx) see(query string) {
	if t.trace != nil {
		t.trace(query)
	}
}

func (t pgTx) exec(ctx context.Context, query string, args []any) (sql.Result, error) {
	t.see(query)
	return t.tx.ExecContext(ctx, query, args...)
}

func (t pgTx) rows(ctx context.Context, query string, args []any) (*sql.Rows, error) {
	t.see(query)
	return t.tx.QueryContext(ctx, query, args...)
}

func (t pgTx) row(ctx context.Context, query string, args []any) *Row {
	t.see(query)
	return &Row{row: t.tx.QueryRowContext(ctx, query, args...)}
}
