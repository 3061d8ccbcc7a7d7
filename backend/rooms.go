package backend

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"golang.org/x/sync/errgroup"

	"example.org/gatehouse/backend/admin"
	"example.org/gatehouse/backend/apns"
	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/ddm"
	"example.org/gatehouse/backend/directory"
	"example.org/gatehouse/backend/doctor"
	"example.org/gatehouse/backend/enroll"
	"example.org/gatehouse/backend/mdm"
	"example.org/gatehouse/backend/move"
	"example.org/gatehouse/backend/pki"
	"example.org/gatehouse/backend/portal"
	"example.org/gatehouse/backend/settings"
)

// rooms are what serves phones. They exist once the authorities do.
type rooms struct {
	pki    *pki.Authority
	mdm    *mdm.Server
	enroll *enroll.Server
	portal *portal.Site
	tidy   func(context.Context) error // erases archived records past their time
	hosts  []string                    // the names that the TLS certificate was last made for; the watcher alone writes them
}

// furnish brings the rooms to life, if the set-up is done.
func (b *Backend) furnish(ctx context.Context) error {
	authority, err := pki.Open(ctx, b.db, b.events, b.log)
	if errors.Is(err, pki.ErrNotCreated) {
		return nil
	}
	if errors.Is(err, db.ErrSealed) {
		return fmt.Errorf("%w: %w", ErrKey, err)
	}
	if err != nil {
		return fmt.Errorf("open the authorities: %w", err)
	}
	if err := checkClock(b.db.Now(), authority.Anchor().NotBefore, "our own authority"); err != nil {
		return err
	}
	push := apns.New(b.db, b.events, apns.Options{URL: b.config.PushURL, Roots: b.config.PushRoots, Log: b.log})
	people := directory.New(b.db, b.settings, b.events, b.log)
	door := enroll.New(enroll.Config{
		DB: b.db, PKI: authority, APNS: push, Events: b.events, Settings: b.settings, Directory: people, Text: b.text, Log: b.log,
		Anchors: b.config.Anchors,
	})
	library := ddm.New(b.db, b.settings, b.log)
	phones := mdm.New(mdm.Config{
		DB: b.db, PKI: authority, APNS: push, Events: b.events, Tokens: door.Tokens(), Declarations: library,
		Settings: b.settings, Log: b.log,
	})
	library.OnFacts(phones.Facts)
	examiner := doctor.New(doctor.Config{
		DB: b.db, Settings: b.settings, Events: b.events, Directory: people, PKI: authority, APNS: push, MDM: phones, Enroll: door,
		Log: b.log, Public: b.PublicAddr,
	})
	door.Rehearsals = examiner.Anchors
	b.settings.Guard(func(tx *db.Tx, old, next settings.Settings) error {
		if old.URL == "" || old.URL == next.URL {
			return nil
		}
		n, err := phones.Enrolled(tx)
		if err != nil || n == 0 {
			return err
		}
		return &enroll.AddressError{Have: old.URL, Got: next.URL, Enrollments: n}
	})
	r := &rooms{
		tidy: b.api.Run, pki: authority, mdm: phones, enroll: door,
		portal: portal.New(portal.Config{
			DB: b.db, Enroll: door, Directory: people, Settings: b.settings, Events: b.events, Text: b.text, Log: b.log,
		}),
	}
	if err := b.nameCertificate(ctx, r); err != nil {
		return err
	}
	b.api.Furnish(admin.Rooms{
		Directory: people, PKI: authority, APNS: push, MDM: phones, DDM: library, Enroll: door, Portal: r.portal, Doctor: examiner,
		Mover: move.New(move.Config{
			DB: b.db, Events: b.events, Settings: b.settings, Text: b.text, Directory: people, MDM: phones, Enroll: door,
		}),
	})
	b.mu.Lock()
	b.rooms = r
	b.mu.Unlock()
	return nil
}

// nameCertificate sees to it that the private TLS certificate has the names under which phones look for us.
func (b *Backend) nameCertificate(ctx context.Context, r *rooms) error {
	now, err := b.settings.Get(ctx)
	if err != nil {
		return err
	}
	hosts := now.Hosts()
	if len(hosts) == 0 || slices.Equal(hosts, r.hosts) {
		return nil
	}
	if err := r.pki.EnsureTLS(ctx, hosts); err != nil {
		return fmt.Errorf("make the TLS certificate: %w", err)
	}
	r.hosts = hosts
	return nil
}

// Create answers the first questions: it stores the settings, makes the authorities and has phones served. After a
// crash in the middle it may be called again.
func (b *Backend) Create(ctx context.Context, s settings.Settings) error {
	b.setup.Lock()
	defer b.setup.Unlock()
	if b.furnished() != nil {
		return &admin.Error{Code: admin.AlreadySet}
	}
	if err := b.settings.Change(ctx, false, func(now *settings.Settings) error {
		*now = s
		return nil
	}); err != nil {
		return err
	}
	if err := pki.Create(ctx, b.db, s.Organization.Name); err != nil && !errors.Is(err, pki.ErrExists) {
		return fmt.Errorf("make the authorities: %w", err)
	}
	if err := b.furnish(ctx); err != nil {
		return err
	}
	select {
	case b.changed <- struct{}{}:
	default:
	}
	return nil
}

func (b *Backend) furnished() *rooms {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.rooms
}

// live starts the loops of the rooms.
func (r *rooms) live(ctx context.Context, g *errgroup.Group) {
	g.Go(func() error { return r.pki.Run(ctx) })
	g.Go(func() error { return r.enroll.Run(ctx) })
	g.Go(func() error { return r.mdm.Run(ctx) })
	g.Go(func() error { return r.tidy(ctx) })
}

// routes is everything that the public listener answers; [Routes] lists it.
func (r *rooms) routes(healthy http.HandlerFunc) *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", healthy)
	r.enroll.Routes(mux)
	r.portal.Routes(mux)
	r.pki.Routes(mux)
	r.mdm.Routes(mux)
	return mux
}
