package db

import (
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// Errors of the place where the data lies. They say what to do; the rest of the message is for the log.
var (
	// ErrNewer refuses a database that a newer version of the program has changed.
	ErrNewer = errors.New("the database is newer than this program")
	// ErrFull says that the disk has no room left. Nothing was stored.
	ErrFull = errors.New("the disk that holds the database is full")
	// ErrBusy says that another process has kept the database to itself for too long.
	ErrBusy = errors.New("the database is busy with another process")
	// ErrDamaged says that the file is not a database, or not a whole one.
	ErrDamaged = errors.New("the database file is damaged, or no database at all")
	// ErrReadOnly says that the database may not be written.
	ErrReadOnly = errors.New("the database cannot be written: check the rights of its folder")
)

// known gives an engine's error the name under which the rest of the program knows it.
func known(err error) error {
	var lite *sqlite.Error
	var pg *pgconn.PgError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &lite):
		switch lite.Code() & 0xff {
		case sqlite3.SQLITE_FULL:
			return fmt.Errorf("%w: %w", ErrFull, err)
		case sqlite3.SQLITE_IOERR: // a quota shows as a failed write, a disk that is full at the start in the shared memory file
			if lite.Code() == sqlite3.SQLITE_IOERR_WRITE || lite.Code() == sqlite3.SQLITE_IOERR_SHMSIZE {
				return fmt.Errorf("%w: %w", ErrFull, err)
			}
		case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
			return fmt.Errorf("%w: %w", ErrBusy, err)
		case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
			return fmt.Errorf("%w: %w", ErrDamaged, err)
		case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM:
			return fmt.Errorf("%w: %w", ErrReadOnly, err)
		}
	case errors.As(err, &pg) && pg.Code == "53100":
		return fmt.Errorf("%w: %w", ErrFull, err)
	}
	return err
}
