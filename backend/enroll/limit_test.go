package enroll

import (
	"fmt"
	"net/netip"
	"testing"
	"time"
)

func TestLimits(t *testing.T) {
	t.Parallel()
	l := newLimiter()
	now := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	let := func(address string, times int) (in int) {
		for range times {
			if l.allow(netip.MustParseAddr(address), now) {
				in++
			}
		}
		return in
	}
	if got := let("192.0.2.1", 1000); got != burst {
		t.Errorf("one address at once: %d were let in, want %d", got, burst)
	}
	if got := let("192.0.2.2", 10); got != 10 {
		t.Errorf("another address: %d were let in, want 10", got)
	}
	if let("2001:db8::1", burst); let("2001:db8::2", 10) != 0 {
		t.Error("another address of the same /64 is somebody else")
	}
	if got := let("127.0.0.1", 1000); got != 1000 {
		t.Errorf("a proxy on this computer: %d were let in, want all", got)
	}
	now = now.Add(time.Minute)
	if got := let("192.0.2.1", 1000); got != 60*perSecond {
		t.Errorf("a minute later: %d were let in, want %d", got, 60*perSecond)
	}
	for i := range 3 * maxAddress {
		let(fmt.Sprintf("10.%d.%d.%d", i>>16, i>>8&255, i&255), 1)
	}
	if n := len(l.addresses); n > maxAddress {
		t.Errorf("%d addresses are remembered, want at most %d", n, maxAddress)
	}
}

func TestOpenAttemptsAreBounded(t *testing.T) {
	t.Parallel()
	l := newLimiter()
	l.counted(maxOpen - 1)
	if !l.roomForOne() || l.roomForOne() {
		t.Errorf("there is room for exactly one more of %d", maxOpen)
	}
	l.counted(10)
	if !l.roomForOne() {
		t.Error("after a sweep there is room again")
	}
	recorded := 0
	for range 1000 {
		if l.record(time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)) {
			recorded++
		}
	}
	if recorded != 100 {
		t.Errorf("of 1000 refusals %d were recorded, want 100", recorded)
	}
}
