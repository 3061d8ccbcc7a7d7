package profile

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"flag"
	"math/big"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"howett.net/plist"

	"example.org/gatehouse/backend/profile/appleschema"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func sample() Enrollment {
	return Enrollment{
		Identifier:  "com.example.mdm.gatehouse.enrollment",
		DisplayName: "Example management", Description: "Lets Example & Söhne set up work apps.", Organization: "Example Ltd",
		Seed: "0192f0c5-0000-7000-8000-000000000001",
		SCEP: SCEP{URL: "https://mdm.example.com:8443/scep", Name: "gatehouse", Challenge: "ONETIMESECRET", Subject: "enrollment 7Q4K"},
		MDM: MDM{
			Topic:     "com.apple.mgmt.External.3b0c8f0e-0000-4000-8000-1234567890ab",
			ServerURL: "https://mdm.example.com:8443/mdm", CheckInURL: "https://mdm.example.com:8443/mdm/checkin",
			ManagedAccount: "anna@example.com",
		},
	}
}

func encode(t *testing.T, e Enrollment) []byte {
	t.Helper()
	xml, err := e.Encode()
	if err != nil {
		t.Fatalf("encode: %v", err)
	}
	return xml
}

func TestEnrollmentGolden(t *testing.T) {
	t.Parallel()
	got := encode(t, sample())
	const file = "testdata/enrollment.mobileconfig"
	if *update {
		if err := os.WriteFile(file, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("the profile changed (-want +got); phones refuse some changes for ever:\n%s", diff)
	}
}

func TestEnrollmentIsWhatAppleDescribes(t *testing.T) {
	t.Parallel()
	withAnchor := sample()
	withAnchor.Anchor, withAnchor.AnchorName = anchor(t), "Example Root"
	withAnchor.SCEP.Fingerprint = bytes.Repeat([]byte{7}, 32)
	for name, e := range map[string]Enrollment{"public certificate": sample(), "private root": withAnchor} {
		if problems := appleschema.Profile(encode(t, e)); len(problems) > 0 {
			t.Errorf("%s:\n%s", name, strings.Join(problems, "\n"))
		}
	}
}

// The keys over which an iPhone cancels, and those without which it is not a User Enrollment.
func TestEnrollmentRules(t *testing.T) {
	t.Parallel()
	e := sample()
	e.Anchor = anchor(t)
	var got struct {
		PayloadContent []map[string]any
	}
	xml := encode(t, e)
	if _, err := plist.Unmarshal(xml, &got); err != nil {
		t.Fatal(err)
	}
	for _, forbidden := range []string{"AccessRights", "PayloadRemovalDisallowed", "ManagedAppleID<", "UseDevelopmentAPNS"} {
		if bytes.Contains(xml, []byte(">"+forbidden)) {
			t.Errorf("the profile has %s", forbidden)
		}
	}
	if n := len(got.PayloadContent); n != 3 {
		t.Fatalf("%d payloads, want anchor, identity and MDM", n)
	}
	root, identity, mdm := got.PayloadContent[0], got.PayloadContent[1], got.PayloadContent[2]
	if !bytes.Equal(root["PayloadContent"].([]byte), e.Anchor) {
		t.Error("the anchor is not the one given")
	}
	want := map[string]any{
		"EnrollmentMode": "BYOD", "AssignedManagedAppleID": "anna@example.com", "SignMessage": true, "CheckOutWhenRemoved": true,
		"ServerCapabilities":      []any{"com.apple.mdm.per-user-connections", "com.apple.mdm.token"},
		"IdentityCertificateUUID": identity["PayloadUUID"],
		"Topic":                   e.MDM.Topic, "ServerURL": e.MDM.ServerURL, "CheckInURL": e.MDM.CheckInURL,
	}
	for k, v := range want {
		if diff := cmp.Diff(v, mdm[k]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", k, diff)
		}
	}
	scep := identity["PayloadContent"].(map[string]any)
	for k, v := range map[string]any{"Key Type": "RSA", "Keysize": uint64(2048), "Key Usage": uint64(5), "Challenge": "ONETIMESECRET"} {
		if scep[k] != v {
			t.Errorf("%s is %v, want %v", k, scep[k], v)
		}
	}
}

func TestEnrollmentRepeats(t *testing.T) {
	t.Parallel()
	first := encode(t, sample())
	if again := encode(t, sample()); !bytes.Equal(first, again) {
		t.Error("the same request gave another profile")
	}
	other := sample()
	other.Seed = "another attempt"
	if bytes.Equal(first, encode(t, other)) {
		t.Error("another attempt has the same UUIDs")
	}
}

func TestEnrollmentRefused(t *testing.T) {
	t.Parallel()
	for field, change := range map[string]func(*Enrollment){
		"Identifier":         func(e *Enrollment) { e.Identifier = " " },
		"Seed":               func(e *Enrollment) { e.Seed = "" },
		"SCEP.Challenge":     func(e *Enrollment) { e.SCEP.Challenge = "" },
		"SCEP.Subject":       func(e *Enrollment) { e.SCEP.Subject = "" },
		"SCEP.URL":           func(e *Enrollment) { e.SCEP.URL = "http://mdm.example.com/scep" },
		"MDM.ServerURL":      func(e *Enrollment) { e.MDM.ServerURL = "https://" },
		"MDM.CheckInURL":     func(e *Enrollment) { e.MDM.CheckInURL = "https://a:b@mdm.example.com/" },
		"MDM.ManagedAccount": func(e *Enrollment) { e.MDM.ManagedAccount = "" },
		"MDM.Topic":          func(e *Enrollment) { e.MDM.Topic = "com.example.app" },
		"Anchor":             func(e *Enrollment) { e.Anchor = []byte("no certificate") },
	} {
		e := sample()
		change(&e)
		_, err := e.Encode()
		var invalid *InvalidError
		if !errors.As(err, &invalid) || invalid.Field != field {
			t.Errorf("%s: got %v, want an InvalidError of that field", field, err)
		}
	}
	for _, account := range []string{"anna", "@example.com", "anna@", "an na@example.com", "anna@b@example.com"} {
		e := sample()
		e.MDM.ManagedAccount = account
		if _, err := e.Encode(); err == nil {
			t.Errorf("the managed account %q was taken", account)
		}
	}
}

func anchor(t *testing.T) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Root"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Unix(0, 0), NotAfter: time.Unix(4e9, 0),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}
