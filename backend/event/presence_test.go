package event

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/db/dbtest"
)

// server is one process on a computer whose clocks the test moves.
type server struct {
	*watch
	clock *dbtest.Clock
	up    time.Duration
	down  error
}

func serve(d *db.DB, clock *dbtest.Clock) *server {
	s := &server{clock: clock}
	s.watch = newWatch(d, slog.New(slog.DiscardHandler), func(context.Context) error { return s.down })
	s.uptime = func() time.Duration { return s.up }
	return s
}

// runs lets time pass, with its beats.
func (s *server) runs(t *testing.T, d time.Duration) {
	s.beat(t.Context())
	for end := s.up + d; s.up < end; s.beat(t.Context()) {
		s.sleeps(beatEvery)
	}
}

// sleeps lets time pass without a beat.
func (s *server) sleeps(d time.Duration) {
	s.up += d
	s.clock.Add(d)
}

func absences(t *testing.T, d *db.DB, from, to time.Time) Absence {
	t.Helper()
	var a Absence
	err := d.View(t.Context(), func(tx *db.Tx) (err error) {
		a, err = Absences(tx, from, to)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// saw lists gaps as "reason length".
func saw(a Absence) []string {
	list := []string{}
	for _, g := range a.Gaps {
		list = append(list, g.Reason+" "+g.Until.Sub(g.From).String())
	}
	return list
}

func TestGapsAreWhatNoBeatCovers(t *testing.T) {
	for _, c := range []struct {
		name string
		live func(t *testing.T, s *server, d *db.DB)
		want []string
	}{
		{"a server that runs", func(t *testing.T, s *server, _ *db.DB) { s.runs(t, 4*time.Hour) }, []string{}},
		{"off over night", func(t *testing.T, s *server, d *db.DB) {
			s.runs(t, 20*time.Minute)
			s.sleeps(14 * time.Hour)
			serve(d, s.clock).runs(t, time.Hour)
		}, []string{"off 14h0m0s"}},
		{"a restart", func(t *testing.T, s *server, d *db.DB) {
			s.runs(t, 20*time.Minute)
			s.sleeps(bridged)
			serve(d, s.clock).runs(t, time.Hour)
		}, []string{}},
		{"an orderly end is exact", func(t *testing.T, s *server, d *db.DB) {
			s.runs(t, 20*time.Minute)
			s.sleeps(10 * time.Second)
			s.leave(t.Context())
			s.sleeps(time.Hour)
			serve(d, s.clock).runs(t, time.Hour)
		}, []string{"off 1h0m0s"}},
		{"asleep", func(t *testing.T, s *server, _ *db.DB) {
			s.runs(t, 20*time.Minute)
			s.sleeps(8 * time.Hour)
			s.runs(t, 20*time.Minute)
		}, []string{"asleep 8h0m0s"}},
		{"wakes without a network", func(t *testing.T, s *server, _ *db.DB) {
			s.runs(t, 20*time.Minute)
			s.sleeps(8 * time.Hour)
			s.down = errors.New("no network")
			s.runs(t, time.Minute)
			s.down = nil
			s.runs(t, 20*time.Minute)
		}, []string{"asleep 8h1m0s"}},
		{"unreachable", func(t *testing.T, s *server, _ *db.DB) {
			s.runs(t, 20*time.Minute)
			s.down = errors.New("no network")
			s.runs(t, 3*time.Hour)
			s.down = nil
			s.runs(t, 20*time.Minute)
		}, []string{"unreachable 3h0m0s"}},
		{"unreachable now", func(t *testing.T, s *server, _ *db.DB) {
			s.runs(t, 20*time.Minute)
			s.down = errors.New("no network")
			s.runs(t, 3*time.Hour)
		}, []string{"still 3h0m0s"}},
		{"two processes, one off", func(t *testing.T, s *server, d *db.DB) {
			s.runs(t, 20*time.Minute)
			other := serve(d, s.clock)
			other.runs(t, 5*time.Hour)
			s.up += 5 * time.Hour
			s.runs(t, 20*time.Minute)
		}, []string{}},
		{"a clock two years ahead, and right again", func(t *testing.T, s *server, _ *db.DB) {
			s.runs(t, 20*time.Minute)
			s.clock.Add(2 * 365 * 24 * time.Hour)
			s.runs(t, 2*time.Hour)
			s.clock.Add(-2 * 365 * 24 * time.Hour)
			s.runs(t, 20*time.Minute)
		}, []string{"clock 2h0m0s"}},
		{"a clock that was behind, and right again", func(t *testing.T, s *server, _ *db.DB) {
			s.runs(t, 5*time.Hour)
			s.clock.Add(-3 * time.Hour)
			s.runs(t, 20*time.Minute)
			s.clock.Add(3 * time.Hour)
			s.runs(t, 20*time.Minute)
		}, []string{"clock 20m0s"}},
		{"off while the clock was ahead, and right again", func(t *testing.T, s *server, d *db.DB) {
			s.runs(t, 20*time.Minute)
			s.clock.Add(2 * 365 * 24 * time.Hour)
			s = serve(d, s.clock)
			s.runs(t, 20*time.Minute)
			s.clock.Add(-2 * 365 * 24 * time.Hour)
			s.runs(t, 20*time.Minute)
		}, []string{"clock 20m0s"}},
		{"a clock that was wrong and was put right", func(t *testing.T, s *server, _ *db.DB) {
			s.runs(t, 20*time.Minute)
			s.clock.Add(10 * time.Hour)
			s.runs(t, 20*time.Minute)
		}, []string{"clock 10h0m0s"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dbtest.Clocked(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
				began := clock.Now()
				c.live(t, serve(d, clock), d)
				a := absences(t, d, began.Add(-10*365*24*time.Hour), clock.Now().Add(10*365*24*time.Hour))
				if diff := cmp.Diff(c.want, saw(a)); diff != "" {
					t.Errorf("gaps (-want +got):\n%s", diff)
				}
				if !a.Began.Equal(began) {
					t.Errorf("kept track since: got %v, want %v", a.Began, began)
				}
			})
		})
	}
}

// Nothing is known of the time before we began to keep track, and nobody is stale because of it, or fresh.
func TestNothingIsKnownOfTheTimeBefore(t *testing.T) {
	dbtest.Clocked(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		if a := absences(t, d, time.Time{}, clock.Now()); a.Total() != 0 || !a.Began.IsZero() {
			t.Errorf("a server that never ran: got %v away since %v, want nothing", a.Total(), a.Began)
		}
	})
}

// Absence.Within agrees with adding up minute by minute.
func TestWithinIsExact(t *testing.T) {
	dbtest.Clocked(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		seed := rand.Uint64()
		dice := rand.New(rand.NewPCG(seed, 1)) //nolint:gosec // chance with a seed
		minute := func(n int) time.Time { return clock.Now().Add(time.Duration(n) * time.Minute) }
		const minutes = 3000
		var here [minutes]bool
		err := d.Update(t.Context(), func(tx *db.Tx) error {
			here = [minutes]bool{}
			for _, from := range append([]int{0}, dice.Perm(minutes - 100)[:30]...) {
				until := from + 1 + dice.IntN(60)
				for i := from; i < until; i++ {
					here[i] = true
				}
				if err := Present(tx, minute(from), minute(until), Off); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		clock.Add(minutes * time.Minute)
		minute = func(n int) time.Time { return clock.Now().Add(time.Duration(n-minutes) * time.Minute) }
		for i := 1; i < minutes; i++ { // what Present bridges is no gap
			for n := 1; n <= int(bridged/time.Minute); n++ {
				if here[i-1] && !here[i] && i+n < minutes && here[i+n] {
					for k := i; k < i+n; k++ {
						here[k] = true
					}
				}
			}
		}
		whole := absences(t, d, minute(0), minute(minutes))
		for range 300 {
			from, to := dice.IntN(minutes), dice.IntN(minutes)
			var want time.Duration
			for i := from; i < to; i++ {
				if !here[i] {
					want += time.Minute
				}
			}
			if got := whole.Within(minute(from), minute(to)); got != want {
				t.Fatalf("seed %d: away from minute %d to %d: got %v, want %v", seed, from, to, got, want)
			}
			if part := absences(t, d, minute(from), minute(to)).Total(); from < to && part != want {
				t.Fatalf("seed %d: asked for minute %d to %d alone: got %v, want %v", seed, from, to, part, want)
			}
		}
	})
}

func TestAttendNotesTheEnd(t *testing.T) {
	dbtest.Clocked(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		ctx, cancel := context.WithCancel(t.Context())
		beaten := make(chan struct{})
		ended := make(chan error)
		began := clock.Now()
		go func() {
			ended <- New(d).Attend(ctx, slog.New(slog.DiscardHandler), func(context.Context) error {
				close(beaten) // a second beat would panic
				return nil
			})
		}()
		<-beaten
		for len(stretches(t, d)) == 0 {
			time.Sleep(time.Millisecond)
		}
		clock.Add(time.Minute)
		cancel()
		if err := <-ended; err != nil {
			t.Fatal(err)
		}
		want := []Gap{{From: began, Until: began.Add(time.Minute), Reason: Off}}
		if diff := cmp.Diff(want, stretches(t, d)); diff != "" {
			t.Errorf("presence (-want +got):\n%s", diff)
		}
	})
}

func stretches(t *testing.T, d *db.DB) []Gap {
	t.Helper()
	var list []Gap
	err := d.View(t.Context(), func(tx *db.Tx) error {
		rows, err := tx.Rows(`SELECT from_at, until_at, reason FROM presence ORDER BY from_at`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var from, until int64
			var g Gap
			if err := rows.Scan(&from, &until, &g.Reason); err != nil {
				return err
			}
			g.From, g.Until = db.Time(from), db.Time(until)
			list = append(list, g)
		}
		return rows.Err()
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestHealthSaysThatWeWereAway(t *testing.T) {
	dbtest.Clocked(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		s := serve(d, clock)
		s.runs(t, 20*time.Minute)
		s.sleeps(50 * time.Minute)
		s.runs(t, 20*time.Minute)
		if f := New(d).Health(t.Context()); len(f) != 0 {
			t.Errorf("after fifty minutes: got %v, want nothing", f)
		}
		s.sleeps(10 * time.Hour)
		s.runs(t, 20*time.Minute)
		f := New(d).Health(t.Context())
		if len(f) != 1 || f[0].Code != "server_was_away" || f[0].Params["count"] != "11" {
			t.Errorf("after eleven hours: got %v, want server_was_away for 11 hours", f)
		}
		s.clock.Add(30 * time.Hour)
		s.runs(t, time.Minute)
		if f := New(d).Health(t.Context()); len(f) != 0 {
			t.Errorf("after the clock was set: got %v, want nothing", f)
		}
	})
}
