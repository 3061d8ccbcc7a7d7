package backend

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"golang.org/x/net/netutil"
	"golang.org/x/sync/errgroup"

	"example.org/gatehouse/backend/admin"
)

const (
	// graceful is how long requests in flight may take to end; patient is how long we wait before those of the screens
	// are told: they may be waiting for news that will not come.
	graceful = 10 * time.Second
	patient  = time.Second
	// connections bounds how many strangers are listened to at a time. An office that enrolls at once has far fewer phones
	// that talk at the same moment; the others wait their turn.
	connections = 2000
	// watchEvery is how often we look for settings that another process changed.
	watchEvery = time.Second
)

// Run serves until ctx ends, then lets requests in flight finish and waits for everything it has started.
func (b *Backend) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	b.mu.Lock()
	b.startedAt = b.db.Now()
	b.mu.Unlock()
	if err := b.serveScreens(ctx, g); err != nil {
		return err
	}
	g.Go(func() error { return b.events.Run(ctx, b.log) })
	g.Go(func() error { return b.watch(ctx, g) })
	err := g.Wait()
	b.mu.Lock()
	b.startedAt, b.public, b.screens = time.Time{}, nil, nil
	b.mu.Unlock()
	return errors.Join(err, retract(b.config.Data))
}

// watch begins to serve phones as soon as they can be, and follows the settings that the listeners depend on.
func (b *Backend) watch(ctx context.Context, g *errgroup.Group) error {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	var served *rooms
	var complaint string // the last one, so that it is not said each second
	first := true
	for {
		if served == nil {
			r, err := b.servePhones(ctx, g)
			if err != nil && first {
				return err // a port that is taken at the start is for whoever started us
			}
			served = r
		} else if err := b.nameCertificate(ctx, served); err != nil && ctx.Err() == nil && err.Error() != complaint {
			complaint = err.Error()
			b.log.ErrorContext(ctx, "TLS certificate does not have the new names", "err", err)
		}
		first = false
		b.serving()
		select {
		case <-ctx.Done():
			return nil
		case <-b.changed:
		case <-tick.C:
		}
	}
}

// serveScreens opens the admin listener.
func (b *Backend) serveScreens(ctx context.Context, g *errgroup.Group) error {
	if b.config.Admin == "" {
		return b.announce()
	}
	l, err := listen(ctx, "screens", b.config.Admin)
	if err != nil {
		return err
	}
	b.mu.Lock()
	b.screens = l.Addr()
	b.mu.Unlock()
	if err := b.announce(); err != nil {
		return errors.Join(err, l.Close())
	}
	handler := b.api.Web(admin.Site{Screens: b.config.Screens, Token: b.token})
	b.serve(ctx, g, l, b.observed("screens", handler), patient)
	b.log.InfoContext(ctx, "screens served", "addr", l.Addr().String())
	return nil
}

// servePhones opens the public listener and starts the loops, if the set-up is done. It returns the rooms that serve.
func (b *Backend) servePhones(ctx context.Context, g *errgroup.Group) (*rooms, error) {
	r := b.furnished()
	if r == nil {
		return nil, nil
	}
	l, err := listen(ctx, "phones", b.config.Listen)
	if err != nil {
		b.stuck(ctx, "port_taken", err)
		return nil, err
	}
	b.mu.Lock()
	b.public, b.reason = l.Addr(), ""
	b.mu.Unlock()
	if err := b.announce(); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	r.live(ctx, g)
	secure := tls.NewListener(netutil.LimitListener(l, connections), &tls.Config{
		MinVersion:     tls.VersionTLS12, // and no suite without forward secrecy: App Transport Security
		GetCertificate: r.pki.Certificate,
		NextProtos:     []string{"h2", "http/1.1"},
	})
	b.serve(ctx, g, secure, b.observed("phones", r.routes(b.healthy)), graceful)
	g.Go(func() error { return b.events.Attend(ctx, b.log, b.reachable) })
	b.log.InfoContext(ctx, "phones served", "addr", l.Addr().String())
	return r, nil
}

// stuck remembers why phones are not served, and says it once.
func (b *Backend) stuck(ctx context.Context, reason string, err error) {
	b.mu.Lock()
	known := b.reason == reason
	b.reason = reason
	b.mu.Unlock()
	if !known {
		b.log.ErrorContext(ctx, "phones are not served", "reason", reason, "err", err)
	}
}

func listen(ctx context.Context, purpose, address string) (net.Listener, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, &ListenError{Purpose: purpose, Addr: address, Err: err}
	}
	return l, nil
}

// serve answers on l until ctx ends. Requests in flight then have time to finish; after wait, their contexts end.
func (b *Backend) serve(ctx context.Context, g *errgroup.Group, l net.Listener, h http.Handler, wait time.Duration) {
	requests, tell := context.WithCancel(context.WithoutCancel(ctx))
	s := &http.Server{
		Handler:           h,
		BaseContext:       func(net.Listener) context.Context { return requests },
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      60 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    32 << 10,
		ErrorLog:          slog.NewLogLogger(b.log.Handler(), slog.LevelDebug), // strangers that hang up
	}
	g.Go(func() error {
		if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("serve on %s: %w", l.Addr(), err)
		}
		return nil
	})
	g.Go(func() error {
		<-ctx.Done()
		defer tell()
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), graceful)
		defer cancel()
		impatient := time.AfterFunc(wait, tell)
		defer impatient.Stop()
		if err := s.Shutdown(last); err != nil {
			b.log.WarnContext(ctx, "requests in flight were cut off", "addr", l.Addr().String(), "err", err)
			return s.Close()
		}
		return nil
	})
}

// announce tells the other processes of this computer where we are.
func (b *Backend) announce() error {
	r := Running{PID: os.Getpid(), Token: b.token, Public: b.PublicAddr()}
	if a := b.AdminAddr(); a != "" {
		r.Admin = "http://" + a
	}
	return announce(b.config.Data, r)
}

// health is what /healthz found last.
type health struct {
	mu  sync.Mutex
	at  time.Time // guarded by mu
	err error     // guarded by mu
}
