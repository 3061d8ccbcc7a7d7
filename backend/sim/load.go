package sim

import (
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/netip"
	"net/url"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

// LoadOptions say how hard to press which server.
type LoadOptions struct {
	URL      string        // "https://mdm.example.com:8443": also where the email domains' port 443 is dialled
	Phones   int           // at most so many phones; default 10
	For      time.Duration // at most so long; default 10 s
	Parallel int           // conversations at a time; default four for each processor
	Anywhere bool          // allow a server that is not on this computer
	Seed     uint64
	Roots    *x509.CertPool
	Device   *DeviceIdentity
	// People gives the i-th person's identifier and password. Nil: nobody signs in; phones of Domain knock and look at the
	// sign-in page over and over.
	People func(i int) (identifier, password string)
	Domain string
	Log    *slog.Logger
}

// LoadReport is what came of it.
type LoadReport struct {
	Phones   int            `json:"phones"`
	Enrolled int            `json:"enrolled"`
	Polls    int            `json:"polls"`
	Commands int            `json:"commands"`
	Failed   int            `json:"failed"`
	Took     time.Duration  `json:"took"`
	Steps    []LoadStep     `json:"steps"`
	Errors   map[string]int `json:"errors,omitempty"` // what went wrong, how often
}

// LoadStep is how long one kind of step took.
type LoadStep struct {
	Name   string        `json:"name"`
	Count  int           `json:"count"`
	Failed int           `json:"failed"`
	P50    time.Duration `json:"p50"`
	P95    time.Duration `json:"p95"`
	P99    time.Duration `json:"p99"`
}

// ErrElsewhere says that a load was pointed at a computer other than this one without being told twice.
var ErrElsewhere = errors.New("sim: the server is not on this computer; say so twice to press it")

// Load enrolls phones and then lets them poll until the time is up. It ends early only if the context does.
func Load(ctx context.Context, o LoadOptions) (LoadReport, error) {
	u, err := url.Parse(o.URL)
	if err != nil || u.Scheme != "https" || u.Host == "" {
		return LoadReport{}, fmt.Errorf("load %q: an https address is needed", o.URL)
	}
	if !o.Anywhere {
		if err := onThisComputer(ctx, u.Hostname()); err != nil {
			return LoadReport{}, fmt.Errorf("load %s: %w", o.URL, err)
		}
	}
	if o.People == nil && o.Domain == "" {
		return LoadReport{}, fmt.Errorf("load %s: without people a domain is needed", o.URL)
	}
	o.Phones = cmp.Or(o.Phones, 10)
	o.For = cmp.Or(o.For, 10*time.Second)
	o.Parallel = cmp.Or(o.Parallel, 4*runtime.GOMAXPROCS(0))
	if o.Seed == 0 {
		o.Seed = rand.Uint64()
	}
	ctx, cancel := context.WithTimeout(ctx, o.For)
	defer cancel()
	start := time.Now()
	l := &load{o: o, address: net.JoinHostPort(u.Hostname(), cmp.Or(u.Port(), "443")), host: u.Hostname()}
	l.run(ctx)
	return l.report(time.Since(start)), nil
}

// onThisComputer resolves a name and refuses every address that is not loopback.
func onThisComputer(ctx context.Context, host string) error {
	addresses, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(addresses, func(a netip.Addr) bool { return !a.Unmap().IsLoopback() }) {
		return ErrElsewhere
	}
	return nil
}

type load struct {
	o             LoadOptions
	address, host string
	commands      atomic.Int64

	mu     sync.Mutex
	phones []*Phone
	ready  []*Phone // enrolled
}

// dial leads the email domains to the server under load.
func (l *load) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	if host, _, _ := net.SplitHostPort(addr); !strings.EqualFold(host, l.host) {
		addr = l.address
	}
	var d net.Dialer
	return d.DialContext(ctx, network, addr)
}

func (l *load) run(ctx context.Context) {
	rng := rand.New(rand.NewPCG(l.o.Seed, 0x10AD))
	var group errgroup.Group
	group.SetLimit(l.o.Parallel)
	for i := range l.o.Phones {
		options := PhoneOptions{Seed: rng.Uint64() | 1, Roots: l.o.Roots, Dial: l.dial, Device: l.o.Device, Log: l.o.Log}
		options.Model, options.OS, options.Build = device(rng)
		if ctx.Err() != nil {
			break
		}
		group.Go(func() error {
			p := NewPhone(options)
			l.mu.Lock()
			l.phones = append(l.phones, p)
			l.mu.Unlock()
			if l.o.People == nil {
				l.knock(ctx, p, i)
				return nil
			}
			identifier, password := l.o.People(i)
			if p.Enroll(ctx, identifier, password) == nil {
				l.mu.Lock()
				l.ready = append(l.ready, p)
				l.mu.Unlock()
			}
			return nil
		})
	}
	_ = group.Wait() // the functions return no errors; phones remember theirs
	var next atomic.Int64
	for range l.o.Parallel {
		group.Go(func() error {
			for ctx.Err() == nil && len(l.ready) > 0 {
				p := l.ready[int(next.Add(1))%len(l.ready)]
				handled, err := p.Poll(ctx)
				l.commands.Add(int64(handled))
				if err != nil && ctx.Err() == nil {
					time.Sleep(100 * time.Millisecond) // do not turn a refusal into a storm
				}
			}
			return nil
		})
	}
	_ = group.Wait() // as above
	for _, p := range l.phones {
		p.Close()
	}
}

// knock is what a phone without a password can do, over and over for its share of the time.
func (l *load) knock(ctx context.Context, p *Phone, i int) {
	share := max(l.o.For*time.Duration(l.o.Parallel)/time.Duration(l.o.Phones), time.Second)
	for until := time.Now().Add(share); time.Now().Before(until) && ctx.Err() == nil; {
		_, err := p.Discover(ctx, fmt.Sprintf("nobody%d@%s", i, l.o.Domain))
		if err == nil {
			_, err = p.Knock(ctx)
		}
		if err == nil {
			_, err = p.OpenSheet(ctx)
		}
		if err != nil && ctx.Err() == nil {
			time.Sleep(100 * time.Millisecond) // do not turn a refusal into a storm
		}
	}
	p.Close()
}

// report adds up what the phones remember. Steps that the end of the time cut off do not count.
func (l *load) report(took time.Duration) LoadReport {
	r := LoadReport{Phones: len(l.phones), Enrolled: len(l.ready), Commands: int(l.commands.Load()), Took: took, Errors: map[string]int{}}
	times := map[string][]time.Duration{}
	failed := map[string]int{}
	var order []string
	for _, p := range l.phones {
		for _, s := range p.Steps() {
			if errors.Is(s.Err, context.DeadlineExceeded) || errors.Is(s.Err, context.Canceled) {
				continue
			}
			if times[s.Name] == nil {
				order = append(order, s.Name)
			}
			times[s.Name] = append(times[s.Name], s.Took)
			if s.Err != nil {
				failed[s.Name]++
				r.Failed++
				r.Errors[s.Name+": "+s.Err.Error()]++
			}
		}
	}
	r.Polls = len(times["poll"])
	for _, name := range order {
		all := times[name]
		slices.Sort(all)
		at := func(share float64) time.Duration { return all[int(share*float64(len(all)-1))] }
		r.Steps = append(r.Steps, LoadStep{name, len(all), failed[name], at(0.50), at(0.95), at(0.99)})
	}
	return r
}
