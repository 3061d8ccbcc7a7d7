package db_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	_ "modernc.org/sqlite"

	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/db/dbtest"
)

func put(tx *db.Tx, name string) error {
	_, err := tx.Exec(`INSERT INTO leases (name, holder, expires_at) VALUES ($1, 'test', $2)`, name, db.Millis(tx.Now))
	return err
}

func names(t *testing.T, d *db.DB) []string {
	t.Helper()
	var list []string
	err := d.View(t.Context(), func(tx *db.Tx) error {
		rows, err := tx.Rows(`SELECT name FROM leases ORDER BY name`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var n string
			if err := rows.Scan(&n); err != nil {
				return err
			}
			list = append(list, n)
		}
		return rows.Err()
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestUpdateKeepsAllOrNothing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		oops := errors.New("oops")
		err := d.Update(t.Context(), func(tx *db.Tx) error {
			if err := put(tx, "lost"); err != nil {
				return err
			}
			return oops
		})
		if !errors.Is(err, oops) {
			t.Fatalf("update that fails: got %v, want its own error", err)
		}
		if err := d.Update(t.Context(), func(tx *db.Tx) error { return put(tx, "kept") }); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"kept"}, names(t, d)); diff != "" {
			t.Errorf("rows after a failed and a good update (-want +got):\n%s", diff)
		}
	})
}

// One update of a group that fails, panics or comes too late must not touch its neighbours.
func TestNeighboursOfAFailingUpdateSurvive(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		var wg sync.WaitGroup
		var failed atomic.Int32
		want := []string{}
		for i := range 60 {
			name := fmt.Sprintf("row-%02d", i)
			kind := i % 5
			if kind > 2 {
				want = append(want, name)
			}
			wg.Go(func() {
				defer func() {
					if recover() != nil {
						failed.Add(1)
					}
				}()
				err := d.Update(t.Context(), func(tx *db.Tx) error {
					if err := put(tx, name); err != nil {
						return err
					}
					switch kind {
					case 0:
						return errors.New("no")
					case 1:
						panic("no")
					case 2:
						_, err := tx.Exec(`INSERT INTO nowhere (x) VALUES ($1)`, 1)
						return err
					}
					return nil
				})
				if err != nil {
					failed.Add(1)
				}
			})
		}
		wg.Wait()
		if got := failed.Load(); got != 36 {
			t.Errorf("failed updates: got %d, want 36", got)
		}
		if diff := cmp.Diff(want, names(t, d)); diff != "" {
			t.Errorf("rows of the good updates (-want +got):\n%s", diff)
		}
	})
}

// Read, add one, write, from many goroutines: every addition counts.
func TestConcurrentUpdatesDoNotLoseEachOther(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		err := d.Update(t.Context(), func(tx *db.Tx) error { return put(tx, "counter") })
		if err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				for range 5 {
					err := d.Update(t.Context(), func(tx *db.Tx) error {
						var n int64
						if err := tx.Row(`SELECT expires_at FROM leases WHERE name = 'counter'`).Scan(&n); err != nil {
							return err
						}
						_, err := tx.Exec(`UPDATE leases SET expires_at = $1 WHERE name = 'counter'`, n+1)
						return err
					})
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		var n int64
		err = d.View(t.Context(), func(tx *db.Tx) error {
			return tx.Row(`SELECT expires_at FROM leases WHERE name = 'counter'`).Scan(&n)
		})
		if err != nil {
			t.Fatal(err)
		}
		if start := db.Millis(d.Now()); n-40 > start || n-40 < start-60_000 {
			t.Errorf("after 40 additions the counter stands at %d, want 40 over its start", n)
		}
	})
}

func TestViewCannotWriteAndSeesOneMoment(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		if err := d.View(t.Context(), func(tx *db.Tx) error { return put(tx, "x") }); err == nil {
			t.Error("a view wrote")
		}
		err := d.View(t.Context(), func(tx *db.Tx) error {
			var before, after int
			if err := tx.Row(`SELECT count(*) FROM leases`).Scan(&before); err != nil {
				return err
			}
			if err := d.Update(t.Context(), func(tx *db.Tx) error { return put(tx, "meanwhile") }); err != nil {
				return err
			}
			if err := tx.Row(`SELECT count(*) FROM leases`).Scan(&after); err != nil {
				return err
			}
			if before != after {
				t.Errorf("rows inside one view: %d, then %d", before, after)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

func TestAfterCommitRunsOnlyAfterACommit(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ran := 0
		_ = d.Update(t.Context(), func(tx *db.Tx) error {
			tx.AfterCommit(func() { ran += 100 })
			return errors.New("no")
		})
		if err := d.Update(t.Context(), func(tx *db.Tx) error {
			tx.AfterCommit(func() { ran++ })
			return put(tx, "x")
		}); err != nil {
			t.Fatal(err)
		}
		if ran != 1 {
			t.Errorf("signals: got %d, want 1", ran)
		}
	})
}

func TestArgumentsAreCounted(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		for _, args := range [][]any{{}, {"a", "b"}} {
			err := d.Update(t.Context(), func(tx *db.Tx) error {
				_, err := tx.Exec(`DELETE FROM leases WHERE name = $1`, args...)
				return err
			})
			if err == nil {
				t.Errorf("a statement with one parameter and %d arguments was run", len(args))
			}
		}
	})
}

func TestCancelledUpdateChangesNothing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx, cancel := context.WithCancel(t.Context())
		err := d.Update(ctx, func(tx *db.Tx) error {
			if err := put(tx, "x"); err != nil {
				return err
			}
			cancel()
			return put(tx, "y")
		})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled update: got %v, want context.Canceled", err)
		}
		if got := names(t, d); len(got) != 0 {
			t.Errorf("a cancelled update left %v", got)
		}
	})
}

func TestLeaseHasOneHolder(t *testing.T) {
	var clock dbtest.Clock
	path := "sqlite:" + filepath.Join(t.TempDir(), "a.db")
	a, b := openAt(t, path, &clock), openAt(t, path, &clock)
	take := func(d *db.DB, want bool) {
		t.Helper()
		got, err := d.Lease(t.Context(), "sweep", time.Minute)
		if err != nil || got != want {
			t.Errorf("lease: got %v, %v; want %v", got, err, want)
		}
	}
	take(a, true)
	take(b, false)
	take(a, true)
	clock.Add(61 * time.Second)
	take(b, true)
	take(a, false)
	clock.Add(-24 * time.Hour) // b took its lease while the clock was ahead
	take(a, true)
}

func openAt(t *testing.T, url string, clock *dbtest.Clock) *db.DB {
	t.Helper()
	d, err := db.Open(t.Context(), url, db.Options{Key: dbtest.Key, Now: clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return d
}

func TestSealIsBoundToItsPlaceAndKey(t *testing.T) {
	d := dbtest.Open(t)
	place := db.Place{Table: "secrets", Column: "sealed", Row: "a"}
	sealed, err := d.Seal(place, []byte("secret"))
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(sealed, []byte("secret")) {
		t.Error("the sealed value shows the secret")
	}
	if got, err := d.Unseal(place, sealed); err != nil || string(got) != "secret" {
		t.Errorf("unseal: got %q, %v", got, err)
	}
	moved := place
	moved.Row = "b"
	if _, err := d.Unseal(moved, sealed); !errors.Is(err, db.ErrSealed) {
		t.Errorf("unseal elsewhere: got %v, want ErrSealed", err)
	}
	other := dbtest.Open(t, func(o *db.Options) { o.Key = bytes.Repeat([]byte{7}, 32) })
	if _, err := other.Unseal(place, sealed); !errors.Is(err, db.ErrSealed) {
		t.Errorf("unseal with another key: got %v, want ErrSealed", err)
	}
	for i := range sealed {
		broken := slices.Clone(sealed)
		broken[i] ^= 1
		if _, err := d.Unseal(place, broken); !errors.Is(err, db.ErrSealed) {
			t.Errorf("unseal with byte %d altered: got %v, want ErrSealed", i, err)
		}
	}
}

// An acknowledged update must survive a power cut, which no test can make: so the settings that see to it are looked at.
func TestCommitsReachTheDisk(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		err := d.Update(t.Context(), func(tx *db.Tx) error {
			var commit string
			if err := tx.Row(`SELECT current_setting('synchronous_commit')`).Scan(&commit); err == nil {
				if commit != "on" {
					t.Errorf("PostgreSQL: synchronous_commit is %q, want on", commit)
				}
				return nil
			}
			var full int
			var journal string
			if err := tx.Row(`PRAGMA synchronous`).Scan(&full); err != nil {
				return err
			}
			if err := tx.Row(`PRAGMA journal_mode`).Scan(&journal); err != nil {
				return err
			}
			if full != 2 || journal != "wal" {
				t.Errorf("SQLite: synchronous is %d, journal_mode %q; want 2 (FULL) and wal", full, journal)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

func TestNewerDatabaseIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "newer.db")
	d, err := db.Open(t.Context(), "sqlite:"+path, db.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	raw, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	_, err = raw.ExecContext(t.Context(), `INSERT INTO schema_versions (version_id, is_applied) VALUES (9999, 1)`)
	if err := errors.Join(err, raw.Close()); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Open(t.Context(), "sqlite:"+path, db.Options{}); !errors.Is(err, db.ErrNewer) {
		t.Errorf("open a newer database: got %v, want ErrNewer", err)
	}
}

func TestWhatIsNoDatabaseIsNamed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "letter.db")
	if err := os.WriteFile(path, bytes.Repeat([]byte("Dear IT, "), 1000), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Open(t.Context(), "sqlite:"+path, db.Options{}); !errors.Is(err, db.ErrDamaged) {
		t.Errorf("open a letter: got %v, want ErrDamaged", err)
	}
	if _, err := db.Open(t.Context(), "sqlite:"+filepath.Join(path, "x.db"), db.Options{}); !errors.Is(err, db.ErrReadOnly) {
		t.Errorf("open below a file: got %v, want ErrReadOnly", err)
	}
}

func TestOddPathsWork(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "Büro & co #1 100%?", "日本")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "g h.db")
	d, err := db.Open(t.Context(), "sqlite:"+path, db.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Errorf("the database is not where it was put: %v", err)
	}
}

func TestFold(t *testing.T) {
	for in, want := range map[string]string{
		"Müller": "muller", "STRASSE": "strasse", "Straße": "strasse", "Łukasz Żółć": "lukasz zolc", "  a \t b ": "a b",
		"Ångström": "angstrom", "ＩＰＨＯＮＥ": "iphone", "Işık": "isik", "李小龍": "李小龍", "Øre": "ore",
	} {
		if got := db.Fold(in); got != want {
			t.Errorf("Fold(%q): got %q, want %q", in, got, want)
		}
	}
}

// The two sides of a migration name the same tables, columns and indexes.
func TestMigrationPairsAgree(t *testing.T) {
	read := func(engine string) map[string][]string {
		words := regexp.MustCompile(`(?i)\b(BLOB|BYTEA|INTEGER PRIMARY KEY AUTOINCREMENT|BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY|COLLATE "C"|INTEGER|BIGINT|REAL|DOUBLE PRECISION|VIRTUAL|STORED)`)
		files := map[string][]string{}
		err := fs.WalkDir(os.DirFS("migrations/"+engine), ".", func(path string, e fs.DirEntry, err error) error {
			if err != nil || e.IsDir() {
				return err
			}
			text, err := os.ReadFile(filepath.Join("migrations", engine, path))
			for line := range strings.Lines(string(text)) {
				line, _, _ = strings.Cut(line, "--")
				line = strings.Join(strings.Fields(words.ReplaceAllString(line, "")), " ")
				if line != "" {
					files[path] = append(files[path], strings.ReplaceAll(line, " ,", ","))
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return files
	}
	if diff := cmp.Diff(read("sqlite"), read("postgres")); diff != "" {
		t.Errorf("migrations differ (-sqlite +postgres):\n%s", diff)
	}
}
