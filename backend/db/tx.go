package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"
)

// Tx is a transaction. It ends with the function that it was given to.
type Tx struct {
	// Now is the one time of this transaction.
	Now time.Time

	ctx   context.Context //nolint:containedctx // a transaction ends with the call whose context this is
	q     querier
	after []func()
}

// Context is the context of the call that opened the transaction.
func (tx *Tx) Context() context.Context { return tx.ctx }

// Exec runs a statement and says how many rows it changed.
func (tx *Tx) Exec(query string, args ...any) (int64, error) {
	if err := check(tx.ctx, query, args); err != nil {
		return 0, err
	}
	r, err := tx.q.exec(tx.ctx, query, args)
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

// Row runs a statement that returns at most one row. Its Scan says sql.ErrNoRows when there is none.
func (tx *Tx) Row(query string, args ...any) *Row {
	if err := check(tx.ctx, query, args); err != nil {
		return &Row{err: err}
	}
	return tx.q.row(tx.ctx, query, args)
}

// Rows runs a statement that returns rows. Close them before the next statement.
func (tx *Tx) Rows(query string, args ...any) (*sql.Rows, error) {
	if err := check(tx.ctx, query, args); err != nil {
		return nil, err
	}
	return tx.q.rows(tx.ctx, query, args)
}

// AfterCommit runs fn once the transaction is on disk, and never otherwise. It is for signals; fn must not wait.
func (tx *Tx) AfterCommit(fn func()) { tx.after = append(tx.after, fn) }

// Row is the answer to [Tx.Row].
type Row struct {
	row *sql.Row
	err error
}

// Scan copies the row's columns.
func (r *Row) Scan(dest ...any) error {
	if r.err != nil {
		return r.err
	}
	return r.row.Scan(dest...)
}

// check refuses a statement whose transaction is out of time, and one with more or fewer arguments than it names:
// SQLite ignores surplus arguments and reads missing ones as NULL.
func check(ctx context.Context, query string, args []any) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if want := parameters(query); want != len(args) {
		return fmt.Errorf("statement has %d parameters, got %d arguments: %s", want, len(args), query)
	}
	return nil
}

var parameterCounts sync.Map // query text → int

func parameters(query string) int {
	if n, ok := parameterCounts.Load(query); ok {
		return n.(int)
	}
	most := 0
	for i := 0; i < len(query); i++ {
		if query[i] != '$' {
			continue
		}
		j := i + 1
		for j < len(query) && query[j] >= '0' && query[j] <= '9' {
			j++
		}
		if n, err := strconv.Atoi(query[i+1 : j]); err == nil {
			most = max(most, n)
		}
	}
	parameterCounts.Store(query, most)
	return most
}

// signal runs what was to run after the commit.
func (tx *Tx) signal() {
	for _, fn := range tx.after {
		fn()
	}
}

// panicked carries a panic of a closure from the goroutine it ran on to its caller.
type panicked struct{ value any }

func (p panicked) Error() string { return fmt.Sprint("panic in a transaction: ", p.value) }

// guarded calls fn and turns its panic into an error.
func guarded(tx *Tx, fn func(*Tx) error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = panicked{v}
		}
	}()
	return fn(tx)
}

// raise panics again, on the caller's goroutine, if the closure did.
func raise(err error) error {
	var p panicked
	if errors.As(err, &p) {
		panic(p.value)
	}
	return err
}
