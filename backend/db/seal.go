package db

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"fmt"
)

// ErrSealed says that a secret cannot be opened: the sealing key is missing or another one, or the value was moved or
// altered.
var ErrSealed = errors.New("a sealed secret cannot be opened with this key")

// Place is where a sealed value lies. It is part of the seal: a value does not open anywhere else.
type Place struct{ Table, Column, Row string }

const sealVersion = 1

// sealer is AES-256-GCM under a key derived from the sealing key.
type sealer struct{ aead cipher.AEAD }

func newSealer(key []byte) (sealer, error) {
	if len(key) != 32 {
		return sealer{}, fmt.Errorf("sealing key has %d bytes, want 32", len(key))
	}
	derived, err := hkdf.Key(sha256.New, key, nil, "gatehouse database secrets 1", 32)
	if err != nil {
		return sealer{}, fmt.Errorf("derive sealing key: %w", err)
	}
	block, err := aes.NewCipher(derived)
	if err != nil {
		return sealer{}, fmt.Errorf("derive sealing key: %w", err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return sealer{}, fmt.Errorf("derive sealing key: %w", err)
	}
	return sealer{aead}, nil
}

// Seal encrypts a secret for its place. The database alone, without the sealing key, does not reveal it.
func (d *DB) Seal(p Place, secret []byte) ([]byte, error) {
	if d.seals.aead == nil {
		return nil, fmt.Errorf("seal %s.%s: %w", p.Table, p.Column, ErrSealed)
	}
	return d.seals.aead.Seal([]byte{sealVersion}, nil, secret, p.bound()), nil
}

// Unseal decrypts what Seal made for the same place.
func (d *DB) Unseal(p Place, sealed []byte) ([]byte, error) {
	if d.seals.aead == nil || len(sealed) == 0 || sealed[0] != sealVersion {
		return nil, fmt.Errorf("unseal %s.%s: %w", p.Table, p.Column, ErrSealed)
	}
	secret, err := d.seals.aead.Open(nil, nil, sealed[1:], p.bound())
	if err != nil {
		return nil, fmt.Errorf("unseal %s.%s: %w", p.Table, p.Column, ErrSealed)
	}
	return secret, nil
}

func (p Place) bound() []byte {
	return fmt.Appendf(nil, "%d\x00%s\x00%s\x00%s", sealVersion, p.Table, p.Column, p.Row)
}
