package directory

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/alexedwards/argon2id"
	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"
)

// cost of a password hash. The library's default takes all processors and a single pass; one lane leaves the others to
// the phones.
var cost = &argon2id.Params{Memory: memory, Iterations: passes, Parallelism: 1, SaltLength: 16, KeyLength: 32}

// nobody is compared with the passwords of people who do not exist or have none, so that they wait as long as others.
// It is the hash of no known password.
var nobody = hashOfNobody(cost)

func hashOfNobody(cost *argon2id.Params) string {
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$eG3bV0c7Zk4n2QyJr8tWsw$Jm0vE1k9yq3cQ5h8oXl2TzRb7uN4dWfGaS6iPpYxUeA",
		argon2.Version, cost.Memory, cost.Iterations, cost.Parallelism)
}

const (
	maxPassword = 256 // characters
	maxWaiting  = 128 // people whose passwords wait to be hashed, some twenty seconds on one processor

	// restAfter the last sign-in the memory of the hashes goes back to the system at once: it is more than all the rest of
	// a small server. Doing so after each hash would double its cost.
	restAfter = 3 * time.Second
)

// hasher hashes a few passwords at a time and lets the others wait. Each takes 64 MiB.
type hasher struct {
	slots   chan struct{}
	waiting chan struct{}
	rest    *time.Timer // gives the memory back
}

func newHasher() *hasher {
	h := &hasher{
		slots:   make(chan struct{}, max(1, runtime.GOMAXPROCS(0)-1)),
		waiting: make(chan struct{}, maxWaiting),
		rest:    time.AfterFunc(restAfter, debug.FreeOSMemory),
	}
	h.rest.Stop() // there is nothing to give back yet
	return h
}

// matches says whether the password belongs to the hash.
func (h *hasher) matches(ctx context.Context, password, hash string) (ok bool, err error) {
	wait := h.run(ctx, func() { ok, err = argon2id.ComparePasswordAndHash(norm.NFC.String(password), hash) })
	if wait != nil {
		return false, wait
	}
	if err != nil {
		return false, fmt.Errorf("compare password: %w", err)
	}
	return ok, nil
}

// hash is the password as it is stored.
func (h *hasher) hash(ctx context.Context, password string) (hash string, err error) {
	wait := h.run(ctx, func() { hash, err = argon2id.CreateHash(norm.NFC.String(password), cost) })
	if wait != nil {
		return "", wait
	}
	if err != nil {
		return "", fmt.Errorf("hash password: %w", err)
	}
	return hash, nil
}

func (h *hasher) run(ctx context.Context, work func()) error {
	select {
	case h.waiting <- struct{}{}:
		defer func() { <-h.waiting }()
	default:
		return ErrBusy
	}
	select {
	case h.slots <- struct{}{}:
		defer func() { <-h.slots }()
	case <-ctx.Done():
		return ctx.Err()
	}
	work()
	runtime.GC() // so that the next hash gets the same 64 MiB, and not another 64
	h.rest.Reset(restAfter)
	return nil
}
