package sim

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// PhoneOptions describe a phone. Everything has a sensible default.
type PhoneOptions struct {
	Seed     uint64 // 0: a seed of its own, see [Phone.Seed]
	Model    string // ProductName; default iPhone17,2
	OS       string // default 26.1
	Build    string // default 23B85
	Language string // default en-US
	Name     string // what the person called it; default "iPhone" or "iPad"

	// Roots are the authorities the phone trusts besides those its profile brings; nil: the system's.
	Roots *x509.CertPool
	// Dial opens connections; nil: the network. See [DialTo] and [DialMap].
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
	// Device signs the enrollment request; nil: an identity under an authority nobody knows.
	Device *DeviceIdentity
	Temper Temper
	// Now is the phone's clock before its temper; nil: the computer's.
	Now func() time.Time
	// AppleSignIn stands for the sign-in to the Managed Apple Account at Apple; nil: always succeeds.
	AppleSignIn func(ctx context.Context, account string) error
	// SCEPByGet sends certificate requests in the query, as a few clients do.
	SCEPByGet bool
	Log       *slog.Logger
}

// Temper is how a phone behaves where phones differ. The zero value is a phone that answers at once.
type Temper struct {
	NotNow         float64        // share of the commands, among those that may be, answered with NotNow
	Slow           time.Duration  // pause before each request
	Offline        []time.Weekday // days without network
	NeverSaysBye   bool           // leaves without CheckOut
	Repeats        float64        // share of the messages sent twice, as after a broken connection
	ClockOff       time.Duration  // how far the phone's clock is wrong
	RefusesRemoval bool           // answers RemoveProfile of its enrollment with an error
}

// Step is one thing a phone did, for rehearsals.
type Step struct {
	Name string
	Took time.Duration
	Err  error
}

// Phone is one simulated iPhone or iPad.
type Phone struct {
	o    PhoneOptions
	seed uint64

	turn sync.Mutex // one conversation at a time; whoever holds it writes the fields below
	mu   sync.Mutex // also taken for writing, so that those who only read need not wait for a conversation
	rng  *rand.Rand

	state    state
	drivenBy *http.Client
}

// state is what a phone knows. It is replaced piece by piece through Phone.set.
type state struct {
	identifier string
	discovered Discovery
	machine    []byte // signed MachineInfo, the same in both requests
	challenge  Challenge
	sheet      *Sheet
	token      string
	password   string

	profile  *Profile
	offered  *Profile // fetched, not yet installed
	identity *Identity
	waiting  *Identity // of an enrollment under way

	enrollmentID string
	pushToken    []byte
	pushMagic    string
	enrolled     bool
	left         string // why it is not under management any more

	unsaid     [][]byte // results the server has not accepted yet
	again      *Challenge
	lastNotNow bool
	profiles   map[string]*Profile // installed by command, by identifier
	ddm        declarations
	complaints []Refusal
	steps      []Step
	handled    int
}

// Identity is a certificate and its key.
type Identity struct {
	Certificate *x509.Certificate
	Key         *rsa.PrivateKey
}

// Family is the model family as discovery names it: iPhone, iPad, RealityDevice.
func (p *Phone) Family() string {
	family, _, _ := strings.Cut(strings.TrimRight(p.o.Model, "0123456789,"), ",")
	return family
}
