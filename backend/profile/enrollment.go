package profile

import (
	"crypto/x509"
	"fmt"
	"log/slog"
	"net/url"
	"strings"

	"github.com/google/uuid"
	"howett.net/plist"
)

// Enrollment is the profile that puts a phone under management by account-driven User Enrollment. It holds what enrollment
// needs and no more; everything else comes later, by command.
//
// The same value gives the same bytes, so that a phone that asks twice installs one profile.
type Enrollment struct {
	// Identifier names the profile, "com.example.mdm.gatehouse.enrollment". A renewed profile has the same.
	Identifier string
	// DisplayName, Description and Organization are what the person reads.
	DisplayName, Description, Organization string
	// Seed makes the UUIDs: the same for a repeated request, another for another attempt.
	Seed string

	SCEP SCEP
	MDM  MDM

	// Anchor is the private root under which the server's TLS certificate stands, DER; nil when phones trust it anyway.
	Anchor []byte
	// AnchorName and AnchorDescription are what the person reads about the anchor.
	AnchorName, AnchorDescription string
}

// SCEP says how the phone gets its identity.
type SCEP struct {
	URL       string
	Name      string // sent as the name of the authority
	Challenge string // one-time
	Subject   string // common name of the request; the authority chooses its own
	// Fingerprint of the authority's certificate; only wanted where the URL is not https.
	Fingerprint []byte
}

// String leaves the challenge out.
func (s SCEP) String() string { return "SCEP " + s.URL }

// LogValue leaves the challenge out.
func (s SCEP) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MDM says where the phone reports. None of it can change while the phone is enrolled.
type MDM struct {
	Topic          string // of the push certificate
	ServerURL      string
	CheckInURL     string
	ManagedAccount string // the person's Managed Apple Account
}

// InvalidError says what is wrong with a profile that no phone would take.
type InvalidError struct{ Field, Problem string }

func (e *InvalidError) Error() string { return "profile: " + e.Field + " " + e.Problem }

// The keys are Apple's, https://developer.apple.com/documentation/devicemanagement/toplevel, /mdm, /scep and
// /certificateroot.

// Payload is what a profile and each payload in it begin with.
type Payload struct {
	PayloadType         string
	PayloadVersion      int
	PayloadIdentifier   string
	PayloadUUID         string
	PayloadDisplayName  string `plist:",omitempty"`
	PayloadDescription  string `plist:",omitempty"`
	PayloadOrganization string `plist:",omitempty"`
}

type topLevel struct {
	Payload
	PayloadContent []any
}

type rootPayload struct {
	Payload
	PayloadCertificateFileName string
	PayloadContent             []byte
}

type scepPayload struct {
	Payload
	PayloadContent scepContent
}

type scepContent struct {
	URL           string
	Name          string
	Challenge     string
	Subject       [][][]string
	KeyType       string `plist:"Key Type"`
	Keysize       int
	KeyUsage      int    `plist:"Key Usage"`
	CAFingerprint []byte `plist:",omitempty"`
}

type mdmPayload struct {
	Payload
	IdentityCertificateUUID string
	Topic                   string
	ServerURL               string
	CheckInURL              string
	EnrollmentMode          string
	AssignedManagedAppleID  string
	SignMessage             bool
	CheckOutWhenRemoved     bool
	ServerCapabilities      []string
}

// signAndEncrypt is the key usage of an identity that does both.
const signAndEncrypt = 1 | 4

// Encode writes the profile as an XML property list. It refuses, with an [InvalidError], what a phone would refuse.
func (e Enrollment) Encode() ([]byte, error) {
	if err := e.check(); err != nil {
		return nil, err
	}
	identity := e.payload("com.apple.security.scep", "identity")
	var content []any
	if e.Anchor != nil {
		root := e.payload("com.apple.security.root", "anchor")
		root.PayloadDisplayName, root.PayloadDescription = e.AnchorName, e.AnchorDescription
		content = append(content, rootPayload{root, "anchor.cer", e.Anchor})
	}
	content = append(content,
		scepPayload{identity, scepContent{
			URL: e.SCEP.URL, Name: e.SCEP.Name, Challenge: e.SCEP.Challenge,
			Subject: [][][]string{{{"CN", e.SCEP.Subject}}},
			KeyType: "RSA", Keysize: 2048, KeyUsage: signAndEncrypt,
			CAFingerprint: e.SCEP.Fingerprint,
		}},
		mdmPayload{
			Payload:                 e.payload("com.apple.mdm", "mdm"),
			IdentityCertificateUUID: identity.PayloadUUID,
			Topic:                   e.MDM.Topic,
			ServerURL:               e.MDM.ServerURL,
			CheckInURL:              e.MDM.CheckInURL,
			EnrollmentMode:          "BYOD",
			AssignedManagedAppleID:  e.MDM.ManagedAccount,
			SignMessage:             true, // proves the phone behind any proxy, see docs/decisions/mdm-signature-header-not-mtls.md
			CheckOutWhenRemoved:     true,
			// The first is for Macs and can never be added later; the second lets the phone ask for tokens.
			ServerCapabilities: []string{"com.apple.mdm.per-user-connections", "com.apple.mdm.token"},
		})
	top := e.payload("Configuration", "")
	top.PayloadDisplayName, top.PayloadDescription, top.PayloadOrganization = e.DisplayName, e.Description, e.Organization
	xml, err := plist.MarshalIndent(topLevel{top, content}, plist.XMLFormat, "\t")
	if err != nil {
		return nil, fmt.Errorf("encode profile: %w", err)
	}
	return append(xml, '\n'), nil
}

// payload is what every payload begins with; the profile itself has no part.
func (e Enrollment) payload(kind, part string) Payload {
	identifier := e.Identifier
	if part != "" {
		identifier += "." + part
	}
	id := uuid.NewSHA1(namespace, []byte(e.Seed+"\x00"+identifier))
	return Payload{PayloadType: kind, PayloadVersion: 1, PayloadIdentifier: identifier, PayloadUUID: strings.ToUpper(id.String())}
}

// namespace keeps our UUIDs apart from everybody else's.
var namespace = uuid.MustParse("7c2c1a0e-5d0b-4f6e-9a53-0a2f9f6d4b11")

func (e Enrollment) check() error {
	for _, required := range []struct{ field, value string }{
		{"Identifier", e.Identifier}, {"Seed", e.Seed}, {"SCEP.Challenge", e.SCEP.Challenge}, {"SCEP.Subject", e.SCEP.Subject},
	} {
		if strings.TrimSpace(required.value) == "" {
			return &InvalidError{required.field, "is empty"}
		}
	}
	for _, address := range []struct{ field, value string }{
		{"SCEP.URL", e.SCEP.URL}, {"MDM.ServerURL", e.MDM.ServerURL}, {"MDM.CheckInURL", e.MDM.CheckInURL},
	} {
		if problem := checkURL(address.value); problem != "" {
			return &InvalidError{address.field, problem}
		}
	}
	// A phone cancels the enrollment without an account, and with one that Apple does not know; the latter only Apple can tell.
	user, domain, found := strings.Cut(e.MDM.ManagedAccount, "@")
	if !found || user == "" || domain == "" || strings.ContainsAny(e.MDM.ManagedAccount, " \t\r\n") || strings.Contains(domain, "@") {
		return &InvalidError{"MDM.ManagedAccount", "is not an address"}
	}
	if topic, found := strings.CutPrefix(e.MDM.Topic, "com.apple.mgmt."); !found || topic == "" {
		return &InvalidError{"MDM.Topic", "does not begin with com.apple.mgmt."}
	}
	if e.Anchor != nil {
		if c, err := x509.ParseCertificate(e.Anchor); err != nil || !c.IsCA {
			return &InvalidError{"Anchor", "is not the certificate of an authority"}
		}
	}
	return nil
}

func checkURL(address string) string {
	u, err := url.Parse(address)
	switch {
	case err != nil:
		return "is not a URL"
	case u.Scheme != "https":
		return "does not begin with https://"
	case u.Hostname() == "":
		return "has no host"
	case u.User != nil || u.Fragment != "":
		return "has more than host, port and path"
	}
	return ""
}
