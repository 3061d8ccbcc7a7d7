package directory

import (
	"container/list"
	"context"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// What one address may get wrong: a whole office may sit behind it, so only failures count.
const (
	addressFailures = 30               // at once
	addressRecovers = 10 * time.Second // for one more
	maxAddresses    = 10_000           // remembered; the one silent for longest goes first
)

// limits counts the wrong tries of addresses.
type limits struct {
	mu    sync.Mutex
	known map[netip.Prefix]*list.Element // of *neighbour; guarded by mu
	order list.List                      // latest first; guarded by mu
}

type neighbour struct {
	from  netip.Prefix
	allow *rate.Limiter
}

func newLimits() *limits {
	return &limits{known: map[netip.Prefix]*list.Element{}}
}

// place is what counts as one address: an IPv6 household has 2^64 of them.
func place(a netip.Addr) netip.Prefix {
	a = a.Unmap().WithZone("")
	bits := a.BitLen()
	if a.Is6() {
		bits = 64
	}
	p, err := a.Prefix(bits)
	if err != nil {
		return netip.Prefix{} // no address known: all of these share one place
	}
	return p
}

// shared says whether an address speaks for everybody: the computer's own are a tunnel or a proxy.
func shared(a netip.Addr) bool { return a.Unmap().IsLoopback() }

// exhausted says whether the address has had its failures.
func (l *limits) exhausted(a netip.Addr, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	e, ok := l.known[place(a)]
	return ok && e.Value.(*neighbour).allow.TokensAt(now) < 1
}

// failed counts a failure of the address.
func (l *limits) failed(a netip.Addr, now time.Time) {
	if shared(a) {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	from := place(a)
	e, ok := l.known[from]
	if !ok {
		if len(l.known) >= maxAddresses {
			last := l.order.Back()
			delete(l.known, l.order.Remove(last).(*neighbour).from)
		}
		e = l.order.PushFront(&neighbour{from, rate.NewLimiter(rate.Every(addressRecovers), addressFailures)})
		l.known[from] = e
	}
	l.order.MoveToFront(e)
	e.Value.(*neighbour).allow.AllowN(now, 1)
}

// maxTurns is how many tries of one person may wait for one another.
const maxTurns = 8

// turns lets one try of a person be checked at a time, so that a hundred guesses sent at once are not all checked before
// the first failure is counted.
type turns struct {
	mu   sync.Mutex
	busy map[digest]*turn // guarded by mu
}

type turn struct {
	free    chan struct{}
	waiting int
}

func newTurns() *turns {
	return &turns{busy: map[digest]*turn{}}
}

// take waits for the person's turn. The caller calls done once.
func (t *turns) take(ctx context.Context, who digest) (done func(), err error) {
	t.mu.Lock()
	mine, ok := t.busy[who]
	if !ok {
		mine = &turn{free: make(chan struct{}, 1)}
		t.busy[who] = mine
	}
	if mine.waiting >= maxTurns {
		t.mu.Unlock()
		return nil, ErrBusy
	}
	mine.waiting++
	t.mu.Unlock()

	leave := func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		if mine.waiting--; mine.waiting == 0 {
			delete(t.busy, who)
		}
	}
	select {
	case mine.free <- struct{}{}:
		return func() { <-mine.free; leave() }, nil
	case <-ctx.Done():
		leave()
		return nil, ctx.Err()
	}
}
