package sim

import (
	"bytes"
	"context"
	"crypto/md5" //nolint:gosec // CAFingerprint may be one
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/smallstep/pkcs7"
	"github.com/smallstep/scep"
	"github.com/smallstep/scep/x509util"
)

const (
	oneCertificate   = "application/x-x509-ca-cert"
	manyCertificates = "application/x-x509-ca-ra-cert"
	scepMessage      = "application/x-pki-message"
)

// Attributes of SCEP (RFC 8894, 3.2.1).
var (
	oidMessageType    = asn1.ObjectIdentifier{2, 16, 840, 1, 113733, 1, 9, 2}
	oidPKIStatus      = asn1.ObjectIdentifier{2, 16, 840, 1, 113733, 1, 9, 3}
	oidFailInfo       = asn1.ObjectIdentifier{2, 16, 840, 1, 113733, 1, 9, 4}
	oidSenderNonce    = asn1.ObjectIdentifier{2, 16, 840, 1, 113733, 1, 9, 5}
	oidRecipientNonce = asn1.ObjectIdentifier{2, 16, 840, 1, 113733, 1, 9, 6}
	oidTransactionID  = asn1.ObjectIdentifier{2, 16, 840, 1, 113733, 1, 9, 7}
)

// authority is what GetCACert and GetCACaps told.
type authority struct {
	ca        *x509.Certificate
	recipient *x509.Certificate // encrypt for this one: the registration authority, or the CA itself
	all       []*x509.Certificate
	caps      string
}

// RequestIdentity gets the identity certificate that the profile on offer asks for (docs/PROTOCOL.md, 5).
func (p *Phone) RequestIdentity(ctx context.Context) (*Identity, error) {
	p.turn.Lock()
	defer p.turn.Unlock()
	err := p.requestIdentity(ctx)
	return p.fresh, err
}

func (p *Phone) requestIdentity(ctx context.Context) error {
	return p.step("request identity", func() error {
		if p.offered == nil {
			return fmt.Errorf("request identity: %w", ErrOrder)
		}
		id, err := p.enrollSCEP(ctx, p.offered.SCEP, scep.PKCSReq, nil)
		if err != nil {
			return err
		}
		p.set(func(s *state) {
			s.fresh, s.spent[s.offered.SCEP.Challenge] = id, true
			if !s.enrolled { // a new life has a new name
				s.enrollmentID, s.left = uuid(p.rng), ""
				s.pushToken, s.pushMagic = randomBytes(p.rng, 32), uuid(p.rng)
				s.profile, s.identity, s.ddm, s.installed = nil, nil, declarations{}, nil
			}
		})
		if !p.enrolled {
			p.listen(nil, p.pushToken)
		}
		return nil
	})
}

// enrollSCEP asks an authority for a certificate; a renewal is signed with the old identity.
func (p *Phone) enrollSCEP(ctx context.Context, s *SCEPPayload, kind scep.MessageType, old *Identity) (*Identity, error) {
	key, err := phoneKeys.take()
	if err != nil {
		return nil, err
	}
	a, err := p.askAuthority(ctx, s)
	if err != nil {
		return nil, err
	}
	csr, err := certificateRequest(s, &Identity{Key: key})
	if err != nil {
		return nil, err
	}
	signer := old
	if signer == nil {
		if signer, err = p.selfSigned(csr, key); err != nil {
			return nil, err
		}
	}
	transaction := sha256.Sum256(slices.Concat(csr.RawSubjectPublicKeyInfo, randomBytes(p.rng, 8)))
	talk := conversation{phone: p, payload: s, authority: a, signer: signer, transaction: hex.EncodeToString(transaction[:])}
	certificate, err := talk.run(ctx, kind, csr)
	if err != nil {
		return nil, err
	}
	if !key.PublicKey.Equal(certificate.PublicKey) {
		return nil, refuse("scep-key", sourceSCEP, "the certificate is for another key")
	}
	if now := p.o.Now(); now.Add(5*time.Minute).Before(certificate.NotBefore) || now.After(certificate.NotAfter) {
		return nil, refuse("scep-validity", sourceX509, "the certificate is valid from %s to %s; it is %s", certificate.NotBefore, certificate.NotAfter, now)
	}
	if err := certificate.CheckSignatureFrom(a.ca); err != nil {
		return nil, refuse("scep-issuer", sourceSCEP, "the certificate is not signed by the authority: %v", err)
	}
	return &Identity{Certificate: certificate, Key: key}, nil
}

// askAuthority fetches capabilities and certificates, as an iPhone does before each request.
func (p *Phone) askAuthority(ctx context.Context, s *SCEPPayload) (*authority, error) {
	caps, err := p.getSCEP(ctx, s, "GetCACaps")
	if err != nil {
		return nil, err
	}
	answer, err := p.getSCEP(ctx, s, "GetCACert")
	if err != nil {
		return nil, err
	}
	a := &authority{caps: string(caps.Body)}
	switch kind, _, _ := mime.ParseMediaType(answer.Header.Get("Content-Type")); kind {
	case oneCertificate:
		certificate, err := x509.ParseCertificate(answer.Body)
		if err != nil {
			return nil, refuse("scep-ca", sourceSCEP, "the CA certificate cannot be read: %v", err)
		}
		a.all = []*x509.Certificate{certificate}
	case manyCertificates:
		if a.all, err = scep.CACerts(answer.Body); err != nil {
			return nil, refuse("scep-ca", sourceSCEP, "the certificates cannot be read: %v", err)
		}
	default:
		return nil, refuse("scep-ca-type", sourceSCEP, "GetCACert has Content-Type %q", kind)
	}
	for _, c := range a.all {
		switch {
		case c.IsCA:
			a.ca = c
		case c.KeyUsage&x509.KeyUsageKeyEncipherment != 0:
			a.recipient = c
		}
	}
	if a.ca == nil {
		return nil, refuse("scep-ca", sourceSCEP, "none of %d certificates is a CA's", len(a.all))
	}
	if a.recipient == nil {
		a.recipient = a.ca
	}
	if a.recipient != a.ca {
		if err := a.recipient.CheckSignatureFrom(a.ca); err != nil {
			return nil, refuse("scep-ra", sourceSCEP, "the registration authority is not the CA's: %v", err)
		}
	}
	if !fingerprintOf(a.ca, s.CAFingerprint) {
		return nil, refuse("scep-fingerprint", sourceIdentity, "the CA's certificate has not the fingerprint of the profile")
	}
	for _, need := range []string{"AES", "SHA-256"} {
		if !a.can(need) && !a.can("SCEPStandard") {
			return nil, refuse("scep-caps", sourceSCEP, "GetCACaps does not offer %s", need)
		}
	}
	return a, nil
}

func (a *authority) can(capability string) bool {
	for line := range strings.FieldsSeq(a.caps) {
		if strings.EqualFold(line, capability) {
			return true
		}
	}
	return false
}

func fingerprintOf(c *x509.Certificate, want []byte) bool {
	var got []byte
	switch len(want) {
	case 0:
		return true
	case md5.Size:
		sum := md5.Sum(c.Raw)
		got = sum[:]
	case sha1.Size:
		sum := sha1.Sum(c.Raw)
		got = sum[:]
	case sha256.Size:
		sum := sha256.Sum256(c.Raw)
		got = sum[:]
	case sha512.Size:
		sum := sha512.Sum512(c.Raw)
		got = sum[:]
	}
	return bytes.Equal(got, want)
}

func (p *Phone) getSCEP(ctx context.Context, s *SCEPPayload, operation string) (Answer, error) {
	u, err := withQuery(s.URL, "operation="+operation+"&"+query("message", s.Name))
	if err != nil {
		return Answer{}, err
	}
	answer, err := p.do(ctx, request{method: http.MethodGet, url: u}, nil, nil)
	if err != nil {
		return answer, fmt.Errorf("%s: %w", operation, err)
	}
	if answer.Status != http.StatusOK {
		return answer, statusError(operation, answer)
	}
	return answer, nil
}

func withQuery(raw, query string) (string, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return "", fmt.Errorf("SCEP address: %w", err)
	}
	if u.RawQuery != "" {
		query = u.RawQuery + "&" + query
	}
	u.RawQuery = query
	return u.String(), nil
}

// certificateRequest writes a PKCS #10 request with the profile's subject and challenge.
func certificateRequest(s *SCEPPayload, id *Identity) (*x509.CertificateRequest, error) {
	template := x509util.CertificateRequest{
		CertificateRequest: x509.CertificateRequest{
			Subject: pkix.Name{ExtraNames: names(s.Subject)}, SignatureAlgorithm: x509.SHA256WithRSA,
			DNSNames: oneOrMany(s.SubjectAltName["dNSName"]), EmailAddresses: oneOrMany(s.SubjectAltName["rfc822Name"]),
		},
		ChallengePassword: s.Challenge,
	}
	der, err := x509util.CreateCertificateRequest(nil, &template, id.Key)
	if err != nil {
		return nil, fmt.Errorf("write certificate request: %w", err)
	}
	return x509.ParseCertificateRequest(der)
}

// shortNames are the attribute names that Apple writes without dots.
var shortNames = map[string]asn1.ObjectIdentifier{
	"CN": {2, 5, 4, 3}, "C": {2, 5, 4, 6}, "L": {2, 5, 4, 7}, "ST": {2, 5, 4, 8}, "O": {2, 5, 4, 10}, "OU": {2, 5, 4, 11},
}

func names(subject [][][]string) []pkix.AttributeTypeAndValue {
	var all []pkix.AttributeTypeAndValue
	for _, set := range subject {
		for _, pair := range set {
			oid, known := shortNames[pair[0]]
			if !known {
				if parsed, err := x509.ParseOID(pair[0]); err == nil {
					for part := range strings.SplitSeq(parsed.String(), ".") {
						n, _ := new(big.Int).SetString(part, 10)
						oid = append(oid, int(n.Int64()))
					}
				}
			}
			all = append(all, pkix.AttributeTypeAndValue{Type: oid, Value: pair[1]})
		}
	}
	return all
}

func oneOrMany(v any) []string {
	switch v := v.(type) {
	case string:
		return []string{v}
	case []any:
		var all []string
		for _, item := range v {
			if text, ok := item.(string); ok {
				all = append(all, text)
			}
		}
		return all
	}
	return nil
}

// conversation is one SCEP transaction.
type conversation struct {
	phone       *Phone
	payload     *SCEPPayload
	authority   *authority
	signer      *Identity
	transaction string
}

// run asks, and asks again while the request is pending.
func (c conversation) run(ctx context.Context, kind scep.MessageType, csr *x509.CertificateRequest) (*x509.Certificate, error) {
	content := csr.Raw
	for try := int64(0); ; try++ {
		certificate, err := c.ask(ctx, kind, content)
		if !errors.Is(err, errPending) {
			return certificate, err
		}
		if try >= c.payload.Retries {
			return nil, &SCEPError{Status: "PENDING", FailInfo: "no answer after all retries"}
		}
		select {
		case <-time.After(c.payload.RetryDelay):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		kind = scep.CertPoll
		content, err = asn1.Marshal(struct{ Issuer, Subject asn1.RawValue }{
			asn1.RawValue{FullBytes: c.authority.ca.RawSubject}, asn1.RawValue{FullBytes: csr.RawSubject},
		})
		if err != nil {
			return nil, fmt.Errorf("ask again for the certificate: %w", err)
		}
	}
}

var errPending = errors.New("pending")

// ask sends one message and reads its answer as a client that is particular about algorithms.
func (c conversation) ask(ctx context.Context, kind scep.MessageType, content []byte) (*x509.Certificate, error) {
	nonce := randomBytes(c.phone.rng, 16)
	message, err := c.write(kind, content, nonce)
	if err != nil {
		return nil, err
	}
	answer, err := c.send(ctx, message)
	if err != nil {
		return nil, err
	}
	if got, _, _ := mime.ParseMediaType(answer.Header.Get("Content-Type")); got != scepMessage {
		return nil, refuse("scep-content-type", sourceSCEP, "Content-Type is %q, %s is needed", got, scepMessage)
	}
	reply, err := pkcs7.Parse(answer.Body)
	if err != nil {
		return nil, refuse("scep-cms", sourceSCEP, "the answer cannot be read: %v", err)
	}
	reply.Certificates = append(reply.Certificates, c.authority.all...)
	if err := reply.Verify(); err != nil {
		return nil, refuse("scep-signature", sourceSCEP, "the answer's signature: %v", err)
	}
	by := reply.GetOnlySigner()
	if by == nil || !c.known(by) {
		return nil, refuse("scep-signature", sourceSCEP, "the answer is signed by somebody else than the authority")
	}
	signer := reply.Signers[0]
	if !signer.DigestEncryptionAlgorithm.Algorithm.Equal(oidRSA) {
		return nil, refuse("scep-signature-algorithm", sourceSCEP, "SignerInfo names %s; some clients know rsaEncryption only", signer.DigestEncryptionAlgorithm.Algorithm)
	}
	if !signer.DigestAlgorithm.Algorithm.Equal(oidSHA256) {
		return nil, refuse("scep-digest", sourceSCEP, "the answer is signed with digest %s, SHA-256 is needed", signer.DigestAlgorithm.Algorithm)
	}
	var transaction, messageType, status, failure string
	var recipientNonce []byte
	for _, a := range []struct {
		oid asn1.ObjectIdentifier
		to  any
	}{{oidTransactionID, &transaction}, {oidMessageType, &messageType}, {oidPKIStatus, &status}, {oidRecipientNonce, &recipientNonce}} {
		if err := reply.UnmarshalSignedAttribute(a.oid, a.to); err != nil {
			return nil, refuse("scep-attributes", sourceSCEP, "attribute %s: %v", a.oid, err)
		}
	}
	switch {
	case messageType != string(scep.CertRep):
		return nil, refuse("scep-attributes", sourceSCEP, "messageType is %q, CertRep is needed", messageType)
	case transaction != c.transaction:
		return nil, refuse("scep-attributes", sourceSCEP, "transactionID is another")
	case !bytes.Equal(recipientNonce, nonce):
		return nil, refuse("scep-attributes", sourceSCEP, "recipientNonce is not our senderNonce")
	}
	switch scep.PKIStatus(status) {
	case scep.PENDING:
		return nil, errPending
	case scep.FAILURE:
		if err := reply.UnmarshalSignedAttribute(oidFailInfo, &failure); err != nil {
			return nil, refuse("scep-attributes", sourceSCEP, "failure without failInfo")
		}
		return nil, &SCEPError{Status: status, FailInfo: failure}
	case scep.SUCCESS:
		return c.open(reply.Content)
	}
	return nil, refuse("scep-attributes", sourceSCEP, "pkiStatus is %q", status)
}

func (c conversation) known(signer *x509.Certificate) bool {
	for _, known := range c.authority.all {
		if known.Equal(signer) {
			return true
		}
	}
	return false
}

// open decrypts the envelope and finds the certificate.
func (c conversation) open(content []byte) (*x509.Certificate, error) {
	algorithm, err := contentCipher(content)
	if err != nil {
		return nil, refuse("scep-envelope", sourceSCEP, "%v", err)
	}
	if !algorithm.Equal(oidAES128CBC) && !algorithm.Equal(oidAES256CBC) {
		return nil, refuse("scep-cipher", sourceSCEP, "the answer is encrypted with %s, AES-CBC is needed", algorithm)
	}
	sealed, err := pkcs7.Parse(content)
	if err != nil {
		return nil, refuse("scep-envelope", sourceSCEP, "%v", err)
	}
	plain, err := sealed.Decrypt(c.signer.Certificate, c.signer.Key)
	if err != nil {
		return nil, refuse("scep-envelope", sourceSCEP, "not encrypted for the one who asked: %v", err)
	}
	issued, err := scep.CACerts(plain)
	if err != nil || len(issued) == 0 {
		return nil, refuse("scep-certificate", sourceSCEP, "no certificate inside: %v", err)
	}
	for _, certificate := range issued {
		if !certificate.IsCA {
			return certificate, nil
		}
	}
	return nil, refuse("scep-certificate", sourceSCEP, "only CA certificates inside")
}

// write makes a PKIMessage.
func (c conversation) write(kind scep.MessageType, content, nonce []byte) ([]byte, error) {
	sealed, err := envelope(content, c.authority.recipient)
	if err != nil {
		return nil, fmt.Errorf("write certificate request: %w", err)
	}
	printable := func(s string) asn1.RawValue { return must(asn1.MarshalWithParams(s, "printable")) }
	return signing{
		signer: c.signer.Certificate, key: c.signer.Key, at: c.phone.now(),
		attributes: []attribute{
			{oidTransactionID, printable(c.transaction)},
			{oidMessageType, printable(string(kind))},
			{oidSenderNonce, must(asn1.Marshal(nonce))},
		},
	}.sign(sealed)
}

// send carries a message, by POST where the authority can and nobody wanted GET.
func (c conversation) send(ctx context.Context, message []byte) (Answer, error) {
	u, err := withQuery(c.payload.URL, "operation=PKIOperation")
	if err != nil {
		return Answer{}, err
	}
	r := request{method: http.MethodPost, url: u, header: http.Header{"Content-Type": {scepMessage}}, body: message}
	if c.phone.o.SCEPByGet || !c.authority.can("POSTPKIOperation") && !c.authority.can("SCEPStandard") {
		r = request{method: http.MethodGet, url: u + "&" + query("message", base64.StdEncoding.EncodeToString(message))}
	}
	answer, err := c.phone.do(ctx, r, nil, nil)
	if err != nil {
		return answer, fmt.Errorf("certificate request: %w", err)
	}
	if answer.Status != http.StatusOK {
		return answer, statusError("certificate request", answer)
	}
	return answer, nil
}

// selfSigned is what a phone without identity signs its request with.
func (p *Phone) selfSigned(csr *x509.CertificateRequest, key *rsa.PrivateKey) (*Identity, error) {
	now := p.now()
	certificate, err := issue(&x509.Certificate{
		SerialNumber: serial(p.rng), Subject: csr.Subject, RawSubject: csr.RawSubject,
		NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(0, 0, 365), SignatureAlgorithm: x509.SHA256WithRSA,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment,
	}, nil, &key.PublicKey, key)
	if err != nil {
		return nil, fmt.Errorf("sign the request's own certificate: %w", err)
	}
	return &Identity{Certificate: certificate, Key: key}, nil
}
