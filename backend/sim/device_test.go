package sim

import (
	"bytes"
	"math/big"
	"testing"

	"github.com/smallstep/pkcs7"
)

func TestKeysAreDifferentAndRepeatable(t *testing.T) {
	t.Parallel()
	seen := map[string]int{}
	for n := range 12 {
		key, err := deviceKeys.key(n)
		if err != nil {
			t.Fatal(err)
		}
		if key.N.BitLen() != 1024 {
			t.Errorf("key %d has %d bits, want 1024", n, key.N.BitLen())
		}
		if other, ok := seen[key.N.String()]; ok {
			t.Errorf("keys %d and %d are the same", n, other)
		}
		seen[key.N.String()] = n
	}
	again, err := (&keyPool{bits: 1024}).key(7)
	if err != nil {
		t.Fatal(err)
	}
	if n, ok := seen[again.N.String()]; !ok || n != 7 {
		t.Errorf("a second pool made another key 7")
	}
}

func TestDeviceSignsAsAppleDoes(t *testing.T) {
	t.Parallel()
	authority, err := NewDeviceAuthority(1)
	if err != nil {
		t.Fatal(err)
	}
	for name, make := range map[string]func() (*DeviceIdentity, error){"new": authority.Issue, "old": authority.IssueOld} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			device, err := make()
			if err != nil {
				t.Fatal(err)
			}
			signed, err := device.signAt([]byte("machine info"), device.Leaf.NotBefore.AddDate(0, 1, 0))
			if err != nil {
				t.Fatal(err)
			}
			message, err := pkcs7.Parse(signed)
			if err != nil {
				t.Fatal(err)
			}
			if err := message.Verify(); err != nil {
				t.Fatalf("another CMS reader: %v", err)
			}
			if !bytes.Equal(message.Content, []byte("machine info")) {
				t.Errorf("content %q", message.Content)
			}
			leaf := message.GetOnlySigner()
			if err := authority.Certificate().CheckSignature(leaf.SignatureAlgorithm, leaf.RawTBSCertificate, leaf.Signature); err != nil {
				t.Errorf("the leaf is not signed by the authority: %v", err)
			}
		})
	}
}

// A key of the pool can be computed by anybody who has the source; one of a secret device cannot.
func TestSecretDeviceHasItsOwnKey(t *testing.T) {
	t.Parallel()
	one, err := NewSecretDevice()
	if err != nil {
		t.Fatal(err)
	}
	other, err := NewSecretDevice()
	if err != nil {
		t.Fatal(err)
	}
	for n := range 8 {
		p := phoneKeys.prime(n)
		for _, d := range []*DeviceIdentity{one, other} {
			if new(big.Int).Mod(d.key.N, p).Sign() == 0 {
				t.Errorf("the key is made of prime %d of the pool", n)
			}
		}
	}
	if one.key.Equal(other.key) || one.Leaf.Equal(other.Leaf) {
		t.Error("two devices are one")
	}
	signed, err := one.Sign([]byte("machine info"))
	if err != nil {
		t.Fatal(err)
	}
	message, err := pkcs7.Parse(signed)
	if err != nil {
		t.Fatal(err)
	}
	if err := message.Verify(); err != nil || !message.GetOnlySigner().Equal(one.Leaf) {
		t.Errorf("another CMS reader: %v, signed by %v", err, message.GetOnlySigner().Subject)
	}
}
