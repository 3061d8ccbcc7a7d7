package directory

import (
	"errors"
	"fmt"
	"net/netip"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.org/gatehouse/backend/db"
)

var here = netip.MustParseAddr("192.0.2.7")

func TestLocalPassword(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *house) {
		h.add(NewPerson{Identifier: "Anna@Example.org", Name: "Anna Berg", Password: "Žluť-1"})
		got, err := h.Prove(t.Context(), Proof{Identifier: " anna@EXAMPLE.org", Password: "Z\u030clut\u030c-1", Address: here})
		if want := (Person{Identifier: "anna@example.org", Name: "Anna Berg", Source: FromLocal}); !cmp.Equal(got, want) || err != nil {
			t.Errorf("got %+v, %v; want %+v", got, err, want)
		}
		if n := h.count(`SELECT COUNT(*) FROM sign_ins`); n != 0 {
			t.Errorf("a right password left %d rows of wrong ones", n)
		}
	})
}

func TestFiveWrongTriesLock(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *house) {
		h.add(NewPerson{Identifier: "anna@example.org", Password: "right"})
		for _, who := range []string{"anna@example.org", "nobody@example.org"} { // the same for both
			try := func(password string) error {
				_, err := h.Prove(t.Context(), Proof{Identifier: who, Password: password, Address: here})
				return err
			}
			for left := 4; left > 0; left-- {
				var wrong *WrongError
				if err := try("wrong"); !errors.As(err, &wrong) || wrong.Left != left {
					t.Errorf("%s: got %v, want %d tries left", who, err, left)
				}
			}
			until := h.clock.Now().Add(15 * time.Minute)
			for _, password := range []string{"wrong", "wrong", "right"} {
				var locked *LockedError
				if err := try(password); !errors.As(err, &locked) || !locked.Until.Equal(until) {
					t.Errorf("%s with the %s password: got %v, want locked until %v", who, password, err, until)
				}
			}
		}
		if n := h.happened(Locked, "anna@example.org"); n != 1 {
			t.Errorf("got %d events of the lock, want 1", n)
		}
		if n := h.happened(Locked, "nobody@example.org"); n != 0 {
			t.Error("what was typed for nobody is kept in an event")
		}

		h.clock.Add(15 * time.Minute)
		if _, err := h.Prove(t.Context(), Proof{Identifier: "anna@example.org", Password: "right", Address: here}); err != nil {
			t.Errorf("after the pause: %v", err)
		}
		var wrong *WrongError
		if _, err := h.Prove(t.Context(), Proof{Identifier: "nobody@example.org", Password: "x", Address: here}); !errors.As(err, &wrong) || wrong.Left != 4 {
			t.Errorf("after the pause of nobody: got %v, want 4 tries left", err)
		}
		if n := h.count(`SELECT COUNT(*) FROM sign_ins`); n != 1 {
			t.Errorf("%d rows of wrong tries are left, want the newest alone", n)
		}
	})
}

func TestARightPasswordForgivesTheWrongOnes(t *testing.T) {
	t.Parallel()
	h := one(t)
	h.add(NewPerson{Identifier: "anna@example.org", Password: "right"})
	for _, password := range []string{"a", "b", "c", "right", "d"} {
		_, err := h.Prove(t.Context(), Proof{Identifier: "anna@example.org", Password: password, Address: here})
		var wrong *WrongError
		if password == "d" && (!errors.As(err, &wrong) || wrong.Left != 4) {
			t.Errorf("first wrong try after a right one: got %v, want 4 tries left", err)
		}
	}
}

func TestUnlock(t *testing.T) {
	t.Parallel()
	h := one(t)
	h.add(NewPerson{Identifier: "anna@example.org", Password: "right"})
	prove := func(password string) error {
		_, err := h.Prove(t.Context(), Proof{Identifier: "anna@example.org", Password: password, Address: here})
		return err
	}
	for range personFailures {
		if prove("wrong") == nil {
			t.Fatal("a wrong password was right")
		}
	}
	list, err := h.List(t.Context())
	if err != nil || len(list) != 1 || !list[0].LockedUntil.Equal(h.clock.Now().Add(personPause)) {
		t.Errorf("the list does not show the lock: %+v, %v", list, err)
	}
	locked := func() string {
		for _, f := range h.Health(t.Context()) {
			if f.Code == "people_locked" {
				return f.Params["count"]
			}
		}
		return ""
	}
	if n := locked(); n != "1" {
		t.Errorf("the findings say that %q people are locked out", n)
	}
	if err := h.Unlock(t.Context(), "ANNA@example.org"); err != nil {
		t.Fatal(err)
	}
	if n := locked(); n != "" {
		t.Errorf("after the administrator unlocked: %q people are locked out", n)
	}
	if err := prove("right"); err != nil {
		t.Errorf("after the administrator unlocked: %v", err)
	}
	if err := h.Unlock(t.Context(), "nobody@example.org"); !errors.Is(err, ErrUnknown) {
		t.Errorf("unlock nobody: got %v, want ErrUnknown", err)
	}
}

// A hundred guesses sent at once are no more than five.
func TestGuessesAtOnceAreCounted(t *testing.T) {
	t.Parallel()
	h := one(t)
	h.add(NewPerson{Identifier: "anna@example.org", Password: "none of them"})
	var wrong, other int
	var mu sync.Mutex
	var wg sync.WaitGroup
	for i := range 100 {
		wg.Go(func() {
			_, err := h.Prove(t.Context(), Proof{Identifier: "anna@example.org", Password: fmt.Sprint("guess-", i), Address: here})
			mu.Lock()
			defer mu.Unlock()
			if w := (*WrongError)(nil); errors.As(err, &w) {
				wrong++
			} else if l := (*LockedError)(nil); errors.Is(err, ErrBusy) || errors.As(err, &l) {
				other++
			}
		})
	}
	wg.Wait()
	if wrong != personFailures-1 || wrong+other != 100 {
		t.Errorf("%d guesses were checked and wrong, %d put off; want %d before the lock", wrong, other, personFailures-1)
	}
	if n := len(h.turns.busy); n != 0 {
		t.Errorf("%d people are still waited for", n)
	}
}

func TestAddressLimit(t *testing.T) {
	t.Parallel()
	h := one(t)
	now := h.clock.Now()
	for range addressFailures {
		h.limits.failed(here, now)
	}
	h.add(NewPerson{Identifier: "anna@example.org", Password: "right"})
	from := func(a netip.Addr) error {
		_, err := h.Prove(t.Context(), Proof{Identifier: "anna@example.org", Password: "right", Address: a})
		return err
	}
	if err := from(here); !errors.Is(err, ErrBusy) {
		t.Errorf("from an address with too many failures: got %v, want ErrBusy", err)
	}
	if err := from(netip.MustParseAddr("::ffff:192.0.2.7")); !errors.Is(err, ErrBusy) {
		t.Errorf("from the same address written as IPv6: got %v, want ErrBusy", err)
	}
	if err := from(netip.MustParseAddr("192.0.2.8")); err != nil {
		t.Errorf("from its neighbour: %v", err)
	}
	h.clock.Add(addressRecovers)
	if err := from(here); err != nil {
		t.Errorf("a while later: %v", err)
	}
}

// Trying a door that is shut counts for the address, so that it does not cost us a look for ever.
func TestLockedTriesCountForTheAddress(t *testing.T) {
	t.Parallel()
	h := one(t)
	var err error
	for range addressFailures + 1 {
		_, err = h.Prove(t.Context(), Proof{Identifier: "anna@example.org", Password: "wrong", Address: here})
	}
	if !errors.Is(err, ErrBusy) {
		t.Errorf("try %d: got %v, want ErrBusy", addressFailures+1, err)
	}
}

// Behind a tunnel or a proxy everybody comes from one address: nobody may lock the others out.
func TestLoopbackHasNoAddressLimit(t *testing.T) {
	t.Parallel()
	h := one(t)
	h.add(NewPerson{Identifier: "anna@example.org", Password: "right"})
	for _, proxy := range []string{"127.0.0.1", "::1", "::ffff:127.0.0.1"} {
		a := netip.MustParseAddr(proxy)
		for i := range addressFailures + 1 {
			_, err := h.Prove(t.Context(), Proof{Identifier: fmt.Sprintf("nobody-%d@example.org", i), Password: "wrong", Address: a})
			if w := (*WrongError)(nil); !errors.As(err, &w) {
				t.Fatalf("try %d from %s: got %v, want a wrong password", i, proxy, err)
			}
		}
		if _, err := h.Prove(t.Context(), Proof{Identifier: "anna@example.org", Password: "right", Address: a}); err != nil {
			t.Errorf("anna from %s: %v", proxy, err)
		}
		h.clock.Add(personPause + time.Minute)
	}
	var locked *LockedError
	for range personFailures {
		_, err := h.Prove(t.Context(), Proof{Identifier: "anna@example.org", Password: "wrong", Address: netip.MustParseAddr("::1")})
		errors.As(err, &locked)
	}
	if locked == nil {
		t.Error("the limit of the person does not hold from the computer itself")
	}
}

func TestAddressesAreBounded(t *testing.T) {
	t.Parallel()
	l := newLimits()
	now := time.Now()
	for i := range addressFailures + 5 { // one household: the same /64
		l.failed(netip.AddrFrom16([16]byte{0x20, 1, 0xd, 0xb8, 15: byte(i)}), now)
	}
	if !l.exhausted(netip.MustParseAddr("2001:db8::77"), now) || l.exhausted(netip.MustParseAddr("2001:db8:0:1::77"), now) {
		t.Error("IPv6 is not counted by /64")
	}
	for i := range 2 * maxAddresses {
		l.failed(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), now)
	}
	if len(l.known) != maxAddresses || l.order.Len() != maxAddresses {
		t.Errorf("%d addresses are remembered, want %d", len(l.known), maxAddresses)
	}
	l.failed(netip.Addr{}, now) // a listener that knows no addresses
}

func TestHasherIsBounded(t *testing.T) {
	t.Parallel()
	h := newHasher()
	if got, want := cap(h.slots), max(1, runtime.GOMAXPROCS(0)-1); got != want {
		t.Errorf("%d hashes at a time, want %d", got, want)
	}
	for range maxWaiting {
		h.waiting <- struct{}{}
	}
	if _, err := h.matches(t.Context(), "x", nobody); !errors.Is(err, ErrBusy) {
		t.Errorf("one more than can wait: got %v, want ErrBusy", err)
	}
}

func TestSecretsDoNotPrint(t *testing.T) {
	t.Parallel()
	h := one(t)
	code := h.add(NewPerson{Identifier: "anna@example.org"})
	proof := Proof{Identifier: "anna@example.org", Password: "secret-1", Code: string(code)}
	h.Directory.log.Info("all", "code", code, "proof", proof)
	printed := fmt.Sprintf("%v %+v %#v %s %q", code, code, code, code, code) + fmt.Sprint(proof) + fmt.Sprintf("%+v", proof) + h.log.String()
	for _, secret := range []string{string(code), code.Reveal(), "secret-1"} {
		if strings.Contains(printed, secret) {
			t.Errorf("%q is printed: %s", secret, printed)
		}
	}
}

func TestProveSaysWhenTheDatabaseIsGone(t *testing.T) {
	t.Parallel()
	h := one(t)
	_ = h.db.Update(t.Context(), func(tx *db.Tx) error {
		_, err := tx.Exec(`DROP TABLE sign_ins`)
		return err
	})
	_, err := h.Prove(t.Context(), Proof{Identifier: "anna@example.org", Password: "x", Address: here})
	if w := (*WrongError)(nil); err == nil || errors.As(err, &w) {
		t.Errorf("got %v; want a failure that nobody takes for a wrong password", err)
	}
}
