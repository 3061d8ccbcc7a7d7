package sim

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"
)

func TestTownIsTheSameForTheSameSeed(t *testing.T) {
	t.Parallel()
	describe := func(seed uint64) (all []string) {
		town, err := NewTown(TownOptions{Seed: seed, Phones: 60})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range town.Residents {
			all = append(all, r.Identifier+" "+r.Name+" "+string(r.Habit)+" "+r.Phone.Model()+" "+r.Phone.o.OS+" "+r.Phone.o.Language)
		}
		return all
	}
	one, again, other := describe(5), describe(5), describe(6)
	different, seen := 0, map[string]bool{}
	for i := range one {
		if one[i] != again[i] {
			t.Errorf("resident %d: %s, then %s", i, one[i], again[i])
		}
		if one[i] != other[i] {
			different++
		}
		seen[one[i]] = true
	}
	if different < 50 || len(seen) != 60 {
		t.Errorf("%d of 60 residents differ under another seed, %d are different people", different, len(seen))
	}
}

func TestTownEnrollsAndLives(t *testing.T) {
	t.Parallel()
	s := newService(t)
	push, err := NewAPNs(APNsOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = push.Close() })
	phone := s.phone().o
	phone.Push = push
	town, err := NewTown(TownOptions{Seed: 9, Phones: 24, Password: "secret", Phone: phone, Day: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(town.Close)
	if err := town.Enroll(t.Context(), 4); err != nil {
		t.Fatal(err)
	}
	habits := map[Habit]int{}
	for _, r := range town.Residents {
		habits[r.Habit]++
		if r.Phone.Enrolled() == (r.Habit == Forgetful) {
			t.Errorf("%s is %s, enrolled %v", r.Identifier, r.Habit, r.Phone.Enrolled())
		}
		if r.Phone.Enrolled() && !r.Phone.Push(r.Phone.PushMagic()) {
			t.Errorf("%s does not believe its own magic", r.Identifier)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	settled := func() bool {
		for _, r := range town.Residents {
			if r.Phone.Enrolled() && (r.Habit == Leaving || r.Habit == Vanishing) {
				return false
			}
		}
		return len(s.heard("Status", "Idle")) >= habits[Steady]
	}
	go func() {
		for ctx.Err() == nil && !settled() {
			time.Sleep(20 * time.Millisecond)
		}
		cancel()
	}()
	if err := town.Live(ctx); err != nil {
		t.Fatal(err)
	}
	for _, r := range town.Residents {
		if gone := !r.Phone.Enrolled(); gone != (r.Habit == Leaving || r.Habit == Vanishing || r.Habit == Forgetful) {
			t.Errorf("%s is %s, gone %v", r.Identifier, r.Habit, gone)
		}
	}
	if bye := len(s.heard("MessageType", "CheckOut")); bye != habits[Leaving] {
		t.Errorf("%d said goodbye, want %d", bye, habits[Leaving])
	}
	if polled := len(s.heard("Status", "Idle")); polled < habits[Steady] {
		t.Errorf("%d polls of %d steady residents who were pushed", polled, habits[Steady])
	}
}

func TestLoadStaysAtHome(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"https://192.0.2.1:8443", "https://[2001:db8::1]"} {
		if _, err := Load(t.Context(), LoadOptions{URL: url, Domain: "example.org", For: time.Millisecond}); !errors.Is(err, ErrElsewhere) {
			t.Errorf("%s: %v, want a refusal", url, err)
		}
	}
	for _, url := range []string{"http://127.0.0.1", "127.0.0.1:8443", ""} {
		if _, err := Load(t.Context(), LoadOptions{URL: url, Domain: "example.org"}); err == nil {
			t.Errorf("%q was taken for an address", url)
		}
	}
}

func TestLoadEnrollsAndPolls(t *testing.T) {
	t.Parallel()
	s := newService(t)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	go func() { // a busy computer may need long for it
		for ctx.Err() == nil && len(s.heard("Status", "Idle")) < 10 {
			time.Sleep(10 * time.Millisecond)
		}
		stop()
	}()
	report, err := Load(ctx, LoadOptions{
		URL: "https://" + s.addr, Phones: 6, For: time.Minute, Parallel: 3, Seed: 1, Roots: s.roots,
		People: func(i int) (string, string) {
			if i == 5 {
				return "eve@example.org", "guess"
			}
			return "anna@example.org", "secret"
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if report.Phones != 6 || report.Enrolled != 5 || report.Failed != 1 || report.Polls == 0 || len(report.Errors) != 1 {
		t.Errorf("%+v", report)
	}
}

func TestLoadKnocksWithoutPeople(t *testing.T) {
	t.Parallel()
	s := newService(t)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	pages := 0
	s.spoil(spoiled("page", func(*answer) {
		if pages++; pages == 4 {
			stop()
		}
	}))
	report, err := Load(ctx, LoadOptions{URL: "https://" + s.addr, Phones: 2, Parallel: 2, For: time.Minute, Roots: s.roots, Domain: "example.org"})
	if err != nil || report.Failed != 0 || len(report.Steps) != 3 || report.Steps[0].Count < 3 {
		t.Errorf("%+v, %v", report, err)
	}
}

func TestRegisterIsTheSameForTheSameSeed(t *testing.T) {
	t.Parallel()
	a, b, other := Register(7, "example.org", 300), Register(7, "example.org", 300), Register(8, "example.org", 300)
	if !slices.Equal(a, b) || slices.Equal(a, other) {
		t.Error("a seed does not say who is in the register")
	}
	seen := map[string]bool{}
	for _, e := range a {
		if seen[e.Identifier] || e.Product == "" || e.Version == "" {
			t.Errorf("odd entry %+v", e)
		}
		seen[e.Identifier] = true
	}
}
