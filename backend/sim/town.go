package sim

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// Habit is how a resident of a town treats the phone.
type Habit string

// The habits. In a calm town everybody is steady.
const (
	Steady    Habit = "steady"    // answers when pushed
	Busy      Habit = "busy"      // often says NotNow and comes later
	Quiet     Habit = "quiet"     // enrolls and is not heard of again
	Leaving   Habit = "leaving"   // removes the management after a while and says so
	Vanishing Habit = "vanishing" // removes it where there is no network: nobody is told
	Forgetful Habit = "forgetful" // never gets the password right
)

// Resident is somebody with a phone.
type Resident struct {
	Identifier string
	Name       string
	Password   string // the right one; the forgetful type another
	Habit      Habit
	Phone      *Phone
}

// TownOptions describe a town.
type TownOptions struct {
	Seed     uint64
	Phones   int          // default 40
	Domain   string       // of the identifiers; default example.org
	Password string       // of everybody; default "correct-horse-7"
	Phone    PhoneOptions // what all have in common: Roots, Dial, Device, Push, Now, Log
	Calm     bool         // everybody is steady
	// Day is how long a day lasts: within it people leave, and phones report everything once. Default 24 hours.
	Day time.Duration
}

// Town is many people with phones, all from one seed.
type Town struct {
	Residents []*Resident
	o         TownOptions
	seed      uint64
}

// NewTown builds a town. Nobody is enrolled yet.
func NewTown(o TownOptions) (*Town, error) {
	if o.Phones <= 0 {
		o.Phones = 40
	}
	o.Domain, o.Password = or(o.Domain, "example.org"), or(o.Password, "correct-horse-7")
	if o.Day == 0 {
		o.Day = 24 * time.Hour
	}
	t := &Town{o: o, seed: o.Seed}
	if t.seed == 0 {
		t.seed = rand.Uint64()
	}
	rng := rand.New(rand.NewPCG(t.seed, 0x7043))
	for _, c := range citizens(rng, o.Phones) {
		options := o.Phone
		options.Seed, options.Language, options.Name = rng.Uint64()|1, c.language, ""
		options.Model, options.OS, options.Build = device(rng)
		r := &Resident{Identifier: c.login + "@" + o.Domain, Name: c.name(), Password: o.Password, Habit: Steady}
		lot := rng.Float64()
		if !o.Calm {
			r.Habit = habit(lot)
		}
		if r.Habit == Busy {
			options.Temper.NotNow = 0.5
		}
		if r.Habit == Vanishing {
			options.Temper.NeverSaysBye = true
		}
		r.Phone = NewPhone(options)
		t.Residents = append(t.Residents, r)
	}
	return t, nil
}

// habit shares the habits out: seven of ten are steady.
func habit(lot float64) Habit {
	for _, h := range []struct {
		habit Habit
		share float64
	}{{Busy, 0.09}, {Quiet, 0.08}, {Leaving, 0.05}, {Vanishing, 0.04}, {Forgetful, 0.04}} {
		if lot -= h.share; lot < 0 {
			return h.habit
		}
	}
	return Steady
}

// Seed is where the town comes from.
func (t *Town) Seed() uint64 { return t.seed }

// Enroll brings everybody under management, so many at a time. Forgetful people get stuck at the sign-in, which is no
// error of the town.
func (t *Town) Enroll(ctx context.Context, parallel int) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(max(parallel, 1))
	var mu sync.Mutex
	var failed []error
	for _, r := range t.Residents {
		group.Go(func() error {
			if err := r.enroll(ctx); err != nil {
				mu.Lock()
				failed = append(failed, fmt.Errorf("%s (seed %d): %w", r.Identifier, r.Phone.Seed(), err))
				mu.Unlock()
			}
			return ctx.Err()
		})
	}
	if err := group.Wait(); err != nil {
		failed = append(failed, err)
	}
	return errors.Join(failed...)
}

func (r *Resident) enroll(ctx context.Context) error {
	password := r.Password
	if r.Habit == Forgetful {
		password += "?"
	}
	err := r.Phone.Enroll(ctx, r.Identifier, password)
	if stuck := (*SignInError)(nil); r.Habit == Forgetful && errors.As(err, &stuck) {
		return nil
	}
	return err
}

// Live lets the town live until the context ends: phones come when they are pushed, or now and then if there is no push
// service, and people follow their habits. What goes wrong is in the log of the phones.
func (t *Town) Live(ctx context.Context) error {
	var wg sync.WaitGroup
	for _, r := range t.Residents {
		wg.Go(func() { t.live(ctx, r) })
	}
	wg.Wait()
	return nil
}

func (t *Town) live(ctx context.Context, r *Resident) {
	p := r.Phone
	rng := rand.New(rand.NewPCG(p.Seed(), 0x11FE))
	within := func(d time.Duration) <-chan time.Time { return time.After(time.Duration(rng.Float64() * float64(d))) }
	var leave, again, visit <-chan time.Time
	if r.Habit == Leaving || r.Habit == Vanishing {
		leave = within(t.o.Day)
	}
	if t.o.Phone.Push == nil {
		visit = within(t.o.Day)
	}
	report := within(t.o.Day)
	for p.Enrolled() && r.Habit != Quiet {
		var err error
		select {
		case <-ctx.Done():
			return
		case <-leave:
			err = p.Leave(ctx)
		case <-p.Woken():
			_, err = p.Poll(ctx)
		case <-again:
			again = nil
			_, err = p.Poll(ctx)
		case <-visit:
			visit = within(t.o.Day)
			_, err = p.Poll(ctx)
		case <-report:
			report = time.After(t.o.Day)
			err = p.ReportStatus(ctx)
		}
		switch {
		case ctx.Err() != nil:
			return
		case errors.Is(err, ErrSignInAgain):
			if err = p.SignInAgain(ctx, r.Password); err == nil {
				again = within(time.Second)
			}
		case err != nil, p.WillCallAgain():
			again = within(t.o.Day / 100) // when the network is back, when the person has time
		}
		if err != nil {
			t.o.Phone.log().WarnContext(ctx, "a phone of the town met an obstacle", "person", r.Identifier, "seed", p.Seed(), "err", err)
		}
	}
}

// Close hangs up all phones.
func (t *Town) Close() {
	for _, r := range t.Residents {
		r.Phone.Close()
	}
}
