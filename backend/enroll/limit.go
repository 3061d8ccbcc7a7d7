package enroll

import (
	"net/http"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Anybody may knock; what a flood could cost is bounded here. The limits are far above an office that enrolls all at
// once from behind one address.
const (
	burst       = 300    // knocks of one address at once
	perSecond   = 2      // and from then on
	maxAddress  = 10_000 // addresses that we remember
	maxOpen     = 50_000 // open sessions that nobody has signed in to; the oldest makes room for one more
	perRecorded = 10 * time.Second
)

// limiter bounds what strangers can make us do. It lives in memory: a restart forgives.
type limiter struct {
	mu        sync.Mutex
	addresses map[netip.Prefix]*rate.Limiter // guarded by mu
	refusals  *rate.Limiter
	open      int // guarded by mu; the sweeper counts anew
}

func newLimiter() *limiter {
	return &limiter{
		addresses: map[netip.Prefix]*rate.Limiter{},
		refusals:  rate.NewLimiter(rate.Every(perRecorded), 100),
	}
}

// allow says whether an address may send one more enrollment request. The computer's own addresses may always: they are
// a tunnel or a proxy that speaks for everybody.
func (l *limiter) allow(from netip.Addr, now time.Time) bool {
	if from.IsLoopback() {
		return true
	}
	bits := 32
	if from.Is6() {
		bits = 64 // one customer has at least a /64
	}
	prefix, err := from.Prefix(bits)
	if err != nil {
		return true
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	one := l.addresses[prefix]
	if one == nil {
		if len(l.addresses) >= maxAddress {
			clear(l.addresses)
		}
		one = rate.NewLimiter(perSecond, burst)
		l.addresses[prefix] = one
	}
	return one.AllowN(now, 1)
}

// record says whether a refusal is worth a row. A few a minute tell the administrator enough.
func (l *limiter) record(now time.Time) bool { return l.refusals.AllowN(now, 1) }

// roomForOne counts one more open attempt, if there may be one.
func (l *limiter) roomForOne() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.open >= maxOpen {
		return false
	}
	l.open++
	return true
}

func (l *limiter) counted(open int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open = open
}

// address is where a request comes from.
func address(r *http.Request) netip.Addr {
	from, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return from.Addr().Unmap()
}
