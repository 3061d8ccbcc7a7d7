package pki

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"strconv"
	"testing"
	"time"

	"github.com/smallstep/scep"

	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/db/dbtest"
	"example.org/gatehouse/backend/event"
)

func TestRenewal(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, a *Authority, clock *dbtest.Clock) {
		c := newClient(t, 0, newChallenge(t, a, anna))
		old := c.ask(t, a).Certificate
		inTx(t, a, func(tx *db.Tx) error { return a.Bind(tx, fingerprint(old), "E1") })

		clock.Add(200 * 24 * time.Hour)
		var successor *x509.Certificate
		for _, kind := range []scep.MessageType{scep.RenewalReq, scep.PKCSReq} {
			key := 2
			if kind == scep.PKCSReq {
				key = 1
			}
			r := client{key: rsaKey(t, 2048, key), signer: old, signerKey: c.key, kind: kind, challenge: c.challenge}
			answer := r.ask(t, a)
			if answer.PKIStatus != scep.SUCCESS {
				t.Fatalf("%s signed by the identity: %s", kind, answer.FailInfo)
			}
			i, err := identity(t, a, answer.Certificate)
			if err != nil || i.Attempt != "a1" || i.Person != anna.Person || i.Enrollment != "E1" {
				t.Errorf("the successor is %+v, %v; want the same phone's", i, err)
			}
			successor = answer.Certificate
			if again := r.ask(t, a); again.PKIStatus != scep.SUCCESS || !again.Certificate.Equal(answer.Certificate) {
				t.Errorf("the same renewal again: %s, want the same certificate", again.FailInfo)
			}
		}
		// It goes on until there are too many. The keys of these are on a curve, which an identity may have as well.
		for n := range maxRenewals {
			key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
			if err != nil {
				t.Fatal(err)
			}
			r := client{csrKey: key, signer: old, signerKey: c.key, kind: scep.RenewalReq}
			if got := r.ask(t, a); (got.PKIStatus == scep.SUCCESS) != (n < maxRenewals-2) {
				t.Errorf("renewal %d: %s", n+3, got.PKIStatus)
			}
		}

		// A successor is no way around that, and the next day is another one.
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		r := client{csrKey: key, signer: successor, signerKey: rsaKey(t, 2048, 1), kind: scep.RenewalReq}
		if got := r.ask(t, a); got.PKIStatus == scep.SUCCESS {
			t.Error("a successor got one more than the attempt may have in a day")
		}
		clock.Add(renewalWindow)
		if got := r.ask(t, a); got.PKIStatus != scep.SUCCESS {
			t.Errorf("the next day: %s", got.FailInfo)
		}

		clock.Add(identityLife)
		r = client{key: rsaKey(t, 2048, 1), signer: old, signerKey: c.key, kind: scep.RenewalReq}
		if got := r.ask(t, a); got.FailInfo != scep.BadTime {
			t.Errorf("by an expired identity: %q, want badTime", string(got.FailInfo))
		}
	})
}

func TestRenewalByRevoked(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, a *Authority, _ *dbtest.Clock) {
		c := newClient(t, 0, newChallenge(t, a, anna))
		old := c.ask(t, a).Certificate
		var pending Challenge
		inTx(t, a, func(tx *db.Tx) (err error) {
			if err := a.Bind(tx, fingerprint(old), "E1"); err != nil {
				return err
			}
			if pending, err = a.NewChallenge(tx, Subject{"a1", anna.Person, "E1"}, time.Hour); err != nil {
				return err
			}
			return a.Revoke(tx, "E1")
		})
		r := client{key: rsaKey(t, 2048, 1), signer: old, signerKey: c.key, kind: scep.RenewalReq}
		if got := r.ask(t, a); got.FailInfo != scep.BadCertID {
			t.Errorf("by a revoked identity: %q, want badCertID", string(got.FailInfo))
		}
		if got := newClient(t, 1, pending).ask(t, a); got.PKIStatus != scep.FAILURE {
			t.Error("a challenge of a revoked enrollment gave an identity")
		}
		if n := count(t, a, `SELECT COUNT(*) FROM identities`); n != 1 {
			t.Errorf("%d identities, want one", n)
		}
		inTx(t, a, func(tx *db.Tx) error { return a.Erase(tx, "a1") })
		if got := r.ask(t, a); got.FailInfo != scep.BadCertID {
			t.Errorf("by an erased identity: %q, want badCertID", string(got.FailInfo))
		}
	})
}

// An identity that was renewed before its phone checked in has no enrollment yet, and ends with it all the same.
func TestSuccessorsOfTheRevokedRenewNothing(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, a *Authority, clock *dbtest.Clock) {
		c := newClient(t, 0, newChallenge(t, a, anna))
		old := c.ask(t, a).Certificate
		r := client{key: rsaKey(t, 2048, 1), signer: old, signerKey: c.key, kind: scep.RenewalReq}
		successor := r.ask(t, a).Certificate
		inTx(t, a, func(tx *db.Tx) error {
			if err := a.Bind(tx, fingerprint(old), "E1"); err != nil {
				return err
			}
			return a.Revoke(tx, "E1")
		})
		next := client{key: rsaKey(t, 2048, 2), signer: successor, signerKey: r.key, kind: scep.RenewalReq}
		for range 20 {
			if got := next.ask(t, a); got.FailInfo != scep.BadCertID {
				t.Fatalf("by the successor of a revoked identity: %q, want badCertID", string(got.FailInfo))
			}
		}
		refused := func() int {
			events, err := a.events.List(t.Context(), event.Query{Attempt: "a1", Kind: Refused})
			if err != nil {
				t.Fatal(err)
			}
			return len(events)
		}
		if n := refused(); n != 1 {
			t.Errorf("20 refusals left %d events, want one", n)
		}
		clock.Add(refusalPause)
		next.ask(t, a)
		if n := refused(); n != 2 {
			t.Errorf("an hour later there are %d events, want two", n)
		}
	})
}

func TestRefusalsAreBounded(t *testing.T) {
	t.Parallel()
	r := refusals{last: map[string]time.Time{}}
	written := 0
	for i := range 10 * refusalsMost {
		if r.first(strconv.Itoa(i), epoch) {
			written++
		}
	}
	if written != refusalsMost {
		t.Errorf("%d refusals were written in an hour, want %d", written, refusalsMost)
	}
}

// Nothing renews an identity of a phone, so somebody has to hear of its end in time.
func TestIdentitiesExpiring(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, a *Authority, clock *dbtest.Clock) {
		found := func() string {
			for _, f := range a.Health(t.Context()) {
				if f.Code == "identities_expiring" {
					return string(f.Level) + " " + f.Params["count"] + " " + f.Params["expires"]
				}
			}
			return ""
		}
		bind := func(attempt, enrollment string, key int) (client, *x509.Certificate) {
			c := newClient(t, key, newChallenge(t, a, Subject{Attempt: attempt, Person: anna.Person}))
			certificate := c.ask(t, a).Certificate
			if enrollment != "" {
				inTx(t, a, func(tx *db.Tx) error { return a.Bind(tx, fingerprint(certificate), enrollment) })
			}
			return c, certificate
		}
		bind("a0", "", 0) // never checked in
		clock.Add(24 * time.Hour)
		c, first := bind("a1", "E1", 0)
		clock.Add(24 * time.Hour)
		_, second := bind("a2", "E2", 1)

		clock.Add(first.NotAfter.Sub(clock.Now()) - expiringSoon - time.Minute)
		if got := found(); got != "" {
			t.Errorf("too early: %s", got)
		}
		clock.Add(2 * time.Minute)
		if got, want := found(), "attention 1 "+first.NotAfter.UTC().Format(time.RFC3339); got != want {
			t.Errorf("in time: got %q, want %q", got, want)
		}
		clock.Add(24 * time.Hour)
		if got, want := found(), "attention 2 "+first.NotAfter.UTC().Format(time.RFC3339); got != want {
			t.Errorf("a day later: got %q, want %q", got, want)
		}
		r := client{key: rsaKey(t, 2048, 2), signer: first, signerKey: c.key, kind: scep.RenewalReq}
		r.ask(t, a)
		if got, want := found(), "attention 1 "+second.NotAfter.UTC().Format(time.RFC3339); got != want {
			t.Errorf("with a successor for the first: got %q, want %q", got, want)
		}
		inTx(t, a, func(tx *db.Tx) error { return a.Revoke(tx, "E2") })
		if got := found(); got != "" {
			t.Errorf("the second has left: %s", got)
		}
	})
}

// A challenge made to renew binds the new identity to the enrollment from birth.
func TestRenewalByChallenge(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, a *Authority, _ *dbtest.Clock) {
		c := newClient(t, 0, newChallenge(t, a, Subject{"a1", anna.Person, "E1"}))
		i, err := identity(t, a, c.ask(t, a).Certificate)
		if err != nil || i.Enrollment != "E1" {
			t.Errorf("got %+v, %v", i, err)
		}
	})
}
