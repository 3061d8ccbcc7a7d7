package sim

import (
	"crypto/rsa"
	"fmt"
	"math/big"
	"math/rand/v2"
	"sync"
	"sync/atomic"
)

// keyPool makes RSA keys out of a small stock of primes: key n is the product of a pair that no other n has. A town of
// forty phones needs ten primes, ten thousand phones need a hundred and forty-two. Whoever knows two such keys can
// compute both: they are for simulated phones only.
type keyPool struct {
	bits int

	mu     sync.Mutex
	primes []*big.Int // grows; prime i depends on bits and i alone

	next atomic.Int64
}

var (
	phoneKeys  = &keyPool{bits: 2048}
	deviceKeys = &keyPool{bits: 1024} // what Apple built into devices: RSA-1024
)

// take hands out a key that this process did not hand out before.
func (k *keyPool) take() (*rsa.PrivateKey, error) {
	return k.key(int(k.next.Add(1) - 1))
}

// key returns the n-th key: pairs in the order (0,1) (0,2) (1,2) (0,3) …
func (k *keyPool) key(n int) (*rsa.PrivateKey, error) {
	b := 1
	for b*(b+1)/2 <= n {
		b++
	}
	a := n - b*(b-1)/2
	p, q := k.prime(a), k.prime(b)
	key := &rsa.PrivateKey{
		PublicKey: rsa.PublicKey{N: new(big.Int).Mul(p, q), E: 65537},
		Primes:    []*big.Int{p, q},
	}
	one := big.NewInt(1)
	phi := new(big.Int).Mul(new(big.Int).Sub(p, one), new(big.Int).Sub(q, one))
	key.D = new(big.Int).ModInverse(big.NewInt(65537), phi)
	key.Precompute()
	if err := key.Validate(); err != nil {
		return nil, fmt.Errorf("make key %d of %d bits: %w", n, k.bits, err)
	}
	return key, nil
}

func (k *keyPool) prime(i int) *big.Int {
	k.mu.Lock()
	defer k.mu.Unlock()
	for len(k.primes) <= i {
		k.primes = append(k.primes, findPrime(k.bits/2, len(k.primes)))
	}
	return k.primes[i]
}

// smallPrimes sort out most candidates before the dear test.
var smallPrimes = sync.OnceValue(func() []uint64 {
	var primes []uint64
next:
	for n := uint64(3); n < 3000; n += 2 {
		for _, p := range primes {
			if n%p == 0 {
				continue next
			}
		}
		primes = append(primes, n)
	}
	return primes
})

// findPrime is the n-th prime of so many bits: the first at or after a number drawn from a generator seeded with n.
func findPrime(bits, n int) *big.Int {
	rng := rand.New(rand.NewPCG(uint64(bits), uint64(n)))
	start := make([]byte, bits/8)
	for i := range start {
		start[i] = byte(rng.Uint32())
	}
	start[0] |= 0xC0 // two leading ones: the product of two has full length
	start[len(start)-1] |= 1

	candidate := new(big.Int).SetBytes(start)
	rest := make([]uint64, len(smallPrimes()))
	for i, p := range smallPrimes() {
		rest[i] = new(big.Int).Mod(candidate, new(big.Int).SetUint64(p)).Uint64()
	}
	one, e := big.NewInt(1), big.NewInt(65537)
	for step := uint64(0); ; step += 2 {
		composite := false
		for i, p := range smallPrimes() {
			if (rest[i]+step)%p == 0 {
				composite = true
				break
			}
		}
		if composite {
			continue
		}
		p := new(big.Int).Add(candidate, new(big.Int).SetUint64(step))
		below := new(big.Int).Sub(p, one)
		if p.ProbablyPrime(1) && new(big.Int).GCD(nil, nil, below, e).Cmp(one) == 0 {
			return p
		}
	}
}
