package mdm_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"example.org/gatehouse/backend/apns"
	"example.org/gatehouse/backend/db/dbtest"
	"example.org/gatehouse/backend/mdm"
	"example.org/gatehouse/backend/sim"
)

// pushing is a house with a push service and a running loop.
func pushing(t *testing.T) (*house, *sim.APNs) {
	t.Helper()
	a, err := sim.NewAPNs(sim.APNsOptions{})
	if err != nil {
		t.Fatal(err)
	}
	clock := &dbtest.Clock{}
	clock.Add(time.Since(clock.Now())) // the service looks at the real time
	h := newHouse(t, furnished(t, clock), clock, apns.Options{URL: a.URL(), Roots: a.Roots()})
	certificate, key, err := a.NewPushCertificate(topic, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	bundle, err := apns.Parse(certificate, key)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := h.apns.Import(t.Context(), bundle, "it@example.org", false); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	var loop sync.WaitGroup
	loop.Go(func() {
		if err := h.server.Run(ctx); err != nil {
			t.Errorf("push loop: %v", err)
		}
	})
	t.Cleanup(func() {
		stop()
		loop.Wait()
		_ = a.Close()
	})
	return h, a
}

// eventually waits for something that the loop does.
func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-ctx.Done():
			t.Fatalf("waited in vain: %s", what)
		case <-tick.C:
		}
	}
}

func (p *phone) pushed(outcome string) func() bool {
	return func() bool { return p.get().Push.Outcome == outcome }
}

func TestFreshPhoneIsWoken(t *testing.T) {
	t.Parallel()
	h, a := pushing(t)
	p := h.enrolled("anna@example.org")
	eventually(t, "a push to the fresh phone", p.pushed("accepted"))
	got := a.Log()
	if len(got) != 1 || string(got[0].Token) != "token of "+p.id || got[0].Magic != "magic" || got[0].Topic != topic || got[0].Complaint != "" {
		t.Errorf("the push service saw %+v", got)
	}
}

func TestPushesAreRepeatedOnlyWhileACommandWaits(t *testing.T) {
	t.Parallel()
	h, a := pushing(t)
	p := h.enrolled("anna@example.org")
	eventually(t, "the first push", p.pushed("accepted"))
	h.clock.Add(6*time.Hour + time.Minute)
	eventually(t, "a second push: nobody came", func() bool { return len(a.Log()) == 2 })
	eventually(t, "its answer", func() bool { return p.get().Push.DueAt.Sub(h.db.Now()) > 20*time.Hour })
	p.drain()
	h.clock.Add(25 * time.Hour)
	eventually(t, "the end of waiting", func() bool { return p.get().Push.DueAt.IsZero() })
	if n := len(a.Log()); n != 2 {
		t.Errorf("%d pushes, want 2: the phone has come", n)
	}
}

// TestCallSurvivesABusyPushService: a phone that is called without a command is called until Apple takes it.
func TestCallSurvivesABusyPushService(t *testing.T) {
	t.Parallel()
	h, a := pushing(t)
	p := h.enrolled("anna@example.org")
	eventually(t, "the first push", p.pushed("accepted"))
	p.drain()
	a.Answer([]byte("token of "+p.id), 503, "ServiceUnavailable")
	if _, err := h.server.Wake(t.Context(), p.id); err != nil {
		t.Fatal(err)
	}
	eventually(t, "try later", p.pushed("later"))
	// the sentences of the screens speak of a count
	if f := h.server.Health(t.Context()); len(f) != 1 || f[0].Code != "push_service_unreachable" || f[0].Params["count"] != "1" {
		t.Errorf("health: got %+v, want one phone that waits for the push service", f)
	}
	a.Answer([]byte("token of "+p.id), 200, "")
	h.clock.Add(31 * time.Second)
	eventually(t, "the call", p.pushed("accepted"))
	h.clock.Add(25 * time.Hour)
	eventually(t, "the end of calling", func() bool { return p.get().Push.DueAt.IsZero() })
	if n := len(a.Log()); n != 3 {
		t.Errorf("%d pushes, want 3", n)
	}
}

func TestAnswersOfThePushServiceAreEvidence(t *testing.T) {
	t.Parallel()
	h, a := pushing(t)
	p := h.enrolled("anna@example.org")
	eventually(t, "the first push", p.pushed("accepted"))
	token := []byte("token of " + p.id)
	wake := func() {
		t.Helper()
		if _, err := h.server.Wake(t.Context(), p.id); err != nil {
			t.Fatal(err)
		}
	}

	a.Answer(token, 503, "ServiceUnavailable")
	wake()
	eventually(t, "try later", p.pushed("later"))
	h.clock.Add(31 * time.Second)
	eventually(t, "a longer pause", func() bool { e := p.get(); return e.Push.DueAt.Sub(h.db.Now()) > 50*time.Second })

	// 410 about the time before this token: not about this token
	a.AnswerSince(token, 410, "Unregistered", h.db.Now().Add(-365*24*time.Hour))
	wake()
	eventually(t, "an old 410", func() bool { e := p.get(); return e.Push.Reason == "Unregistered" })
	if e := p.get(); !e.Push.GoneAt.IsZero() || e.Push.DueAt.IsZero() {
		t.Errorf("an old 410 counts: %+v", e.Push)
	}

	h.clock.Add(time.Hour)
	a.AnswerSince(token, 410, "Unregistered", h.db.Now())
	wake()
	eventually(t, "a 410", func() bool { e := p.get(); return !e.Push.GoneAt.IsZero() })
	if s := mdm.Describe(p.get(), mdm.Moment{Now: h.db.Now()}); s.Code != mdm.ProbablyRemoved {
		t.Errorf("state %+v, want probably removed", s)
	}
	if !slices.Contains(h.kinds(p.id), mdm.PushGone) {
		t.Errorf("events %v, want %s among them", h.kinds(p.id), mdm.PushGone)
	}

	// the phone lives: a new token ends all evidence
	a.Answer(token, 0, "")
	p.ok(p.updateToken())
	eventually(t, "a push to the new token", p.pushed("accepted"))
	if s := mdm.Describe(p.get(), mdm.Moment{Now: h.db.Now()}); s.Code != mdm.Managed {
		t.Errorf("state %+v, want enrolled", s)
	}

	a.Answer(token, 400, "BadDeviceToken")
	wake()
	eventually(t, "a refused token", p.pushed("refused"))
	if n, err := h.server.Wake(t.Context(), p.id); n != 0 || err != nil {
		t.Errorf("waking a refused token: %d, %v; want 0", n, err)
	}
	if _, err := h.server.Wake(t.Context(), "nobody"); !errors.Is(err, mdm.ErrUnknown) {
		t.Errorf("waking nobody: %v, want ErrUnknown", err)
	}
}

// TestManyPhonesAreWokenOnce has two processes at work on one queue.
func TestManyPhonesAreWokenOnce(t *testing.T) {
	t.Parallel()
	h, a := pushing(t)
	second := newHouse(t, h.db, h.clock, apns.Options{URL: a.URL(), Roots: a.Roots()})
	ctx, stop := context.WithCancel(context.Background())
	var loop sync.WaitGroup
	loop.Go(func() { _ = second.server.Run(ctx) })
	t.Cleanup(func() { stop(); loop.Wait() })
	h.populate(t, 300)
	if n, err := h.server.Enqueue(t.Context(), mdm.Filter{All: true}, mdm.ProfileList()); n != 300 || err != nil {
		t.Fatalf("queued %d, %v; want 300", n, err)
	}
	eventually(t, "300 answers", func() bool {
		return h.number(`SELECT COUNT(*) FROM pushes WHERE outcome = 'accepted'`) == 300
	})
	if n := len(a.Log()); n != 300 {
		t.Errorf("%d pushes for 300 phones", n)
	}
}

func TestOtherTopicIsRefusedWhilePhonesAreEnrolled(t *testing.T) {
	t.Parallel()
	h, a := pushing(t)
	h.enrolled("anna@example.org")
	certificate, key, err := a.NewPushCertificate("com.apple.mgmt.External.other", time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	bundle, err := apns.Parse(certificate, key)
	if err != nil {
		t.Fatal(err)
	}
	var changed *apns.ErrTopicChanged
	if _, _, err := h.apns.Import(t.Context(), bundle, "", false); !errors.As(err, &changed) || changed.Enrollments != 1 {
		t.Errorf("got %v, want the number of phones that would be cut off", err)
	}
	if !strings.Contains(changed.Error(), "1 enrolled") {
		t.Errorf("words: %s", changed)
	}
}
