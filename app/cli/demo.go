package cli

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	mathrand "math/rand/v2"
	"net/http"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"example.org/gatehouse/backend"
	"example.org/gatehouse/backend/admin"
	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/mdm"
	"example.org/gatehouse/backend/sim"
	"example.org/gatehouse/frontend"
)

// The organization of the demo. Its names lead nowhere; the phones are told where the server is.
const (
	demoName   = "Example Inc."
	demoDomain = "example.org"
	demoURL    = "https://mdm.example.org"
	demoTopic  = "com.apple.mgmt.External.00000000-0000-4000-8000-00000000de50"
)

// livingDemo is how many phones of a demo are simulated; the rest are records.
const (
	livingDemo = 200
	mostDemo   = 200_000
)

type demoOptions struct {
	phones          int
	seed            uint64
	listen, screens string
}

func (p *program) demoCommand() *cobra.Command {
	o := demoOptions{}
	c := &cobra.Command{
		Use:   "demo",
		Short: "A throw-away server full of simulated phones, to look around",
		Long: `Makes a Gatehouse in a temporary folder, a simulated push service, and a small town of people whose phones enroll through
the real flow and go on living: they answer, leave, fall silent. Everything is gone when you stop it.

Of very many phones the first 200 live; the others are records, as if they had enrolled in the last year.`,
		Example: `  gatehoused demo --phones 40
  gatehoused demo --phones 100000`,
		RunE: func(c *cobra.Command, _ []string) error {
			if o.phones < 1 || o.phones > mostDemo {
				return misuse(c, "--phones is from 1 to 200000")
			}
			return p.demo(c.Context(), o)
		},
	}
	f := c.Flags()
	f.IntVar(&o.phones, "phones", 40, "how many phones")
	f.Uint64Var(&o.seed, "seed", 1, "the same seed makes the same town")
	f.StringVar(&o.listen, "listen", "127.0.0.1:0", "address for phones")
	f.StringVar(&o.screens, "admin", "127.0.0.1:0", "address for the screens")
	return c
}

func (p *program) demo(ctx context.Context, o demoOptions) (err error) {
	data, err := os.MkdirTemp("", "gatehouse-demo-")
	if err != nil {
		return fmt.Errorf("make a folder for the demo: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(data)) }()
	push, err := sim.NewAPNs(sim.APNsOptions{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, push.Close()) }()
	devices, err := sim.NewDeviceAuthority(o.seed)
	if err != nil {
		return err
	}
	key := make([]byte, 32)
	if _, err := rand.Read(key); err != nil {
		return err
	}
	quiet := slog.New(slog.NewTextHandler(p.problems, &slog.HandlerOptions{Level: slog.LevelError}))
	config := backend.Config{
		Data: data, Listen: o.listen, Admin: o.screens, Key: key, Log: quiet, Screens: frontend.Dist(), Demo: true,
		Anchors: []*x509.Certificate{devices.Certificate()}, PushURL: push.URL(), PushRoots: push.Roots(),
	}
	config.Version, config.Commit = Version()
	b, err := backend.Open(ctx, config)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.Close()) }()
	d := inside(b, &lastError{})
	d.close = func() error { return nil }
	if err := furnishDemo(ctx, d, push); err != nil {
		return err
	}
	group, running := errgroup.WithContext(ctx)
	group.Go(func() error { return p.runBackend(running, b) })
	group.Go(func() error { return p.inhabit(running, b, d, o, push, devices) })
	return stopped(ctx, group.Wait())
}

// furnishDemo answers the first questions, as an administrator would.
func furnishDemo(ctx context.Context, d *door, push *sim.APNs) error {
	var setup admin.SetUpIn
	setup.Body.Organization, setup.Body.Domains, setup.Body.URL = demoName, []string{demoDomain}, demoURL
	if _, err := call[admin.SetupState](ctx, d, http.MethodPost, "/setup", setup.Body); err != nil {
		return err
	}
	certificate, key, err := push.NewPushCertificate(demoTopic, time.Now().AddDate(1, 0, 0))
	if err != nil {
		return err
	}
	var in admin.ImportPushIn
	in.Body.Certificate, in.Body.Key, in.Body.Account = string(certificate), string(key), "it@"+demoDomain
	_, err = call[admin.PushState](ctx, d, http.MethodPost, "/push-certificate", in.Body)
	return err
}

// inhabit brings the people and their phones, and lets them live until the demo ends.
func (p *program) inhabit(ctx context.Context, b *backend.Backend, d *door, o demoOptions, push *sim.APNs, devices *sim.DeviceAuthority) error {
	select {
	case <-ctx.Done():
		return nil
	case <-b.Ready():
	}
	town, err := foundTown(ctx, b, d, o, push, devices)
	if err != nil {
		return stopped(ctx, err)
	}
	defer town.Close()
	if err := p.imagine(ctx, b, o); err != nil {
		return stopped(ctx, err)
	}
	// One after the other, as people do; whoever looks at the screens sees them come.
	if err := town.Enroll(ctx, 2); err != nil {
		if ctx.Err() != nil {
			return nil
		}
		p.complain("%v", err)
	}
	if err := imagineBefore(ctx, b, d, town); err != nil {
		return stopped(ctx, err)
	}
	p.printf("ready demo %d phones, seed %d\n", o.phones, town.Seed())
	return town.Live(ctx)
}

// foundTown gives everybody an account and a phone.
func foundTown(ctx context.Context, b *backend.Backend, d *door, o demoOptions, push *sim.APNs, devices *sim.DeviceAuthority) (*sim.Town, error) {
	anchor, err := call[admin.TrustAnchor](ctx, d, http.MethodGet, "/trust-anchor", nil)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM([]byte(anchor.PEM))
	device, err := devices.Issue()
	if err != nil {
		return nil, err
	}
	town, err := sim.NewTown(sim.TownOptions{
		Seed: o.seed, Phones: min(o.phones, livingDemo), Domain: demoDomain, Day: 20 * time.Minute,
		Phone: sim.PhoneOptions{
			Roots: roots, Dial: sim.DialTo(b.PublicAddr()), Device: device, Push: push, Log: slog.New(slog.DiscardHandler),
		},
	})
	if err != nil {
		return nil, err
	}
	for _, r := range town.Residents {
		var in admin.AddPersonIn
		in.Body.Identifier, in.Body.Name, in.Body.Password = r.Identifier, r.Name, r.Password
		if _, err := call[admin.PersonAdded](ctx, d, http.MethodPost, "/people", in.Body); err != nil {
			return nil, err
		}
	}
	return town, nil
}

// erased is how many residents have erased their phone before the demo began, so that it is listed twice.
const erased = 2

// imagineBefore writes the records that the phones of some residents had before.
func imagineBefore(ctx context.Context, b *backend.Backend, d *door, town *sim.Town) error {
	steady := slices.DeleteFunc(slices.Clone(town.Residents), func(r *sim.Resident) bool { return r.Habit != sim.Steady })
	for i, r := range steady[:min(erased, len(steady)/8)] {
		now := b.API().DB.Now()
		left := now.Add(-time.Duration(i+1) * 3 * time.Hour)
		record := mdm.Enrollment{
			ID: db.NewID(), Person: r.Identifier, PersonName: r.Name, ManagedAccount: r.Identifier,
			Stage: mdm.StageRemoved, EndedAt: left, EndedBy: mdm.EndedByCheckOut,
			AuthenticatedAt: now.AddDate(0, -4, 0), EnrolledAt: now.AddDate(0, -4, 0), LastSeenAt: left, IdentityExpiresAt: now.AddDate(1, 0, 0),
			Device: mdm.Device{ProductName: r.Phone.Model(), Name: r.Phone.Family(), OSVersion: r.Phone.OS(), InformationAt: left},
		}
		err := b.API().DB.Update(ctx, func(tx *db.Tx) error { return mdm.Imagine(tx, demoTopic, record) })
		if err != nil {
			return err
		}
		tags := map[string][]string{"tags": {"Sales"}}
		if _, err := call[admin.Done](ctx, d, http.MethodPut, "/enrollments/"+record.ID+"/remarks", tags); err != nil {
			return err
		}
	}
	return nil
}

// imagine writes the records of the phones that are too many to live.
func (p *program) imagine(ctx context.Context, b *backend.Backend, o demoOptions) error {
	random := mathrand.New(mathrand.NewPCG(o.seed, 0x11f7)) //nolint:gosec // a seed makes the same records again
	register := sim.Register(o.seed, "field."+demoDomain, max(o.phones-livingDemo, 0))
	for some := range slices.Chunk(register, 1000) {
		var records []mdm.Enrollment
		for _, e := range some {
			records = append(records, imagined(e, random, b.API().DB.Now()))
		}
		err := b.API().DB.Update(ctx, func(tx *db.Tx) error {
			for _, e := range records {
				if err := mdm.Imagine(tx, demoTopic, e); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// imagined is what we might know of somebody's phone: most are in touch, some are silent, a few have left.
func imagined(e sim.Entry, random *mathrand.Rand, now time.Time) mdm.Enrollment {
	enrolled := now.Add(-time.Duration(random.Int64N(int64(365*24*time.Hour))) - time.Hour)
	silent := time.Duration(random.ExpFloat64() * float64(16*time.Hour))
	if random.IntN(15) == 0 {
		silent += time.Duration(random.IntN(120)) * 24 * time.Hour
	}
	seen := now.Add(-silent)
	if seen.Before(enrolled) {
		seen = enrolled
	}
	battery, capacity := 5+random.Int64N(96), int64(128<<random.IntN(3))<<30
	available, yes := random.Int64N(capacity), random.IntN(30) > 0
	record := mdm.Enrollment{
		ID: db.NewID(), Person: e.Identifier, PersonName: e.Name, ManagedAccount: e.Identifier, Stage: mdm.StageEnrolled,
		AuthenticatedAt: enrolled, EnrolledAt: enrolled, LastSeenAt: seen, IdentityExpiresAt: enrolled.AddDate(2, 0, 0),
		Device: mdm.Device{
			ProductName: e.Product, Name: "iPhone", OSVersion: e.Version, Build: e.Build, Battery: &battery, Capacity: &capacity, Available: &available,
			PasscodePresent: &yes, PasscodeCompliant: &yes, InformationAt: seen, SecurityAt: seen,
		},
	}
	if random.IntN(40) == 0 {
		record.Stage, record.EndedAt, record.EndedBy = mdm.StageRemoved, seen, mdm.EndedByCheckOut
	}
	return record
}
