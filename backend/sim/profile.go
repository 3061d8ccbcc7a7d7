package sim

import (
	"bytes"
	"context"
	"crypto/x509"
	"fmt"
	"mime"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/smallstep/pkcs7"
	"howett.net/plist"
)

// Profile is a configuration profile as an iPhone understands it.
type Profile struct {
	Identifier, UUID, DisplayName, Organization, Description string

	Signed  bool // wrapped in CMS with a good signature
	Trusted bool // and the signer leads to an authority this phone trusts
	Signer  *x509.Certificate

	Types   []string            // payload types in their order
	Anchors []*x509.Certificate // authorities it brings
	MDM     *MDMPayload
	SCEP    *SCEPPayload

	Content  []byte // the property list
	payloads []map[string]any
}

// MDMPayload is the part that brings the phone under management.
type MDMPayload struct {
	Topic, ServerURL, CheckInURL, IdentityCertificateUUID string
	EnrollmentMode, AssignedManagedAppleID                string
	SignMessage, CheckOutWhenRemoved                      bool
	ServerCapabilities                                    []string
	RequiredAppIDForMDM                                   int64
}

// SCEPPayload is the part that gets the identity certificate.
type SCEPPayload struct {
	UUID, URL, Name, Challenge string
	Subject                    [][][]string
	SubjectAltName             map[string]any
	KeySize, KeyUsage          int64
	CAFingerprint              []byte
	Retries                    int64
	RetryDelay                 time.Duration
}

// FetchProfile posts MachineInfo again with the access token and checks what comes as an iPhone does (docs/PROTOCOL.md, 3).
func (p *Phone) FetchProfile(ctx context.Context) (*Profile, error) {
	p.turn.Lock()
	defer p.turn.Unlock()
	err := p.fetchProfile(ctx)
	return p.offered, err
}

func (p *Phone) fetchProfile(ctx context.Context) error {
	return p.step("fetch profile", func() error {
		if p.token == "" || p.machine == nil {
			return fmt.Errorf("fetch profile: %w", ErrOrder)
		}
		answer, err := p.postMachine(ctx, p.machine, p.token)
		if err != nil {
			return err
		}
		if answer.Status != http.StatusOK {
			return statusError("enrollment request with token", answer)
		}
		if kind, _, _ := mime.ParseMediaType(answer.Header.Get("Content-Type")); kind != "application/x-apple-aspen-config" {
			return refuse("profile-content-type", sourceSignIn, "Content-Type is %q, application/x-apple-aspen-config is needed", kind)
		}
		if len(answer.Body) == 0 {
			return refuse("profile-empty", sourceSignIn, "the answer has no body")
		}
		profile, err := p.readProfile(answer.Body)
		if err != nil {
			return err
		}
		if refusal := profile.checkEnrollment(); refusal != nil {
			return refusal
		}
		if refusal := p.challengeIsNew(profile); refusal != nil {
			return refusal
		}
		if p.o.AppleSignIn != nil {
			if err := p.o.AppleSignIn(ctx, profile.MDM.AssignedManagedAppleID); err != nil {
				return fmt.Errorf("sign in to the Managed Apple Account %s at Apple: %w", profile.MDM.AssignedManagedAppleID, err)
			}
		}
		p.set(func(s *state) { s.offered, s.fresh = profile, nil })
		// Certificate payloads are installed before the others (docs/PROTOCOL.md, 5).
		p.connect(profile.Anchors)
		return nil
	})
}

// challengeIsNew refuses a profile whose one-time secret has already brought this phone a certificate.
func (p *Phone) challengeIsNew(profile *Profile) *Refusal {
	if challenge := profile.SCEP.Challenge; challenge != "" && p.spent[challenge] {
		return refuse("challenge-twice", sourceIdentity, "the profile brings a SCEP challenge that was already used")
	}
	return nil
}

// readProfile opens the CMS wrapping, if any, and reads the property list by the rules for every profile.
func (p *Phone) readProfile(raw []byte) (*Profile, error) {
	profile := &Profile{Content: raw}
	if raw[0] == 0x30 { // DER, not XML
		message, err := pkcs7.Parse(raw)
		if err != nil {
			return nil, refuse("profile-signature", sourceProfile, "the CMS cannot be read: %v", err)
		}
		if err := message.Verify(); err != nil {
			return nil, refuse("profile-signature", sourceProfile, "the signature is wrong: %v", err)
		}
		profile.Signed, profile.Signer, profile.Content = true, message.GetOnlySigner(), message.Content
		pool := x509.NewCertPool()
		for _, c := range message.Certificates {
			pool.AddCert(c)
		}
		if profile.Signer != nil {
			_, err := profile.Signer.Verify(x509.VerifyOptions{
				Roots: p.o.Roots, Intermediates: pool, CurrentTime: p.now(), KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
			})
			profile.Trusted = err == nil
		}
	}
	var top map[string]any
	if format, err := plist.Unmarshal(profile.Content, &top); err != nil {
		return nil, refuse("profile-plist", sourceProfile, "no property list: %v", err)
	} else if format != plist.XMLFormat {
		return nil, refuse("profile-plist", sourceProfile, "the property list is not XML")
	}
	r := dictionary{values: top, where: "profile"}
	if kind := r.text("PayloadType", true); r.err == nil && kind != "Configuration" {
		return nil, refuse("profile-type", sourceProfile, "PayloadType is %q, Configuration is needed", kind)
	}
	r.integer("PayloadVersion", true)
	profile.Identifier, profile.UUID = r.text("PayloadIdentifier", true), r.text("PayloadUUID", true)
	profile.DisplayName, profile.Organization = r.text("PayloadDisplayName", false), r.text("PayloadOrganization", false)
	profile.Description = r.text("PayloadDescription", false)
	if _, there := top["PayloadRemovalDisallowed"]; there {
		return nil, refuse("profile-removal-disallowed", sourceAllowed, "PayloadRemovalDisallowed is forbidden: the person may always leave")
	}
	content, _ := top["PayloadContent"].([]any)
	if r.err == nil && len(content) == 0 {
		r.fail("PayloadContent", "is missing or empty")
	}
	seen := map[string]bool{strings.ToUpper(profile.UUID): true}
	for i, item := range content {
		payload, ok := item.(map[string]any)
		if !ok {
			return nil, refuse("profile-key", sourceProfile, "PayloadContent %d is no dictionary", i)
		}
		pr := dictionary{values: payload, where: fmt.Sprintf("payload %d", i)}
		kind, id := pr.text("PayloadType", true), strings.ToUpper(pr.text("PayloadUUID", true))
		pr.text("PayloadIdentifier", true)
		pr.integer("PayloadVersion", true)
		if pr.err != nil {
			return nil, pr.err
		}
		if seen[id] {
			return nil, refuse("profile-uuid-twice", sourceProfile, "PayloadUUID %s appears twice", id)
		}
		seen[id] = true
		if refusal := allowedPayload(kind, payload); refusal != nil {
			return nil, refusal
		}
		profile.Types = append(profile.Types, kind)
		profile.payloads = append(profile.payloads, payload)
		if err := profile.read(kind, id, payload); err != nil {
			return nil, err
		}
	}
	if r.err != nil {
		return nil, r.err
	}
	return profile, nil
}

// read takes out of one payload what the phone needs.
func (pr *Profile) read(kind, id string, payload map[string]any) error {
	switch kind {
	case "com.apple.mdm":
		if pr.MDM != nil {
			return refuse("profile-one-mdm", sourceProfile, "there are two com.apple.mdm payloads")
		}
		m, err := readMDM(payload)
		if err != nil {
			return err
		}
		pr.MDM = m
	case "com.apple.security.scep":
		s, err := readSCEP(id, payload)
		if err != nil {
			return err
		}
		pr.SCEP = s
	case "com.apple.security.root", "com.apple.security.pkcs1":
		der, ok := payload["PayloadContent"].([]byte)
		if !ok {
			return refuse("profile-certificate", sourceCertificate, "%s has no data in PayloadContent", kind)
		}
		certificate, err := x509.ParseCertificate(der)
		if err != nil {
			return refuse("profile-certificate", sourceCertificate, "%s: %v", kind, err)
		}
		if kind == "com.apple.security.root" {
			if !certificate.IsCA || !bytes.Equal(certificate.RawIssuer, certificate.RawSubject) {
				return refuse("profile-certificate", sourceCertificate, "%s is no root", certificate.Subject)
			}
			pr.Anchors = append(pr.Anchors, certificate)
		}
	}
	return nil
}

func readMDM(payload map[string]any) (*MDMPayload, error) {
	r := dictionary{values: payload, where: "com.apple.mdm"}
	m := &MDMPayload{
		Topic: r.text("Topic", true), ServerURL: r.text("ServerURL", true), CheckInURL: r.text("CheckInURL", false),
		IdentityCertificateUUID: strings.ToUpper(r.text("IdentityCertificateUUID", true)),
		EnrollmentMode:          r.text("EnrollmentMode", false),
		AssignedManagedAppleID:  r.text("AssignedManagedAppleID", false),
		SignMessage:             r.boolean("SignMessage"),
		CheckOutWhenRemoved:     r.boolean("CheckOutWhenRemoved"),
		RequiredAppIDForMDM:     r.integer("RequiredAppIDForMDM", false),
	}
	if list, there := payload["ServerCapabilities"]; there {
		items, ok := list.([]any)
		if !ok {
			r.fail("ServerCapabilities", "is no array")
		}
		for _, item := range items {
			text, ok := item.(string)
			if !ok {
				r.fail("ServerCapabilities", "has an item that is no string")
			}
			m.ServerCapabilities = append(m.ServerCapabilities, text)
		}
	}
	if r.err != nil {
		return nil, r.err
	}
	if m.CheckInURL == "" {
		m.CheckInURL = m.ServerURL
	}
	return m, nil
}

func readSCEP(id string, payload map[string]any) (*SCEPPayload, error) {
	inside, ok := payload["PayloadContent"].(map[string]any)
	if !ok {
		return nil, refuse("identity-content", sourceIdentity, "the SCEP payload has no dictionary PayloadContent")
	}
	r := dictionary{values: inside, where: "com.apple.security.scep"}
	s := &SCEPPayload{
		UUID: id, URL: r.text("URL", true), Name: r.text("Name", false), Challenge: r.text("Challenge", false),
		KeySize: r.integer("Keysize", false), KeyUsage: r.integer("Key Usage", false),
		CAFingerprint: r.data("CAFingerprint"), Retries: 3, RetryDelay: 10 * time.Second,
	}
	if n := r.integer("Retries", false); n > 0 {
		s.Retries = n
	}
	if n := r.integer("RetryDelay", false); n > 0 {
		s.RetryDelay = time.Duration(n) * time.Second
	}
	if kind := r.text("Key Type", false); kind != "" && kind != "RSA" {
		return nil, refuse("identity-key-type", sourceIdentity, "Key Type is %q, SCEP has RSA only", kind)
	}
	s.SubjectAltName, _ = inside["SubjectAltName"].(map[string]any)
	if r.err != nil {
		return nil, r.err
	}
	if s.KeySize == 0 {
		s.KeySize = 1024 // Apple's default
	}
	if s.KeySize < 2048 {
		return nil, refuse("identity-keysize", sourceIdentity, "Keysize is %d (1024 if left out), 2048 is needed", s.KeySize)
	}
	if s.KeySize != 2048 && s.KeySize != 4096 {
		return nil, refuse("identity-keysize", sourceIdentity, "Keysize %d is none of 1024, 2048, 4096", s.KeySize)
	}
	if s.KeyUsage != 0 && s.KeyUsage&1 == 0 {
		return nil, refuse("identity-key-usage", sourceIdentity, "Key Usage %d does not allow to sign", s.KeyUsage)
	}
	subject, refusal := readSubject(inside["Subject"])
	if refusal != nil {
		return nil, refusal
	}
	s.Subject = subject
	return s, nil
}

// readSubject reads Apple's way to write a name: an array of arrays of arrays of two strings.
func readSubject(v any) ([][][]string, *Refusal) {
	if v == nil {
		return nil, nil
	}
	bad := refuse("identity-subject", sourceIdentity, "Subject is no array of arrays of arrays of two strings")
	var subject [][][]string
	sets, ok := v.([]any)
	if !ok {
		return nil, bad
	}
	for _, set := range sets {
		pairs, ok := set.([]any)
		if !ok {
			return nil, bad
		}
		var one [][]string
		for _, pair := range pairs {
			words, _ := pair.([]any)
			if len(words) != 2 {
				return nil, bad
			}
			name, ok1 := words[0].(string)
			value, ok2 := words[1].(string)
			if !ok1 || !ok2 {
				return nil, bad
			}
			one = append(one, []string{name, value})
		}
		subject = append(subject, one)
	}
	return subject, nil
}

// checkEnrollment holds the rules for a profile that brings a personal phone under management (docs/PROTOCOL.md, 5).
func (pr *Profile) checkEnrollment() *Refusal {
	m := pr.MDM
	if m == nil {
		return refuse("profile-no-mdm", sourceProfile, "there is no com.apple.mdm payload")
	}
	payload := pr.payloads[slices.Index(pr.Types, "com.apple.mdm")]
	if _, there := payload["AccessRights"]; there {
		return refuse("mdm-access-rights", sourceMDM, "AccessRights is there; rights are fixed, the enrollment is cancelled")
	}
	for _, key := range []string{"ManagedAppleID", "UseDevelopmentAPNS", "PromptUserToAllowBootstrapTokenForAuthentication"} {
		if _, there := payload[key]; there {
			return refuse("mdm-dead-key", sourceMDM, "%s does not belong into account-driven enrollment", key)
		}
	}
	if m.EnrollmentMode != "BYOD" {
		return refuse("mdm-enrollment-mode", sourceMDM, "EnrollmentMode is %q, mdm-byod needs BYOD", m.EnrollmentMode)
	}
	if at := strings.LastIndexByte(m.AssignedManagedAppleID, '@'); at < 1 || at == len(m.AssignedManagedAppleID)-1 {
		return refuse("mdm-assigned-account", sourceMDM, "AssignedManagedAppleID is %q, an account is needed", m.AssignedManagedAppleID)
	}
	if !strings.HasPrefix(m.Topic, "com.apple.mgmt.") {
		return refuse("mdm-topic", sourceMDM, "Topic %q does not begin with com.apple.mgmt.", m.Topic)
	}
	for _, u := range []string{m.ServerURL, m.CheckInURL} {
		if err := httpsURL(u); err != nil {
			return refuse("mdm-url", sourceMDM, "%q: %v", u, err)
		}
	}
	for _, c := range m.ServerCapabilities {
		if c == "com.apple.mdm.bootstraptoken" {
			return refuse("mdm-capability", sourceMDM, "%s is not for user enrollment", c)
		}
	}
	if pr.SCEP == nil || m.IdentityCertificateUUID != pr.SCEP.UUID {
		return refuse("mdm-identity", sourceMDM, "IdentityCertificateUUID %s names no SCEP payload of this profile", m.IdentityCertificateUUID)
	}
	if err := httpsURL(pr.SCEP.URL); err != nil && (!strings.HasPrefix(pr.SCEP.URL, "http://") || pr.SCEP.CAFingerprint == nil) {
		return refuse("identity-url", sourceIdentity, "SCEP URL %q: %v (http only with CAFingerprint)", pr.SCEP.URL, err)
	}
	return nil
}

// neverChange compares the keys that an update of the enrollment profile must leave alone (docs/PROTOCOL.md, 5).
func (pr *Profile) neverChange(now *Profile) *Refusal {
	a, b := pr.MDM, now.MDM
	for _, key := range []struct{ name, old, new string }{
		{"Topic", a.Topic, b.Topic},
		{"ServerURL", a.ServerURL, b.ServerURL},
		{"CheckInURL", a.CheckInURL, b.CheckInURL},
		{"EnrollmentMode", a.EnrollmentMode, b.EnrollmentMode},
		{"AssignedManagedAppleID", a.AssignedManagedAppleID, b.AssignedManagedAppleID},
		{"RequiredAppIDForMDM", fmt.Sprint(a.RequiredAppIDForMDM), fmt.Sprint(b.RequiredAppIDForMDM)},
		{
			"com.apple.mdm.per-user-connections",
			fmt.Sprint(slices.Contains(a.ServerCapabilities, "com.apple.mdm.per-user-connections")),
			fmt.Sprint(slices.Contains(b.ServerCapabilities, "com.apple.mdm.per-user-connections")),
		},
	} {
		if key.old != key.new {
			return refuse("never-change", sourceMDM, "%s changes from %q to %q", key.name, key.old, key.new)
		}
	}
	return nil
}
