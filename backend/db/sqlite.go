package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"time"

	_ "modernc.org/sqlite" // the driver
)

const (
	readers    = 4
	groupMax   = 256
	groupTime  = 5 * time.Millisecond
	closureMax = 10 * time.Second
)

// sqliteEngine has one connection that writes, owned by one goroutine, and a few that read.
type sqliteEngine struct {
	pool    *sql.DB
	trace   func(string)
	readers chan *session
	jobs    chan *job
	done    chan struct{} // closed when the writer has ended
	group   int

	mu     sync.RWMutex
	closed bool // guarded by mu; jobs is closed with it
}

// job is one update on its way to the writer.
type job struct {
	ctx   context.Context //nolint:containedctx // travels to the writer's goroutine and back
	begin func(querier) *Tx
	fn    func(*Tx) error
	tx    *Tx
	err   error
	done  chan struct{}
}

func openSQLite(ctx context.Context, path string, o Options) (*sqliteEngine, error) {
	if path == "" {
		return nil, errors.New("database address sqlite: names no file")
	}
	pool, err := sql.Open("sqlite", sqliteDSN(path))
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	pool.SetMaxOpenConns(readers + 1)
	pool.SetMaxIdleConns(readers + 1)
	e := &sqliteEngine{
		pool: pool, trace: o.Trace, group: groupMax,
		readers: make(chan *session, readers), jobs: make(chan *job), done: make(chan struct{}),
	}
	if o.MaxGroup > 0 {
		e.group = o.MaxGroup
	}
	if err := e.start(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("open database %s: %w", path, known(err)), pool.Close())
	}
	return e, nil
}

// sqliteDSN names the file and the settings of each connection: a commit is flushed to the disk before it is
// acknowledged, readers do not wait for the writer, another process's writer is waited for.
func sqliteDSN(path string) string {
	p := filepath.ToSlash(path)
	if filepath.VolumeName(path) != "" {
		p = "/" + p // file:///C:/…
	}
	q := url.Values{
		"_defensive": {"1"},
		"_txlock":    {"immediate"},
		"_pragma": {
			"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)", "journal_size_limit(16777216)",
		},
	}
	return "file:" + (&url.URL{Path: p}).EscapedPath() + "?" + q.Encode()
}

func (e *sqliteEngine) start(ctx context.Context) error {
	if err := migrate(ctx, "sqlite", e.pool); err != nil {
		return err
	}
	writer, err := e.connect(ctx)
	if err != nil {
		return err
	}
	for range readers {
		r, err := e.connect(ctx)
		if err != nil {
			return err
		}
		if _, err := r.conn.ExecContext(ctx, `PRAGMA query_only = 1`); err != nil {
			return err
		}
		e.readers <- r
	}
	go e.write(writer)
	return nil
}

func (e *sqliteEngine) connect(ctx context.Context) (*session, error) {
	c, err := e.pool.Conn(ctx)
	if err != nil {
		return nil, err
	}
	return &session{conn: c, trace: e.trace, stmts: map[string]*sql.Stmt{}}, nil
}

func (e *sqliteEngine) view(ctx context.Context, fn func(querier) error) error {
	e.mu.RLock()
	defer e.mu.RUnlock()
	if e.closed {
		return sql.ErrConnDone
	}
	var s *session
	select {
	case s = <-e.readers:
		defer func() { e.readers <- s }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if err := s.run("BEGIN DEFERRED"); err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer s.run("ROLLBACK") //nolint:errcheck // nothing was written; the next BEGIN would tell
	return fn(s)
}

func (e *sqliteEngine) update(ctx context.Context, begin func(querier) *Tx, fn func(*Tx) error) error {
	j := &job{ctx: ctx, begin: begin, fn: fn, done: make(chan struct{})}
	if err := e.queue(j); err != nil {
		return err
	}
	<-j.done
	if j.err != nil {
		return raise(j.err)
	}
	j.tx.signal()
	return nil
}

func (e *sqliteEngine) queue(j *job) error {
	e.mu.RLock()
	defer e.mu.RUnlock()
	if e.closed {
		return sql.ErrConnDone
	}
	select {
	case e.jobs <- j:
		return nil
	case <-j.ctx.Done():
		return j.ctx.Err()
	}
}

// claim is an update: there is only one writer, so nobody can be in its way.
func (e *sqliteEngine) claim(ctx context.Context, begin func(querier) *Tx, fn func(*Tx) error) error {
	return e.update(ctx, begin, fn)
}

// write is the one goroutine that writes. It takes an update, and with it whatever else is waiting, and commits them
// together: many phones share one flush of the disk, and a lone one waits for nobody.
func (e *sqliteEngine) write(s *session) {
	defer close(e.done)
	for first := range e.jobs {
		group := e.run(s, first)
		for _, j := range group {
			close(j.done)
		}
	}
	s.close()
}

// run executes a group and commits it once. The first update has the transaction to itself until it is done; each that
// joins it has a savepoint, so that it can fail alone.
func (e *sqliteEngine) run(s *session, first *job) (group []*job) {
	group = []*job{first}
	began := time.Now()
	if err := s.run("BEGIN IMMEDIATE"); err != nil {
		first.err = fmt.Errorf("begin: %w", err)
		return group
	}
	if e.call(s, first); first.err != nil {
		_ = s.run("ROLLBACK") // already gone after some errors; a remaining one would show at the next BEGIN
		return group
	}
	intact := true
	for intact && len(group) < e.group && time.Since(began) < groupTime {
		j := e.next()
		if j == nil {
			break
		}
		group = append(group, j)
		intact = e.step(s, j)
	}
	err := errors.New("the transaction was lost to an error of its neighbour")
	if intact {
		err = s.run("COMMIT")
	}
	if err == nil {
		return group
	}
	_ = s.run("ROLLBACK") // as above
	for _, j := range group {
		if j.err == nil {
			j.err = fmt.Errorf("commit: %w", err)
		}
	}
	return group
}

func (e *sqliteEngine) next() *job {
	select {
	case j, ok := <-e.jobs:
		if ok {
			return j
		}
	default:
	}
	return nil
}

// step runs one update inside its savepoint. It says false if the surrounding transaction did not survive it.
func (e *sqliteEngine) step(s *session, j *job) bool {
	if j.err = s.run("SAVEPOINT one"); j.err != nil {
		return false
	}
	if e.call(s, j); j.err != nil {
		if err := s.run("ROLLBACK TO one"); err != nil {
			return false
		}
	}
	return s.run("RELEASE one") == nil
}

// call runs the function of one update. A statement that is cancelled half-way would take the whole transaction with it,
// so statements run to their end and the time is looked at between them.
func (e *sqliteEngine) call(s *session, j *job) {
	if j.err = j.ctx.Err(); j.err != nil {
		return
	}
	j.tx = j.begin(s)
	limited, cancel := context.WithTimeout(j.ctx, closureMax)
	defer cancel()
	j.tx.ctx = limited
	j.err = guarded(j.tx, j.fn)
}

func (e *sqliteEngine) close() error {
	e.mu.Lock()
	if e.closed {
		e.mu.Unlock()
		return nil
	}
	e.closed = true
	close(e.jobs)
	e.mu.Unlock()
	<-e.done
	for range readers {
		(<-e.readers).close()
	}
	return e.pool.Close()
}

// session is one connection with its prepared statements. One goroutine at a time uses it.
type session struct {
	conn  *sql.Conn
	trace func(string)
	stmts map[string]*sql.Stmt
}

func (s *session) prepare(query string) (*sql.Stmt, error) {
	if s.trace != nil {
		s.trace(query)
	}
	if st, ok := s.stmts[query]; ok {
		return st, nil
	}
	st, err := s.conn.PrepareContext(context.Background(), query)
	if err != nil {
		return nil, fmt.Errorf("prepare %s: %w", strings.Join(strings.Fields(query), " "), err)
	}
	s.stmts[query] = st
	return st, nil
}

func (s *session) run(query string) error {
	st, ok := s.stmts[query]
	if !ok {
		var err error
		if st, err = s.conn.PrepareContext(context.Background(), query); err != nil {
			return err
		}
		s.stmts[query] = st
	}
	_, err := st.ExecContext(context.Background())
	return err
}

func (s *session) exec(ctx context.Context, query string, args []any) (sql.Result, error) {
	st, err := s.prepare(query)
	if err != nil {
		return nil, err
	}
	return st.ExecContext(context.WithoutCancel(ctx), args...)
}

func (s *session) rows(ctx context.Context, query string, args []any) (*sql.Rows, error) {
	st, err := s.prepare(query)
	if err != nil {
		return nil, err
	}
	return st.QueryContext(context.WithoutCancel(ctx), args...)
}

func (s *session) row(ctx context.Context, query string, args []any) *Row {
	st, err := s.prepare(query)
	if err != nil {
		return &Row{err: err}
	}
	return &Row{row: st.QueryRowContext(context.WithoutCancel(ctx), args...)}
}

func (s *session) close() {
	for _, st := range s.stmts {
		_ = st.Close()
	}
	_ = s.conn.Close()
}
