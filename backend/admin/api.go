package admin

import (
	"context"
	"io/fs"
	"log/slog"
	"sync"
	"time"

	"example.org/gatehouse/backend/apns"
	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/ddm"
	"example.org/gatehouse/backend/directory"
	"example.org/gatehouse/backend/doctor"
	"example.org/gatehouse/backend/enroll"
	"example.org/gatehouse/backend/event"
	"example.org/gatehouse/backend/mdm"
	"example.org/gatehouse/backend/move"
	"example.org/gatehouse/backend/pki"
	"example.org/gatehouse/backend/portal"
	"example.org/gatehouse/backend/settings"
	"example.org/gatehouse/backend/text"
)

// Config is what there is before the set-up is done.
type Config struct {
	DB       *db.DB
	Settings *settings.Store
	Events   *event.Log
	Text     *text.Store
	House    House
	Log      *slog.Logger
	// Version and Commit are of the program.
	Version, Commit string
}

// Rooms are what the set-up brings to life.
type Rooms struct {
	Directory *directory.Directory
	PKI       *pki.Authority
	APNS      *apns.Client
	MDM       *mdm.Server
	DDM       *ddm.Library
	Enroll    *enroll.Server
	Portal    *portal.Site
	Doctor    *doctor.Doctor
	Mover     *move.Assistant
}

// House is what only the root of the backend knows and can do.
type House interface {
	// State says what the server does at the moment.
	State() HouseState
	// Create answers the first questions: it makes the authorities and begins to serve phones.
	Create(ctx context.Context, s settings.Settings) error
}

// HouseState is what the server does at the moment.
type HouseState struct {
	State      string // not_set_up, starting, serving or stopped
	Reason     string // why it does not serve, as a code
	PublicAddr string // where phones reach it
	AdminAddr  string // where browsers reach the screens
	StartedAt  time.Time
	Demo       bool
}

// API is everything an administrator can do. It is safe for use from many goroutines.
type API struct {
	Config

	mu         sync.RWMutex
	furniture  *Rooms                // guarded by mu; nil until the set-up is done
	rehearsals map[string]*rehearsal // guarded by mu
	examined   examined
	unwritten  error // guarded by mu; why the standing export was not written

	// A rehearsal outlives the request that began it, so its context is that of the API.
	ctx  context.Context //nolint:containedctx // see above
	stop context.CancelFunc
	work sync.WaitGroup
}

// New returns the door of a house whose rooms may still be empty.
func New(c Config) *API {
	a := &API{Config: c, rehearsals: map[string]*rehearsal{}}
	a.ctx, a.stop = context.WithCancel(context.Background())
	return a
}

// Furnish hands over the rooms once the set-up is done.
func (a *API) Furnish(r Rooms) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.furniture = &r
}

// Close ends what the API has begun, and waits for it.
func (a *API) Close() {
	a.stop()
	a.work.Wait()
}

// rooms are the rooms, or the refusal that they are not there yet.
func (a *API) rooms() (Rooms, error) {
	a.mu.RLock()
	defer a.mu.RUnlock()
	if a.furniture == nil {
		return Rooms{}, &Error{Code: NotSetUp}
	}
	return *a.furniture, nil
}

// Site is what the screens need besides the API when they are served to browsers.
type Site struct {
	Screens fs.FS
	// Token is asked of every request to the API.
	Token string
	// Hosts are names under which the site may be called, besides addresses and localhost.
	Hosts []string
}
