package sim

import (
	"context"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"time"
)

var errUnbuilt = errors.New("sim: not built yet")

type Discovery struct{ Version, BaseURL string }
type Challenge struct{ Method, URL string }
type Sheet struct{}
type Profile struct {
	Identifier string
}
type declarations struct{}

func NewPhone(o PhoneOptions) *Phone                                           { return &Phone{o: o} }
func (p *Phone) Seed() uint64                                                  { return p.seed }
func (p *Phone) Enroll(ctx context.Context, identifier, password string) error { return errUnbuilt }
func (p *Phone) Discover(ctx context.Context, identifier string) (Discovery, error) {
	return Discovery{}, errUnbuilt
}
func (p *Phone) Knock(ctx context.Context) (Challenge, error)                 { return Challenge{}, errUnbuilt }
func (p *Phone) OpenSheet(ctx context.Context) (*Sheet, error)                { return nil, errUnbuilt }
func (p *Phone) SignIn(ctx context.Context, password string) error            { return errUnbuilt }
func (p *Phone) SignInWithCode(ctx context.Context, code string) error        { return errUnbuilt }
func (p *Phone) FetchProfile(ctx context.Context) (*Profile, error)           { return nil, errUnbuilt }
func (p *Phone) RequestIdentity(ctx context.Context) (*Identity, error)       { return nil, errUnbuilt }
func (p *Phone) Authenticate(ctx context.Context) error                       { return errUnbuilt }
func (p *Phone) UpdateToken(ctx context.Context) error                        { return errUnbuilt }
func (p *Phone) Poll(ctx context.Context) (handled int, err error)            { return 0, errUnbuilt }
func (p *Phone) Leave(ctx context.Context) error                              { return errUnbuilt }
func (p *Phone) Renew(ctx context.Context) error                              { return errUnbuilt }
func (p *Phone) SignInAgain(ctx context.Context, password string) error       { return errUnbuilt }
func (p *Phone) GetToken(ctx context.Context, service string) ([]byte, error) { return nil, errUnbuilt }
func (p *Phone) SyncDeclarations(ctx context.Context) error                   { return errUnbuilt }

// Low-level access for tests that break something in the middle.
type Kind string

const (
	ToEnrollment Kind = "enrollment" // POST BaseURL
	ToSCEP       Kind = "scep"       // POST to the SCEP URL of the profile
	ToCheckIn    Kind = "check-in"   // PUT CheckInURL
	ToServer     Kind = "server"     // PUT ServerURL
)

type SendOptions struct {
	NoToken     bool
	Token       string    // instead of the phone's
	Signer      *Identity // instead of the phone's
	NoSignature bool
	Signature   string // instead of a real one
	ContentType string
	Method      string
	Header      http.Header
}
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

func (p *Phone) Send(ctx context.Context, to Kind, body []byte, o SendOptions) (Answer, error) {
	return Answer{}, errUnbuilt
}
func (p *Phone) Message(messageType string, extra map[string]any) []byte        { return nil } // Authenticate, TokenUpdate, CheckOut … as this phone would say it
func (p *Phone) Report(status, commandUUID string, extra map[string]any) []byte { return nil } // Idle, Acknowledged …

func (p *Phone) Token() string         { return "" } // access token of the sign-in
func (p *Phone) PushToken() []byte     { return nil }
func (p *Phone) PushMagic() string     { return "" }
func (p *Phone) EnrollmentID() string  { return "" }
func (p *Phone) Enrolled() bool        { return false }
func (p *Phone) Left() string          { return "" } // why it is not under management any more
func (p *Phone) Profile() *Profile     { return nil }
func (p *Phone) Identity() *Identity   { return nil }
func (p *Phone) Steps() []Step         { return nil }
func (p *Phone) Complaints() []Refusal { return nil } // what the server asked that User Enrollment forbids
func (p *Phone) SetTemper(t Temper)    {}
func (p *Phone) Close()                {}

// DialTo dials one address whatever the name; DialMap some names elsewhere.
func DialTo(addr string) func(ctx context.Context, network, addr string) (net.Conn, error) {
	return nil
}
func DialMap(to map[string]string) func(ctx context.Context, network, addr string) (net.Conn, error) {
	return nil
}

type DeviceAuthority struct{}
type DeviceIdentity struct{}

func NewDeviceAuthority(seed uint64) (*DeviceAuthority, error) { return nil, errUnbuilt }
func (a *DeviceAuthority) PEM() []byte                         { return nil }
func (a *DeviceAuthority) Certificate() *x509.Certificate      { return nil }
func (a *DeviceAuthority) Issue() (*DeviceIdentity, error)     { return nil, errUnbuilt } // SHA-256 leaf, three years
func (a *DeviceAuthority) IssueOld() (*DeviceIdentity, error)  { return nil, errUnbuilt } // SHA-1 leaf, expired
func (d *DeviceIdentity) Sign(content []byte) ([]byte, error)  { return nil, errUnbuilt } // CMS with its chain

type APNs struct{}
type APNsOptions struct {
	KnownTokensOnly bool // BadDeviceToken for tokens nobody waits for
}
type PushRecord struct {
	At               time.Time
	Token            []byte
	Topic, Magic, ID string
	Expiration       time.Time
	Priority         string
	Status           int
	Reason           string
	Connection       string
	Complaint        string // what Apple's paper forbids though the service accepts it
}

func NewAPNs(o APNsOptions) (*APNs, error) { return nil, errUnbuilt }
func (a *APNs) URL() string                { return "" }
func (a *APNs) Roots() *x509.CertPool      { return nil }
func (a *APNs) CAPEM() []byte              { return nil }
func (a *APNs) NewPushCertificate(topic string, notAfter time.Time) (certPEM, keyPEM []byte, err error) {
	return nil, nil, errUnbuilt
}
func (a *APNs) OnPush(token []byte, fn func(magic string))     {}
func (a *APNs) Answer(token []byte, status int, reason string) {} // nil token: everyone; status 0: as usual again
func (a *APNs) GoAway()                                        {} // ends each connection after its next answer
func (a *APNs) Log() []PushRecord                              { return nil }
func (a *APNs) Close() error                                   { return nil }

type LDAP struct{}
type LDAPOptions struct {
	BaseDN string              // default dc=example,dc=org
	Domain string              // of the mail addresses; default example.org
	People []LDAPPerson        // default: a small town
	Groups map[string][]string // cn -> uids
}
type LDAPPerson struct {
	UID, Name, Given, Surname, Mail, ManagedAccount, Password string
	State                                                     string // "", "locked", "expired", "mustchange", "disabled"
}

func NewLDAP(o LDAPOptions) (*LDAP, error)    { return nil, errUnbuilt }
func (l *LDAP) URL() string                   { return "" } // ldap://127.0.0.1:port, StartTLS offered and demanded for binds
func (l *LDAP) SecureURL() string             { return "" } // ldaps://127.0.0.1:port
func (l *LDAP) CAPEM() []byte                 { return nil }
func (l *LDAP) BaseDN() string                { return "" }
func (l *LDAP) Reader() (dn, password string) { return "", "" }
func (l *LDAP) People() []LDAPPerson          { return nil }
func (l *LDAP) Searches() []string            { return nil } // filters as received
func (l *LDAP) Close() error                  { return nil }

type Resident struct {
	Identifier, Name, Password string
	Phone                      *Phone
}
type Town struct{ Residents []*Resident }
type TownOptions struct {
	Seed   uint64
	Phones int
	Domain string       // default example.org
	Phone  PhoneOptions // what all have in common: Roots, Dial, Device, Now, Log
	APNs   *APNs
	Calm   bool // no tempers
}

func NewTown(o TownOptions) (*Town, error)                     { return nil, errUnbuilt }
func (t *Town) Enroll(ctx context.Context, parallel int) error { return errUnbuilt }
func (t *Town) Live(ctx context.Context) error                 { return errUnbuilt } // until ctx ends

type LoadOptions struct {
	URL      string
	Phones   int
	For      time.Duration
	Parallel int
	Anywhere bool
	Seed     uint64
	Roots    *x509.CertPool
	Device   *DeviceIdentity
	People   func(i int) (identifier, password string) // nil: phones knock and open the sheet, nobody signs in
}
type LoadReport struct {
	Phones, Enrolled, Polls, Commands, Failed int
	Took                                      time.Duration
	Steps                                     []LoadStep
	Errors                                    map[string]int
}
type LoadStep struct {
	Name          string
	Count, Failed int
	P50, P95, P99 time.Duration
}

func Load(ctx context.Context, o LoadOptions) (LoadReport, error) { return LoadReport{}, errUnbuilt }
