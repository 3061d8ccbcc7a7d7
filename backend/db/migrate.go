package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"example.org/gatehouse/backend/db/migrations"
)

func provider(engine string, pool *sql.DB) (*goose.Provider, error) {
	files, err := fs.Sub(migrations.Files, engine)
	if err != nil {
		return nil, err
	}
	options := []goose.ProviderOption{goose.WithTableName("schema_versions"), goose.WithDisableGlobalRegistry(true)}
	dialect := goose.DialectSQLite3
	if engine == "postgres" {
		dialect = goose.DialectPostgres
		locker, err := lock.NewPostgresSessionLocker() // several processes may start at once
		if err != nil {
			return nil, err
		}
		options = append(options, goose.WithSessionLocker(locker))
	}
	return goose.NewProvider(dialect, pool, files, options...)
}

// migrate brings the schema up to date, or refuses a database that is ahead of this program.
func migrate(ctx context.Context, engine string, pool *sql.DB) error {
	p, err := provider(engine, pool)
	if err != nil {
		return fmt.Errorf("read migrations: %w", err)
	}
	have, want, err := p.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("read schema version: %w", err)
	}
	if have > want {
		return fmt.Errorf("%w (its schema is %d, this program knows %d): install the newer version again, or restore a backup", ErrNewer, have, want)
	}
	if have == want {
		return nil
	}
	if _, err := p.Up(ctx); err != nil {
		var partial *goose.PartialError
		if errors.As(err, &partial) {
			return fmt.Errorf("upgrade the schema to %d: %w", partial.Failed.Source.Version, partial.Err)
		}
		return fmt.Errorf("upgrade the schema: %w", err)
	}
	return nil
}

// Newest is the schema that this program brings a database to: the number of its last migration.
func Newest() int64 {
	entries, err := migrations.Files.ReadDir("sqlite") // sorted by name
	if err != nil || len(entries) == 0 {
		panic("the program carries no migrations")
	}
	version, err := goose.NumericComponent(entries[len(entries)-1].Name())
	if err != nil {
		panic(err) // a bug: a migration without a number
	}
	return version
}
