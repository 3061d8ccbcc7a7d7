package backend_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"example.org/gatehouse/backend"
	"example.org/gatehouse/backend/admin"
	"example.org/gatehouse/backend/db/dbtest"
	"example.org/gatehouse/backend/sim"
)

// TestStories runs the promises of testdata/stories: the whole backend, simulated phones, and twins of Apple's push
// service and of a directory.
func TestStories(t *testing.T) {
	t.Parallel()
	tell(t, "testdata/stories", func() string { return "" })
}

// TestStoriesOnPostgres tells the same stories on the other engine, where there is one.
func TestStoriesOnPostgres(t *testing.T) {
	t.Parallel()
	if os.Getenv("TEST_DATABASE_URL") == "" {
		t.Skip("TEST_DATABASE_URL names no server; make test starts one")
	}
	stories, err := filepath.Glob("testdata/stories/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	for _, story := range stories {
		t.Run(filepath.Base(story), func(t *testing.T) {
			t.Parallel()
			tell(t, story, func() string { return dbtest.Postgres(t) })
		})
	}
}

// tell runs one story, or all in a folder.
func tell(t *testing.T, path string, database func() string) {
	t.Helper()
	p := testscript.Params{
		Setup: func(env *testscript.Env) error {
			w, err := newWorld(env.WorkDir)
			if err != nil {
				return err
			}
			w.database = database()
			env.Values[worldKey{}] = w
			env.Defer(func() {
				if err := w.close(); err != nil {
					env.T().Fatal(err)
				}
			})
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"server": command((*world).server),
			"phone":  command((*world).phone),
			"admin":  command((*world).admin),
			"ldap":   command((*world).ldap),
			"push":   command((*world).push),
			"get":    command((*world).get),
			"until":  command((*world).until),
		},
		RequireUniqueNames: true,
	}
	if strings.HasSuffix(path, ".txt") {
		p.Files = []string{path}
	} else {
		p.Dir = path
	}
	testscript.Run(t, p)
}

type worldKey struct{}

// command makes a word of the stories' language. What it prints is stdout; an error is stderr, and expected after "!".
func command(do func(w *world, args []string) (string, error)) func(*testscript.TestScript, bool, []string) {
	return func(ts *testscript.TestScript, neg bool, args []string) {
		w := ts.Value(worldKey{}).(*world)
		said, err := do(w, args)
		fmt.Fprint(ts.Stdout(), said)
		ts.Setenv("said", strings.TrimSpace(said)) // for the next word: a code, for example
		switch {
		case err != nil && neg:
			fmt.Fprintln(ts.Stderr(), err)
		case err != nil:
			ts.Fatalf("%v\nlog of the server:\n%s", err, w.log)
		case neg:
			ts.Fatalf("succeeded, and should not; log of the server:\n%s", w.log)
		}
	}
}

// url is the address of the story's server; its phones dial the real one whatever the name.
const (
	address   = "https://mdm.example.org:8443"
	pushTopic = "com.apple.mgmt.External.3b0c8f0e-0000-4000-8000-1234567890ab"
)

var sealingKey = []byte("0123456789abcdef0123456789abcdef")

// makers is the authority of the stories' devices. Making it once keeps the tests quick.
var makers = sync.OnceValues(func() (*sim.DeviceAuthority, error) { return sim.NewDeviceAuthority(7) })

// world is what a story happens in.
type world struct {
	data     string
	database string // address; empty is SQLite in the data folder
	log      *journal
	apns     *sim.APNs
	people   *sim.LDAP
	phones   map[string]*sim.Phone
	work     sync.WaitGroup // phones that answer a push

	mu     sync.Mutex
	offset time.Duration // guarded by mu; how far the story's clock is ahead
	over   bool          // guarded by mu; the story has ended, and no phone begins to answer any more

	anchor    *x509.CertPool // what the phones trust
	elsewhere atomic.Value   // address of a server in another process; empty while it is ours

	house  *backend.Backend
	served atomic.Pointer[backend.Backend] // the house, for phones that answer a push while the story goes on
	stop   context.CancelFunc
	ended  chan error
}

// journal is a log that a test can read.
type journal struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.b.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.b.String()
}

func newWorld(dir string) (*world, error) {
	apns, err := sim.NewAPNs(sim.APNsOptions{})
	if err != nil {
		return nil, err
	}
	return &world{data: dir + "/data", log: &journal{}, apns: apns, phones: map[string]*sim.Phone{}}, nil
}

// now is the time in the story.
func (w *world) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return time.Now().Add(w.offset)
}

func (w *world) config() (backend.Config, error) {
	devices, err := makers()
	if err != nil {
		return backend.Config{}, err
	}
	c := backend.Config{
		Data: w.data, Database: w.database, Listen: "127.0.0.1:0", Admin: "127.0.0.1:0", Key: sealingKey,
		Log:     slog.New(slog.NewTextHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Screens: os.DirFS("testdata"), Anchors: []*x509.Certificate{devices.Certificate()},
		Now: w.now,
	}
	if w.apns != nil {
		c.PushURL, c.PushRoots = w.apns.URL(), w.apns.Roots()
	}
	return c, nil
}

// open opens the backend and runs it.
func (w *world) open() error {
	c, err := w.config()
	if err != nil {
		return err
	}
	w.elsewhere.Store("")
	w.house, err = backend.Open(context.Background(), c)
	if err != nil {
		return err
	}
	w.served.Store(w.house)
	ctx, stop := context.WithCancel(context.Background())
	w.stop, w.ended = stop, make(chan error, 1)
	go func() { w.ended <- w.house.Run(ctx) }()
	select {
	case <-w.house.Ready():
		return nil
	case err := <-w.ended:
		w.ended <- nil
		return fmt.Errorf("run: %w", err)
	}
}

// shut ends what open began.
func (w *world) shut() error {
	if w.house == nil {
		return nil
	}
	w.served.Store(nil)
	w.stop()
	err := <-w.ended
	if e := w.house.Close(); err == nil {
		err = e
	}
	w.house = nil
	return err
}

func (w *world) close() error {
	w.mu.Lock()
	w.over = true
	w.mu.Unlock()
	for _, p := range w.phones {
		p.Close()
	}
	w.work.Wait()
	err := w.shut()
	if w.people != nil {
		w.people.Close()
	}
	w.apns.Close()
	return err
}

// operator is the context of an administrator.
func operator() context.Context { return admin.AsOperator(context.Background()) }

// setUp answers the first questions and imports a push certificate.
func (w *world) setUp() error {
	in := &admin.SetUpIn{}
	in.Body.Organization, in.Body.URL, in.Body.Language = "Nordlicht GmbH", address, "en"
	in.Body.Domains = []string{"example.org", "example.com"}
	if _, err := w.house.API().SetUp(operator(), in); err != nil {
		return err
	}
	if err := eventually(func() error {
		if w.house.PublicAddr() == "" {
			return fmt.Errorf("phones are not served")
		}
		return nil
	}); err != nil {
		return err
	}
	return w.importPush(pushTopic)
}

func (w *world) importPush(topic string) error {
	certificate, key, err := w.apns.NewPushCertificate(topic, time.Time{})
	if err != nil {
		return err
	}
	in := &admin.ImportPushIn{}
	in.Body.Certificate, in.Body.Key, in.Body.Account = string(certificate), string(key), "it@example.org"
	_, err = w.house.API().ImportPush(operator(), in)
	return err
}

// dial leads to the server under any name, as DNS would.
func (w *world) dial(ctx context.Context, network, _ string) (net.Conn, error) {
	var d net.Dialer
	to, _ := w.elsewhere.Load().(string)
	if to == "" {
		house := w.served.Load()
		if house == nil {
			return nil, fmt.Errorf("the server is down")
		}
		to = house.PublicAddr()
	}
	return d.DialContext(ctx, network, to)
}

// roots is what a phone trusts on which somebody has installed and switched on our anchor.
func (w *world) roots() (*x509.CertPool, error) {
	if w.anchor != nil {
		return w.anchor, nil
	}
	anchor, err := w.house.API().TrustAnchor(operator(), &admin.None{})
	if err != nil {
		return nil, err
	}
	w.anchor = x509.NewCertPool()
	w.anchor.AppendCertsFromPEM([]byte(anchor.PEM))
	return w.anchor, nil
}

// eventually tries again until it works, for a while.
func eventually(try func() error) error {
	deadline := time.Now().Add(time.Minute)
	for {
		err := try()
		if err == nil || time.Now().After(deadline) {
			return err
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// values reads "key=value" arguments.
func values(args []string) map[string]string {
	m := map[string]string{}
	for _, a := range args {
		if k, v, ok := strings.Cut(a, "="); ok {
			m[k] = v
		}
	}
	return m
}
