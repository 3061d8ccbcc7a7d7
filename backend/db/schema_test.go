package db_test

import (
	"context"
	"testing"
	"time"

	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/db/dbtest"
)

// The version is asked of a running server, whose connections are all in use.
func TestSchemaVersionWhileRunning(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		got, err := d.SchemaVersion(ctx)
		if err != nil || got != db.Newest() {
			t.Errorf("got schema %d, %v; want %d, the newest this program knows", got, err, db.Newest())
		}
	})
}
