package enroll

import (
	"crypto/x509"
	"fmt"
	"log/slog"
	"net/http"

	"example.org/gatehouse/backend/apns"
	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/directory"
	"example.org/gatehouse/backend/event"
	"example.org/gatehouse/backend/pki"
	"example.org/gatehouse/backend/settings"
	"example.org/gatehouse/backend/text"
)

// Config is what the room needs from the others.
type Config struct {
	DB       *db.DB
	PKI      *pki.Authority
	APNS     *apns.Client
	Events   *event.Log
	Settings *settings.Store
	// Directory is asked who may enroll where the settings want that said before the sign-in.
	Directory *directory.Directory
	Text      *text.Store
	Log       *slog.Logger

	// Anchors are authorities besides Apple's under which the signature of MachineInfo counts as known.
	Anchors []*x509.Certificate
	// Rehearsals names the authorities of rehearsals that run at the moment; nil when there are none, ever.
	Rehearsals func(tx *db.Tx) ([]*x509.Certificate, error)
}

// Server answers discovery and the enrollment request, and keeps the attempts.
type Server struct {
	Config
	limit   *limiter
	erasers []func(tx *db.Tx, attempt string) error // set before anybody serves
}

// New furnishes the room.
func New(c Config) *Server {
	return &Server{Config: c, limit: newLimiter()}
}

// Routes adds the addresses that a phone calls before it has its profile.
func (s *Server) Routes(mux *http.ServeMux) {
	mux.HandleFunc("GET /.well-known/com.apple.remotemanagement", s.discover)
	mux.HandleFunc("GET /.well-known/com.apple.remotemanagement/{$}", s.discover) // web hosts like to add the slash in a redirect
	mux.HandleFunc("POST /enroll", s.request)
}

// Path is where the enrollment request goes, below the address that phones use. The BaseURL of discovery ends with it.
const Path = "/enroll"

// SignInPath is where the web sheet of a session begins.
const SignInPath = "/signin/"

// What happens to an attempt. The steps after these are events of pki and mdm.
const (
	Knocked  event.Kind = "attempt.knocked"
	SignedIn event.Kind = "attempt.signed_in"
	Offered  event.Kind = "attempt.offered"
	Stuck    event.Kind = "attempt.stuck"   // somebody could not go on; Params say why
	Refused  event.Kind = "attempt.refused" // we did not want to go on; Params say why
)

// AddressError refuses another address while phones are enrolled: ServerURL cannot change during an enrollment (MDM
// payload), so they would never find us again.
type AddressError struct {
	Have, Got   string
	Enrollments int
}

func (e *AddressError) Error() string {
	return fmt.Sprintf("%d enrolled phones know this server as %s; with the address %s they would never find it again and would have to enroll anew", e.Enrollments, e.Have, e.Got)
}
