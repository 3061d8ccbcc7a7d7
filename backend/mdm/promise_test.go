//go:build unix

package mdm_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"example.org/gatehouse/backend/apns"
	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/db/dbtest"
)

// The promises of this room, as ratios within one run. They fail where they are broken:
//
//	go test -run '^$' -bench Promise ./backend/mdm
const (
	idleOverSignature = 3.5 // an Idle with 100,000 phones, durable, over verifying its signature alone
	idleGrowth        = 1.3 // the same over an Idle with 1,000 phones
	groupGain         = 1.7 // polls a second over committing each by itself

	// flight is how many polls are under way at a time: the minute after many phones were woken.
	flight = 16
)

// BenchmarkPromiseIdle measures processor time, of this process and of the kernel for it. It also says what a poll costs
// that has a commit to itself.
func BenchmarkPromiseIdle(b *testing.B) {
	const messages = 600
	large, small := newTown(b, 100_000, messages), newTown(b, 1_000, messages)
	for b.Loop() {
		var verify, many, few, lone []float64
		for range 5 {
			verify = append(verify, cpu(b, large.verifyAll)/messages)
			many = append(many, cpu(b, func() { large.pollInFlight() })/messages)
			few = append(few, cpu(b, func() { small.pollInFlight() })/messages)
			lone = append(lone, cpu(b, large.pollAll)/messages)
		}
		v, m, f := median(verify), median(many), median(few)
		b.ReportMetric(median(lone)/v, "×signature-alone")
		b.ReportMetric(v, "µs/signature")
		b.ReportMetric(m, "µs/idle-100k")
		b.ReportMetric(m/v, "×signature")
		b.ReportMetric(m/f, "×idle-1k")
		if m/v > idleOverSignature {
			b.Fatalf("an Idle costs %.2f × its signature (%.0f over %.0f µs), at most %.1f are promised", m/v, m, v, idleOverSignature)
		}
		if m/f > idleGrowth {
			b.Fatalf("an Idle costs %.2f × as much with 100,000 phones as with 1,000 (%.0f over %.0f µs), at most %.1f are promised", m/f, m, f, idleGrowth)
		}
	}
}

// BenchmarkPromiseGroups measures throughput with many polls in flight: they share their commits.
func BenchmarkPromiseGroups(b *testing.B) {
	const messages = 2000
	grouped := newTown(b, 2_000, messages)
	single := newTown(b, 2_000, messages, func(o *db.Options) { o.MaxGroup = 1 })
	for b.Loop() {
		var shared, alone []float64
		for range 3 {
			shared = append(shared, grouped.pollInFlight())
			alone = append(alone, single.pollInFlight())
		}
		s, a := median(shared), median(alone)
		b.ReportMetric(s, "polls/s")
		b.ReportMetric(s/a, "×groups-of-one")
		if s/a < groupGain {
			b.Fatalf("%d in flight: %.0f polls a second, %.2f × of what groups of one reach (%.0f); at least %.1f are promised", flight, s, s/a, a, groupGain)
		}
	}
}

// town is a server with many phones, and an Idle of some of them, signed and ready to send.
type town struct {
	b     *testing.B
	house *house
	idles []idle
}

type idle struct{ header, body string }

func newTown(b *testing.B, phones, messages int, options ...dbtest.Option) *town {
	b.Helper()
	clock := &dbtest.Clock{}
	t := &town{b: b, house: newHouse(b, furnished(b, clock, options...), clock, apns.Options{})}
	p := t.house.populateWith(b, phones, settle, obey)
	random := rand.New(rand.NewPCG(1, 2))
	for range messages {
		body := fmt.Sprintf(idleMessage, townID(random.IntN(phones)))
		t.idles = append(t.idles, idle{p.sign([]byte(body)), body})
	}
	t.pollAll() // prepared statements and caches belong to a server that runs
	return t
}

const idleMessage = `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
	<key>EnrollmentID</key>
	<string>%s</string>
	<key>Status</key>
	<string>Idle</string>
</dict>
</plist>
`

func (t *town) verifyAll() {
	for _, m := range t.idles {
		if _, err := t.house.pki.Verify(m.header, []byte(m.body)); err != nil {
			t.b.Fatal(err)
		}
	}
}

func (t *town) pollAll() {
	for _, m := range t.idles {
		t.poll(m)
	}
}

func (t *town) poll(m idle) {
	t.house.clock.Add(time.Millisecond) // a row that stays the same would not be written
	r := httptest.NewRequest(http.MethodPut, "/mdm", strings.NewReader(m.body))
	r.Header.Set("Content-Type", "application/x-apple-aspen-mdm; charset=UTF-8")
	r.Header.Set("Mdm-Signature", m.header)
	r.Header.Set("Authorization", "Bearer shared")
	w := httptest.NewRecorder()
	t.house.mux.ServeHTTP(w, r)
	if w.Code != http.StatusOK || w.Body.Len() != 0 {
		t.b.Errorf("an Idle was answered %d %q; log:\n%s", w.Code, w.Body, t.house.log)
	}
}

// pollInFlight sends all, some at a time, and gives the throughput.
func (t *town) pollInFlight() float64 {
	var next atomic.Int64
	var all sync.WaitGroup
	began := time.Now()
	for range flight {
		all.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(t.idles)); i = next.Add(1) - 1 {
				t.poll(t.idles[i])
			}
		})
	}
	all.Wait()
	return float64(len(t.idles)) / time.Since(began).Seconds()
}

// cpu is the processor time of a function in microseconds.
func cpu(b *testing.B, do func()) float64 {
	b.Helper()
	used := func() time.Duration {
		var u syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
			b.Fatal(err)
		}
		return time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	before := used()
	do()
	return float64((used() - before).Microseconds())
}

func median(v []float64) float64 {
	slices.Sort(v)
	return v[len(v)/2]
}
