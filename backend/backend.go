package backend

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"github.com/gofrs/flock"

	"example.org/gatehouse/backend/admin"
	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/event"
	"example.org/gatehouse/backend/settings"
	"example.org/gatehouse/backend/text"
)

// Config is what is needed before the database opens. Everything else is a setting.
type Config struct {
	// Data is the data folder. One process at a time has it.
	Data string
	// Database is the address of the database; empty is SQLite in the data folder.
	Database string
	// Listen is where phones are served, Admin where the screens are; an empty Admin serves none.
	Listen, Admin string
	// Key seals the secrets in the database, 32 bytes.
	Key []byte
	Log *slog.Logger
	// Screens are the built files of the front end.
	Screens fs.FS
	// Anchors are authorities besides Apple's whose devices are known.
	Anchors []*x509.Certificate
	// Version and Commit are of the program.
	Version, Commit string
	// Demo says that everything is made up.
	Demo bool

	// PushURL and PushRoots replace Apple's push service, Now the clock. For tests and the demo.
	PushURL   string
	PushRoots *x509.CertPool
	Now       func() time.Time
}

// Backend is a server that is open. It is safe for use from many goroutines.
type Backend struct {
	config   Config
	log      *slog.Logger
	lock     *flock.Flock
	db       *db.DB
	events   *event.Log
	settings *settings.Store
	text     *text.Store
	api      *admin.API
	token    string

	ready   chan struct{} // closed when Run serves what can be served
	serving func()        // closes ready, once
	changed chan struct{} // one signal: there may be something new to serve

	setup  sync.Mutex // one set-up at a time
	health health

	mu        sync.Mutex
	rooms     *rooms    // guarded by mu; nil until the set-up is done
	public    net.Addr  // guarded by mu; nil while phones are not served
	screens   net.Addr  // guarded by mu; nil while no screens are served
	startedAt time.Time // guarded by mu; zero while Run does not run
	reason    string    // guarded by mu; why phones are not served though they could be
}

// Open takes the data folder, opens the database and furnishes the rooms, if the set-up is done.
func Open(ctx context.Context, c Config) (*Backend, error) {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if err := c.check(); err != nil {
		return nil, err
	}
	b := &Backend{
		config: c, log: slog.New(withRequest{c.Log.Handler()}), token: rand.Text(),
		ready: make(chan struct{}), changed: make(chan struct{}, 1),
	}
	b.serving = sync.OnceFunc(func() { close(b.ready) })
	if err := b.open(ctx); err != nil {
		return nil, errors.Join(err, b.Close())
	}
	return b, nil
}

func (c Config) check() error {
	if len(c.Key) != 32 {
		return fmt.Errorf("%w: it has %d bytes and not 32", ErrKey, len(c.Key))
	}
	if c.Admin == "" {
		return nil
	}
	host, _, err := net.SplitHostPort(c.Admin)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrAdminAddress, err)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return fmt.Errorf("%w: not %s", ErrAdminAddress, c.Admin)
	}
	return nil
}

func (b *Backend) open(ctx context.Context) error {
	if err := b.takeFolder(); err != nil {
		return err
	}
	address := b.config.Database
	if address == "" {
		file := filepath.Join(b.config.Data, "gatehouse.db")
		if err := touch(file); err != nil {
			return err
		}
		address = "sqlite:" + file
	}
	var err error
	b.db, err = db.Open(ctx, address, db.Options{Now: b.config.Now, Key: b.config.Key, Log: b.log})
	if err != nil {
		return fmt.Errorf("open the database: %w", err)
	}
	b.events = event.New(b.db)
	b.settings = settings.Open(b.db, b.events)
	if err := checkClock(b.db.Now(), written, "this program"); err != nil {
		return err
	}
	if b.text, err = text.Open(b.db, b.events); err != nil {
		return fmt.Errorf("read the catalogues: %w", err)
	}
	b.api = admin.New(admin.Config{
		DB: b.db, Settings: b.settings, Events: b.events, Text: b.text, House: b, Log: b.log,
		Version: b.config.Version, Commit: b.config.Commit,
	})
	return b.furnish(ctx)
}

// takeFolder makes the data folder, if there is none, readable by its owner alone, and locks it for this process.
func (b *Backend) takeFolder() error {
	data := b.config.Data
	if data == "" {
		return fmt.Errorf("%w: none was named", ErrFolder)
	}
	if err := os.MkdirAll(data, 0o700); err != nil {
		return fmt.Errorf("%w: %w", ErrFolder, err)
	}
	info, err := os.Stat(data)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrFolder, err)
	}
	if runtime.GOOS != "windows" && info.Mode().Perm()&0o022 != 0 { // Windows has other means; its mode bits say nothing
		return fmt.Errorf("%w: others may write to %s; name a folder of its own, or take their right away (chmod go-w)", ErrFolder, data)
	}
	lock := flock.New(filepath.Join(data, "lock"), flock.SetPermissions(0o600))
	got, err := lock.TryLock()
	if err != nil {
		return fmt.Errorf("%w: %w", ErrFolder, err)
	}
	if !got {
		running, err := FindRunning(data)
		if err != nil {
			running = Running{} // it is starting or stopping
		}
		return &HeldError{Data: data, Running: running}
	}
	b.lock = lock
	return retract(data) // what a killed process said of itself
}

// touch makes a file that its owner alone may read; what SQLite puts beside it gets the same rights.
func touch(file string) error {
	f, err := os.OpenFile(file, os.O_CREATE|os.O_RDONLY, 0o600)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrFolder, err)
	}
	return f.Close()
}

// slack is how far the clock may be behind what has surely happened.
const slack = 24 * time.Hour

// written is a time at which this program was still being written.
var written = time.Date(2026, time.November, 1, 0, 0, 0, 0, time.UTC)

// checkClock refuses to run when the clock is before something that has surely happened. What a clock that was ahead for
// a while has left in the database is no proof: see [event.Log.Health].
func checkClock(now, proof time.Time, what string) error {
	if now.Before(proof.Add(-slack)) {
		return wrongClock(now, proof, what)
	}
	return nil
}

// API is the administrator's door.
func (b *Backend) API() *admin.API { return b.api }

// Token opens the admin listener.
func (b *Backend) Token() string { return b.token }

// Ready is closed once Run serves what can be served: the screens, and phones if the set-up is done.
func (b *Backend) Ready() <-chan struct{} { return b.ready }

// PublicAddr is where phones are served, "" while they are not.
func (b *Backend) PublicAddr() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return addr(b.public)
}

// AdminAddr is where the screens are served, "" while they are not.
func (b *Backend) AdminAddr() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return addr(b.screens)
}

func addr(a net.Addr) string {
	if a == nil {
		return ""
	}
	return a.String()
}

// State says what the server does at the moment.
func (b *Backend) State() admin.HouseState {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := admin.HouseState{
		State: "starting", Reason: b.reason, PublicAddr: addr(b.public), AdminAddr: addr(b.screens),
		StartedAt: b.startedAt, Demo: b.config.Demo,
	}
	switch {
	case b.rooms == nil:
		s.State = "not_set_up"
	case b.public != nil:
		s.State = "serving"
	case b.startedAt.IsZero() || b.reason != "":
		s.State = "stopped"
	}
	return s
}

// Close gives the data folder back. Run must have ended.
func (b *Backend) Close() error {
	var err error
	if b.api != nil {
		b.api.Close()
	}
	if b.events != nil {
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		defer cancel()
		if err := b.events.Seal(ctx, false); err != nil { // what a command did while no server runs
			b.log.WarnContext(ctx, "events are not sealed", "err", err)
		}
	}
	if b.db != nil {
		err = b.db.Close()
	}
	if b.lock != nil {
		err = errors.Join(err, b.lock.Unlock())
	}
	return err
}
