package doctor

import (
	"context"
	"log/slog"
	"net"
	"slices"
	"sync"

	"example.org/gatehouse/backend/apns"
	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/directory"
	"example.org/gatehouse/backend/enroll"
	"example.org/gatehouse/backend/event"
	"example.org/gatehouse/backend/mdm"
	"example.org/gatehouse/backend/pki"
	"example.org/gatehouse/backend/settings"
)

// Config is what the doctor looks at.
type Config struct {
	DB        *db.DB
	Settings  *settings.Store
	Events    *event.Log
	Directory *directory.Directory
	PKI       *pki.Authority
	APNS      *apns.Client
	MDM       *mdm.Server
	Enroll    *enroll.Server
	Log       *slog.Logger
	// Public is the address of the listener for phones, of this process or of the one that serves the same data; empty
	// while nobody serves.
	Public func() string
	// Lookup resolves a name; nil asks the system.
	Lookup func(ctx context.Context, host string) ([]string, error)
}

// Doctor examines and rehearses.
type Doctor struct {
	Config
}

// New returns a doctor for these rooms.
func New(c Config) *Doctor {
	if c.Lookup == nil {
		c.Lookup = net.DefaultResolver.LookupHost
	}
	return &Doctor{Config: c}
}

// Examine looks at everything and says what it found, most urgent first.
func (d *Doctor) Examine(ctx context.Context) []event.Finding {
	if err := d.sweep(ctx); err != nil {
		d.Log.ErrorContext(ctx, "leftovers of a rehearsal not erased", "err", err)
	}
	looks := []func(context.Context) []event.Finding{
		d.lookAtServer, d.lookAtNames,
		d.Events.Health, d.PKI.Health, d.APNS.Health, d.Directory.Health, d.Enroll.Health, d.MDM.Health,
	}
	found := make([][]event.Finding, len(looks))
	var work sync.WaitGroup
	for i, look := range looks {
		work.Go(func() { found[i] = look(ctx) })
	}
	work.Wait()
	all := slices.Concat(found...)
	slices.SortStableFunc(all, func(a, b event.Finding) int { return b.Level.Urgency() - a.Level.Urgency() })
	return all
}
