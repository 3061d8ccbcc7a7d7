package db_test

import (
	"fmt"
	"testing"

	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/db/dbtest"
)

func BenchmarkUpdate(b *testing.B) {
	for _, parallel := range []int{1, 16} {
		b.Run(fmt.Sprintf("in flight %d", parallel), func(b *testing.B) {
			d := dbtest.Open(b)
			if err := d.Update(b.Context(), func(tx *db.Tx) error { return put(tx, "x") }); err != nil {
				b.Fatal(err)
			}
			touch := func(tx *db.Tx) error {
				_, err := tx.Exec(`UPDATE leases SET expires_at = $1 WHERE name = $2`, db.Millis(tx.Now), "x")
				return err
			}
			b.SetParallelism((parallel + 1) / 2)
			b.ResetTimer()
			if parallel == 1 {
				for range b.N {
					if err := d.Update(b.Context(), touch); err != nil {
						b.Fatal(err)
					}
				}
				return
			}
			b.RunParallel(func(p *testing.PB) {
				for p.Next() {
					if err := d.Update(b.Context(), touch); err != nil {
						b.Error(err)
						return
					}
				}
			})
		})
	}
}

func BenchmarkView(b *testing.B) {
	d := dbtest.Open(b)
	if err := d.Update(b.Context(), func(tx *db.Tx) error { return put(tx, "x") }); err != nil {
		b.Fatal(err)
	}
	b.ResetTimer()
	for range b.N {
		err := d.View(b.Context(), func(tx *db.Tx) error {
			var at int64
			return tx.Row(`SELECT expires_at FROM leases WHERE name = $1`, "x").Scan(&at)
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}
