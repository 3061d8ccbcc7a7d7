package sim

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/binary"
	"log/slog"
	mrand "math/rand/v2"
	"net"
	"net/http"
	"slices"
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
	// Push is the push service that wakes the phone; nil: nobody does.
	Push *APNs
	// Answers are what the person says on the pages of the sheet.
	Answers Answers
	// SCEPByGet sends certificate requests in the query, as a few clients do.
	SCEPByGet bool
	Log       *slog.Logger
}

// Temper is how a phone behaves where phones differ. The zero value is a phone that answers at once.
type Temper struct {
	NotNow       float64        // share of the commands, among those that may be, answered with NotNow
	Slow         time.Duration  // pause before each request
	Offline      []time.Weekday // days without network
	NeverSaysBye bool           // leaves without CheckOut
	Repeats      float64        // share of the messages sent twice, as after a broken connection
	ClockOff     time.Duration  // how far the phone's clock is wrong
}

// Step is one thing a phone did, for rehearsals.
type Step struct {
	Name string
	Took time.Duration
	Err  error
}

// Identity is a certificate and its key.
type Identity struct {
	Certificate *x509.Certificate
	Key         *rsa.PrivateKey
}

// Phone is one simulated iPhone or iPad.
type Phone struct {
	o    PhoneOptions
	seed uint64

	turn sync.Mutex  // one conversation at a time; whoever holds it writes what follows
	rng  *mrand.Rand // guarded by turn
	mu   sync.Mutex  // taken for writing besides turn, so that those who only look need not wait for a conversation

	woken     chan struct{} // a push that was believed
	transport *http.Transport
	state
}

// state is what a phone knows. It is written through Phone.set.
type state struct {
	identifier string
	discovered Discovery
	machine    []byte // signed MachineInfo, the same in both requests
	challenge  Challenge
	sheet      *Sheet
	headings   []string // of the last sheet
	token      string

	offered *Profile  // fetched, not yet installed
	fresh   *Identity // issued, not yet accepted by the server

	profile      *Profile
	identity     *Identity
	enrollmentID string
	pushToken    []byte
	pushMagic    string
	enrolled     bool
	left         string // why it is not under management any more

	unsaid     [][]byte        // results the server has not accepted yet
	again      *Challenge      // the server wants the person to sign in again
	lastNotNow bool            // NotNow was the last thing we said: we shall come by ourselves
	installed  []*Profile      // by command
	spent      map[string]bool // challenges of certificates that were issued
	ddm        declarations
	complaints []Refusal
	steps      []Step
}

func (o PhoneOptions) log() *slog.Logger {
	if o.Log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return o.Log
}

// NewPhone takes a phone out of its box. It says nothing to anybody yet.
func NewPhone(o PhoneOptions) *Phone {
	seed := o.Seed
	if seed == 0 {
		var b [8]byte
		rand.Read(b[:])
		seed = binary.LittleEndian.Uint64(b[:])
	}
	if o.Model == "" {
		o.Model = "iPhone17,2"
	}
	if o.OS == "" {
		o.OS, o.Build = "26.1", "23B85"
	}
	if o.Language == "" {
		o.Language = "en-US"
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	o.Log = o.log()
	p := &Phone{o: o, seed: seed, state: state{spent: map[string]bool{}}, woken: make(chan struct{}, 1), rng: mrand.New(mrand.NewPCG(seed, 0x9130))}
	if p.o.Name == "" {
		p.o.Name = p.Family()
	}
	p.connect(nil)
	return p
}

// Enroll does everything a person does to bring a phone under management, with the right password at the first try.
func (p *Phone) Enroll(ctx context.Context, identifier, password string) error {
	p.turn.Lock()
	defer p.turn.Unlock()
	defer p.hangUp()
	for _, do := range []func() error{
		func() error { return p.discover(ctx, identifier) },
		func() error { return p.knock(ctx) },
		func() error { return p.openSheet(ctx) },
		func() error { return p.signIn(ctx, secret{password: password}) },
		func() error { return p.fetchProfile(ctx) },
		func() error { return p.requestIdentity(ctx) },
		func() error { return p.authenticate(ctx) },
		func() error { return p.updateToken(ctx) },
	} {
		if err := do(); err != nil {
			return err
		}
	}
	return nil
}

// Seed is where all chance of this phone comes from.
func (p *Phone) Seed() uint64 { return p.seed }

// Family is the model family as discovery names it: iPhone, iPad, RealityDevice.
func (p *Phone) Family() string { return strings.TrimRight(p.o.Model, "0123456789,") }

// Model is the ProductName.
func (p *Phone) Model() string { return p.o.Model }

// OS is the version of the system.
func (p *Phone) OS() string { return p.o.OS }

// Token is the access token of the last sign-in.
func (p *Phone) Token() string { return look(p, func(s *state) string { return s.token }) }

// PushToken is where Apple's push service finds this phone.
func (p *Phone) PushToken() []byte { return look(p, func(s *state) []byte { return s.pushToken }) }

// PushMagic is what a push must carry to be believed.
func (p *Phone) PushMagic() string { return look(p, func(s *state) string { return s.pushMagic }) }

// EnrollmentID is the name of this enrollment, or of the last one.
func (p *Phone) EnrollmentID() string {
	return look(p, func(s *state) string { return s.enrollmentID })
}

// Enrolled says whether the phone is under management.
func (p *Phone) Enrolled() bool { return look(p, func(s *state) bool { return s.enrolled }) }

// Left says why the phone is not under management any more.
func (p *Phone) Left() string { return look(p, func(s *state) string { return s.left }) }

// Profile is the installed enrollment profile, or the one on offer.
func (p *Phone) Profile() *Profile {
	return look(p, func(s *state) *Profile {
		if s.profile == nil {
			return s.offered
		}
		return s.profile
	})
}

// Installed are the profiles that came by command.
func (p *Phone) Installed() []*Profile {
	return look(p, func(s *state) []*Profile { return slices.Clone(s.installed) })
}

// Identity is what the phone signs its messages with.
func (p *Phone) Identity() *Identity {
	return look(p, func(s *state) *Identity {
		if s.fresh != nil {
			return s.fresh
		}
		return s.identity
	})
}

// MustSignIn says that the server asked the person to sign in again.
func (p *Phone) MustSignIn() bool { return look(p, func(s *state) bool { return s.again != nil }) }

// WillCallAgain says that NotNow was the phone's last word: it comes by itself when it can.
func (p *Phone) WillCallAgain() bool { return look(p, func(s *state) bool { return s.lastNotNow }) }

// Sheet is the web sheet on the screen, nil when there is none.
func (p *Phone) Sheet() *Sheet { return look(p, func(s *state) *Sheet { return s.sheet }) }

// Complaints are what the server asked for although User Enrollment forbids it; the phone went on.
func (p *Phone) Complaints() []Refusal {
	return look(p, func(s *state) []Refusal { return slices.Clone(s.complaints) })
}

// Steps are what the phone did so far and how long each took.
func (p *Phone) Steps() []Step {
	return look(p, func(s *state) []Step { return slices.Clone(s.steps) })
}

// SetTemper changes the phone's ways.
func (p *Phone) SetTemper(t Temper) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.o.Temper = t
}

// Woken tells of pushes that the phone believed: a [Phone.Poll] is due. Several pushes are one.
func (p *Phone) Woken() <-chan struct{} { return p.woken }

// Push is Apple waking the phone. It believes a push that carries its magic.
func (p *Phone) Push(magic string) bool {
	if magic == "" || magic != p.PushMagic() {
		p.o.Log.Warn("a push with another magic", "seed", p.seed)
		return false
	}
	select {
	case p.woken <- struct{}{}:
	default:
	}
	return true
}

// listen moves the phone's ear from one push token to another.
func (p *Phone) listen(from, to []byte) {
	if p.o.Push == nil {
		return
	}
	if from != nil {
		p.o.Push.OnPush(from, nil)
	}
	if to != nil {
		p.o.Push.OnPush(to, func(magic string) { p.Push(magic) })
	}
}

// Close hangs up.
func (p *Phone) Close() {
	p.turn.Lock()
	defer p.turn.Unlock()
	p.hangUp()
}

func (p *Phone) hangUp() { p.transport.CloseIdleConnections() }

func (p *Phone) temper() Temper {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.o.Temper
}

func (p *Phone) now() time.Time { return p.o.Now().Add(p.temper().ClockOff) }

func (p *Phone) set(change func(s *state)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change(&p.state)
}

func look[T any](p *Phone, at func(*state) T) T {
	p.mu.Lock()
	defer p.mu.Unlock()
	return at(&p.state)
}

// step runs one thing the phone does and notes how it went.
func (p *Phone) step(name string, do func() error) error {
	start := time.Now()
	err := do()
	took := time.Since(start)
	p.set(func(s *state) {
		if len(s.steps) >= 1<<16 { // a phone that lives for weeks forgets its youth
			s.steps = slices.Delete(s.steps, 0, len(s.steps)/2)
		}
		s.steps = append(s.steps, Step{name, took, err})
	})
	p.o.Log.Debug("phone step", "step", name, "seed", p.seed, "took", took, "err", err)
	return err
}

// chance draws a lot.
func (p *Phone) chance(share float64) bool { return share > 0 && p.rng.Float64() < share }

// complain notes a demand that User Enrollment forbids.
func (p *Phone) complain(r *Refusal) {
	p.o.Log.Warn("the server asked for what user enrollment forbids", "rule", r.Rule, "detail", r.Detail)
	p.set(func(s *state) { s.complaints = append(s.complaints, *r) })
}
