package sim

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/smallstep/pkcs7"
	"github.com/smallstep/scep"
	"howett.net/plist"
)

// service is a conforming management server, as small as one can be. Tests break it: change alters an answer before it goes out.
type service struct {
	t      *testing.T
	server *httptest.Server
	roots  *x509.CertPool
	anchor *x509.Certificate
	addr   string

	caKey, raKey *rsa.PrivateKey
	ca, ra       *x509.Certificate

	mu       sync.Mutex
	change   func(name string, a *answer)
	queue    []map[string]any // commands, oldest first
	said     []map[string]any // messages and results
	profile  map[string]any
	signed   bool
	token    string
	pending  int // so many times SCEP says PENDING
	issued   []*x509.Certificate
	declared string // DeclarationsToken
	sha1     bool   // SCEP signs with SHA-1
	seal     func(content []byte, recipients []*x509.Certificate) ([]byte, error)
}

// answer is what is about to be sent.
type answer struct {
	status int
	header http.Header
	body   []byte
}

func newService(t *testing.T) *service {
	t.Helper()
	s := &service{t: t, token: "token-1", declared: "one"}
	s.seal = func(content []byte, to []*x509.Certificate) ([]byte, error) { return envelope(content, to[0]) }
	var err error
	if s.caKey, err = phoneKeys.take(); err != nil {
		t.Fatal(err)
	}
	if s.raKey, err = phoneKeys.take(); err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	s.ca = s.issue(&x509.Certificate{
		Subject: pkix.Name{CommonName: "CA"}, NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(9, 0, 0),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}, &s.caKey.PublicKey)
	s.ra = s.issue(&x509.Certificate{
		Subject: pkix.Name{CommonName: "RA"}, NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(1, 0, 0),
		KeyUsage: x509.KeyUsageKeyEncipherment | x509.KeyUsageDigitalSignature,
	}, &s.raKey.PublicKey)
	s.anchor = s.ca
	s.server = httptest.NewUnstartedServer(http.HandlerFunc(s.serve))
	s.server.EnableHTTP2 = true
	s.server.Config.ErrorLog = discardLog()
	s.server.TLS = &tls.Config{Certificates: []tls.Certificate{s.tlsCertificate(600)}, MinVersion: tls.VersionTLS12}
	s.server.StartTLS()
	t.Cleanup(s.server.Close)
	s.addr = s.server.Listener.Addr().String()
	s.roots = x509.NewCertPool()
	s.roots.AddCert(s.ca)
	s.profile = s.enrollment()
	return s
}

func (s *service) tlsCertificate(days int) tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		s.t.Fatal(err)
	}
	leaf := s.issue(&x509.Certificate{
		DNSNames: []string{"example.org", "mdm.example.org"}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().AddDate(0, 0, days), ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}, &key.PublicKey)
	return tls.Certificate{Certificate: [][]byte{leaf.Raw}, PrivateKey: key}
}

func (s *service) issue(template *x509.Certificate, public any) *x509.Certificate {
	s.t.Helper()
	number, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		s.t.Fatal(err)
	}
	template.SerialNumber = number
	parent := s.ca
	if parent == nil {
		parent = template
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, public, s.caKey)
	if err != nil {
		s.t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		s.t.Fatal(err)
	}
	return c
}

// enrollment is a good enrollment profile; tests spoil it.
func (s *service) enrollment() map[string]any {
	base := "https://mdm.example.org"
	return map[string]any{
		"PayloadType": "Configuration", "PayloadVersion": 1, "PayloadIdentifier": "org.example.enroll",
		"PayloadUUID": "5D3E0B4C-6B7E-4B2B-9B63-2B7E1E0C1F01", "PayloadDisplayName": "Example",
		"PayloadContent": []any{
			map[string]any{
				"PayloadType": "com.apple.security.root", "PayloadVersion": 1, "PayloadIdentifier": "org.example.root",
				"PayloadUUID": "5D3E0B4C-6B7E-4B2B-9B63-2B7E1E0C1F02", "PayloadContent": s.anchor.Raw,
			},
			map[string]any{
				"PayloadType": "com.apple.security.scep", "PayloadVersion": 1, "PayloadIdentifier": "org.example.identity",
				"PayloadUUID": "5D3E0B4C-6B7E-4B2B-9B63-2B7E1E0C1F03",
				"PayloadContent": map[string]any{
					"URL": base + "/scep", "Name": "example", "Challenge": "once", "Keysize": 2048, "Key Type": "RSA", "Key Usage": 5,
					"Subject": []any{[]any{[]any{"CN", "phone"}}, []any{[]any{"O", "Example"}}}, "RetryDelay": 1, "Retries": 2,
				},
			},
			map[string]any{
				"PayloadType": "com.apple.mdm", "PayloadVersion": 1, "PayloadIdentifier": "org.example.mdm",
				"PayloadUUID": "5D3E0B4C-6B7E-4B2B-9B63-2B7E1E0C1F04", "IdentityCertificateUUID": "5D3E0B4C-6B7E-4B2B-9B63-2B7E1E0C1F03",
				"Topic": topic, "ServerURL": base + "/mdm", "CheckInURL": base + "/checkin", "SignMessage": true,
				"CheckOutWhenRemoved": true, "EnrollmentMode": "BYOD", "AssignedManagedAppleID": "anna@work.example.org",
				"ServerCapabilities": []any{"com.apple.mdm.per-user-connections", "com.apple.mdm.token"},
			},
		},
	}
}

// phone is a phone that knows this server.
func (s *service) phone(change ...func(*PhoneOptions)) *Phone {
	o := PhoneOptions{Seed: 7, Roots: s.roots, Dial: DialMap(map[string]string{
		"example.org:443": s.addr, "mdm.example.org:443": s.addr,
	})}
	for _, c := range change {
		c(&o)
	}
	p := NewPhone(o)
	s.t.Cleanup(p.Close)
	return p
}

func (s *service) enqueue(requestType string, keys map[string]any) {
	command := map[string]any{"RequestType": requestType}
	for k, v := range keys {
		command[k] = v
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.queue = append(s.queue, map[string]any{"CommandUUID": fmt.Sprintf("command-%d", len(s.said)+len(s.queue)), "Command": command})
}

// heard are the messages with a key of a value.
func (s *service) heard(key, value string) []map[string]any {
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []map[string]any
	for _, m := range s.said {
		if m[key] == value {
			found = append(found, m)
		}
	}
	return found
}

func (s *service) spoil(change func(name string, a *answer)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.change = change
}

func (s *service) serve(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	s.mu.Lock()
	defer s.mu.Unlock()
	name, a := s.answer(r, body)
	if s.change != nil {
		s.change(name, &a)
	}
	for k, v := range a.header {
		w.Header()[k] = v
	}
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body)
}

func reply(status int, kind string, body []byte) answer {
	h := http.Header{}
	if kind != "" {
		h.Set("Content-Type", kind)
	}
	return answer{status, h, body}
}

const challengeHeader = `Bearer method="apple-as-web", url="https://mdm.example.org/signin/1?lost=1"`

func (s *service) answer(r *http.Request, body []byte) (string, answer) {
	authorized := r.Header.Get("Authorization") == "Bearer "+s.token
	challenge := reply(401, "", nil)
	challenge.header.Set("WWW-Authenticate", challengeHeader)
	switch r.URL.Path {
	case wellKnown:
		return "discovery", reply(200, "application/json", []byte(`{"Servers":[{"Version":"mdm-byod","BaseURL":"https://mdm.example.org/enroll"}]}`))
	case "/enroll":
		if m, err := pkcs7.Parse(body); err != nil || m.Verify() != nil {
			return "machine", reply(400, "", nil)
		}
		if !authorized {
			return "challenge", challenge
		}
		profile, err := plist.Marshal(s.profile, plist.XMLFormat)
		if err != nil {
			panic(err)
		}
		profile = bytes.Replace(profile, []byte("<string>once</string>"), []byte("<string>once-"+rand.Text()+"</string>"), 1)
		if s.signed {
			profile, err = signing{signer: s.ra, key: s.raKey, at: time.Now()}.sign(profile)
			if err != nil {
				panic(err)
			}
		}
		return "profile", reply(200, "application/x-apple-aspen-config", profile)
	case "/signin/1":
		return s.signIn(r, body)
	case "/scep":
		return s.scep(r, body)
	case "/checkin", "/mdm":
		if !s.genuine(r.Header.Get("Mdm-Signature"), body) {
			return "signature", reply(400, "", nil)
		}
		if !authorized {
			return "again", challenge
		}
		var message map[string]any
		if _, err := plist.Unmarshal(body, &message); err != nil {
			return "plist", reply(400, "", nil)
		}
		s.said = append(s.said, message)
		if r.URL.Path == "/checkin" {
			return s.checkIn(message)
		}
		return s.next(message)
	}
	return "nowhere", reply(404, "", nil)
}

func (s *service) signIn(r *http.Request, body []byte) (string, answer) {
	page := func(alert string) answer {
		return reply(200, "text/html; charset=utf-8", []byte(`<!doctype html><html lang="de"><title>Sign in</title><body>`+alert+
			`<form method="get" action="/language"><button name="language" value="en">English</button></form>
			<form method="post"><input type="hidden" name="csrf" value="x"><input name="identifier" type="email" autocomplete="username" value="`+
			r.URL.Query().Get("user-identifier")+`"><input type="password" name="password"><button>Sign in</button></form></body></html>`))
	}
	if r.Method == http.MethodGet {
		if r.URL.Query().Has("lost") {
			return "page", reply(500, "", nil) // the phone replaces the query
		}
		return "page", page("")
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return "wrong", page("")
	}
	switch {
	case form.Get("agree") == "on":
		a := reply(308, "", nil)
		a.header.Set("Location", callbackScheme+"://"+callbackHost+"?access-token="+s.token)
		return "callback", a
	case form.Get("csrf") != "x" || form.Get("password") != "secret":
		return "wrong", page(`<div role="alert">That did <b>not</b> work.</div>`)
	}
	return "terms", reply(200, "text/html", []byte(`<form method=post><button name=decline value=1>Decline</button></form>
		<form method=post action="/signin/1"><input type=checkbox name=agree required><button>Continue</button></form>`))
}

func (s *service) scep(r *http.Request, body []byte) (string, answer) {
	switch r.URL.Query().Get("operation") {
	case "GetCACaps":
		return "caps", reply(200, "text/plain", []byte("AES\nPOSTPKIOperation\nSHA-256\nSCEPStandard\nRenewal"))
	case "GetCACert":
		both, err := scep.DegenerateCertificates([]*x509.Certificate{s.ra, s.ca})
		if err != nil {
			panic(err)
		}
		return "ca", reply(200, manyCertificates, both)
	}
	if r.Method == http.MethodGet {
		body, _ = base64.StdEncoding.DecodeString(r.URL.Query().Get("message"))
	}
	p7, err := pkcs7.Parse(body)
	if err != nil || p7.Verify() != nil {
		return "scep", reply(400, "", nil)
	}
	var transaction string
	var nonce []byte
	_ = p7.UnmarshalSignedAttribute(oidTransactionID, &transaction)
	_ = p7.UnmarshalSignedAttribute(oidSenderNonce, &nonce)
	inner, err := pkcs7.Parse(p7.Content)
	if err != nil {
		return "scep", reply(400, "", nil)
	}
	plain, err := inner.Decrypt(s.ra, s.raKey)
	if err != nil {
		return "scep", reply(400, "", nil)
	}
	printable := func(s string) asn1.RawValue { return must(asn1.MarshalWithParams(s, "printable")) }
	attributes := []attribute{
		{oidTransactionID, printable(transaction)},
		{oidMessageType, printable("3")},
		{oidRecipientNonce, must(asn1.Marshal(nonce))},
		{oidSenderNonce, must(asn1.Marshal(nonce))},
	}
	status, content := "0", []byte(nil)
	csr, err := x509.ParseCertificateRequest(plain)
	switch {
	case s.pending > 0:
		s.pending--
		s.issued = append(s.issued, p7.GetOnlySigner()) // remembers who asked
		status = "3"
	case err == nil:
		if !bytes.Contains(plain, []byte("once")) && s.known(p7.GetOnlySigner()) == nil {
			status = "2"
			attributes = append(attributes, attribute{oidFailInfo, printable("2")})
			break
		}
		content = s.certify(csr.Subject, csr.PublicKey, p7.GetOnlySigner())
	default: // asked again
		asker := s.issued[len(s.issued)-1]
		content = s.certify(asker.Subject, asker.PublicKey, p7.GetOnlySigner())
	}
	attributes = append(attributes, attribute{oidPKIStatus, printable(status)})
	out, err := signing{signer: s.ra, key: s.raKey, at: time.Now(), sha1: s.sha1, attributes: attributes}.sign(content)
	if err != nil {
		panic(err)
	}
	return "scep", reply(200, scepMessage, out)
}

func (s *service) certify(subject pkix.Name, public any, recipient *x509.Certificate) []byte {
	c := s.issue(&x509.Certificate{
		Subject: subject, NotBefore: time.Now().Add(-time.Minute), NotAfter: time.Now().AddDate(1, 0, 0),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}, public)
	s.issued = append(s.issued, c)
	one, err := scep.DegenerateCertificates([]*x509.Certificate{c})
	if err != nil {
		panic(err)
	}
	sealed, err := s.seal(one, []*x509.Certificate{recipient})
	if err != nil {
		panic(err)
	}
	return sealed
}

func (s *service) known(c *x509.Certificate) *x509.Certificate {
	for _, k := range s.issued {
		if k.Equal(c) {
			return k
		}
	}
	return nil
}

// genuine checks Mdm-Signature with another library than the one that made it.
func (s *service) genuine(header string, body []byte) bool {
	der, err := base64.StdEncoding.DecodeString(header)
	if err != nil {
		return false
	}
	m, err := pkcs7.Parse(der)
	if err != nil {
		return false
	}
	m.Content = body
	return m.Verify() == nil && m.GetOnlySigner() != nil && m.GetOnlySigner().CheckSignatureFrom(s.ca) == nil
}

func (s *service) checkIn(m map[string]any) (string, answer) {
	if m["MessageType"] == "GetToken" {
		body, _ := plist.Marshal(map[string]any{"TokenData": []byte("jwt")}, plist.XMLFormat)
		return "GetToken", reply(200, "application/xml", body)
	}
	if m["MessageType"] != "DeclarativeManagement" {
		return fmt.Sprint(m["MessageType"]), reply(200, "", nil)
	}
	items := `{"Declarations":{"Activations":[{"Identifier":"act","ServerToken":"` + s.declared + `"}],"Assets":[],
		"Configurations":[{"Identifier":"sub","ServerToken":"1"}],"Management":[]},"DeclarationsToken":"` + s.declared + `"}`
	bodies := map[string]string{
		"tokens":                        `{"SyncTokens":{"DeclarationsToken":"` + s.declared + `","Timestamp":"2026-11-22T10:00:00Z"}}`,
		"declaration-items":             items,
		"declaration/activation/act":    `{"Type":"com.apple.activation.simple","Identifier":"act","ServerToken":"` + s.declared + `","Payload":{"StandardConfigurations":["sub"]}}`,
		"declaration/configuration/sub": `{"Type":"com.apple.configuration.management.status-subscriptions","Identifier":"sub","ServerToken":"1","Payload":{"StatusItems":[{"Name":"device.model.family"},{"Name":"passcode.is-present"}]}}`,
	}
	endpoint := fmt.Sprint(m["Endpoint"])
	if endpoint == "status" {
		return "status", reply(200, "", nil)
	}
	body, there := bodies[endpoint]
	if !there {
		return endpoint, reply(404, "", nil)
	}
	return endpoint, reply(200, "application/json", []byte(body))
}

func (s *service) next(m map[string]any) (string, answer) {
	if m["Status"] != "Idle" && m["Status"] != "NotNow" && len(s.queue) > 0 && s.queue[0]["CommandUUID"] == m["CommandUUID"] {
		s.queue = s.queue[1:]
	}
	if len(s.queue) == 0 || m["Status"] == "NotNow" {
		return "nothing", reply(200, "", nil)
	}
	body, err := plist.Marshal(s.queue[0], plist.XMLFormat)
	if err != nil {
		panic(err)
	}
	return "command", reply(200, "application/xml; charset=UTF-8", body)
}
