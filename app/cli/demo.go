package cli

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"example.org/gatehouse/backend"
	"example.org/gatehouse/backend/admin"
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
the real flow and go on living: they answer, leave, fall silent. Everything is gone when you stop it.`,
		Example: `  gatehoused demo --phones 40`,
		RunE: func(c *cobra.Command, _ []string) error {
			if o.phones < 1 || o.phones > 1000 {
				return misuse(c, "--phones is from 1 to 1000")
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
	// One after the other, as people do; whoever looks at the screens sees them come.
	if err := town.Enroll(ctx, 2); err != nil {
		if ctx.Err() != nil {
			return nil
		}
		p.complain("%v", err)
	}
	p.printf("ready demo %d phones, seed %d\n", len(town.Residents), town.Seed())
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
		Seed: o.seed, Phones: o.phones, Domain: demoDomain, Day: 20 * time.Minute,
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
