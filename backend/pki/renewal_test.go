package pki

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"testing"
	"time"

	"github.com/smallstep/scep"

	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/db/dbtest"
)

func TestRenewal(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, a *Authority, clock *dbtest.Clock) {
		c := newClient(t, 0, newChallenge(t, a, anna))
		old := c.ask(t, a).Certificate
		inTx(t, a, func(tx *db.Tx) error { return a.Bind(tx, fingerprint(old), "E1") })

		clock.Add(200 * 24 * time.Hour)
		for _, kind := range []scep.MessageType{scep.RenewalReq, scep.PKCSReq} {
			key := 1
			if kind == scep.PKCSReq {
				key = 2
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

		clock.Add(200 * 24 * time.Hour)
		r := client{key: rsaKey(t, 2048, 1), signer: old, signerKey: c.key, kind: scep.RenewalReq}
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
