package sim

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strings"

	"github.com/smallstep/scep"
	"howett.net/plist"
)

// Kind is one of the four doors a phone knocks at with a body.
type Kind string

// The doors. Enrollment and SCEP are POST, the others PUT.
const (
	ToEnrollment Kind = "enrollment" // BaseURL of the discovery
	ToSCEP       Kind = "scep"       // URL of the SCEP payload
	ToCheckIn    Kind = "check-in"   // CheckInURL
	ToServer     Kind = "server"     // ServerURL
)

// SendOptions change what [Phone.Send] puts around a body. The zero value is what the phone does by itself.
type SendOptions struct {
	NoToken     bool
	Token       string // instead of the phone's
	NoSignature bool
	Signer      *Identity // instead of the phone's own identity
	Signature   string    // this value of Mdm-Signature, right or wrong
	ContentType string
	Method      string
	Header      http.Header // added last
}

// Send says any bytes at one of the doors and takes no notice of the answer: for tests that break something in the middle.
func (p *Phone) Send(ctx context.Context, to Kind, body []byte, o SendOptions) (Answer, error) {
	p.turn.Lock()
	defer p.turn.Unlock()
	return p.send(ctx, to, body, o)
}

func (p *Phone) send(ctx context.Context, to Kind, body []byte, o SendOptions) (Answer, error) {
	r := request{method: http.MethodPost, body: body, header: http.Header{"User-Agent": {"MDM/1.0"}}}
	signed := false
	switch to {
	case ToEnrollment:
		r.url, o.ContentType = p.discovered.BaseURL, or(o.ContentType, "application/pkcs7-signature")
	case ToSCEP:
		if profile := p.current(); profile != nil {
			r.url, _ = withQuery(profile.SCEP.URL, "operation=PKIOperation")
		}
		o.ContentType, o.NoToken = or(o.ContentType, scepMessage), o.Token == ""
	case ToCheckIn, ToServer:
		r.method, signed = http.MethodPut, true
		if profile := p.current(); profile != nil {
			r.url, signed = profile.MDM.CheckInURL, profile.MDM.SignMessage
			if to == ToServer {
				r.url = profile.MDM.ServerURL
			}
		}
		kind := "application/x-apple-aspen-mdm-checkin"
		if to == ToServer {
			kind = "application/x-apple-aspen-mdm; charset=UTF-8"
		}
		o.ContentType = or(o.ContentType, kind)
	}
	if r.url == "" {
		return Answer{}, fmt.Errorf("send to %s: %w", to, ErrOrder)
	}
	r.method = or(o.Method, r.method)
	r.header.Set("Content-Type", o.ContentType)
	if token := or(o.Token, p.token); token != "" && !o.NoToken {
		r.header.Set("Authorization", "Bearer "+token)
	}
	switch {
	case o.Signature != "":
		r.header.Set("Mdm-Signature", o.Signature)
	case signed && !o.NoSignature:
		signer := o.Signer
		if signer == nil {
			signer = p.fresh
		}
		if signer == nil {
			signer = p.identity
		}
		if signer == nil {
			return Answer{}, fmt.Errorf("send to %s: no identity: %w", to, ErrOrder)
		}
		signature, err := p.signature(signer, body)
		if err != nil {
			return Answer{}, err
		}
		r.header.Set("Mdm-Signature", signature)
	}
	maps.Copy(r.header, o.Header)
	return p.do(ctx, r, stayAtHTTPS, nil)
}

// signature is the value of Mdm-Signature: a detached CMS signature over the very bytes of the body (docs/PROTOCOL.md, 6).
func (p *Phone) signature(id *Identity, body []byte) (string, error) {
	der, err := signing{signer: id.Certificate, key: id.Key, detached: true, at: p.now()}.sign(body)
	return base64.StdEncoding.EncodeToString(der), err
}

// Signature is what this phone would put into Mdm-Signature for a body.
func (p *Phone) Signature(body []byte) (string, error) {
	id := p.Identity()
	if id == nil {
		return "", fmt.Errorf("sign: %w", ErrOrder)
	}
	return p.signature(id, body)
}

// current is the enrollment profile that counts now.
func (p *Phone) current() *Profile {
	if p.offered != nil {
		return p.offered
	}
	return p.profile
}

// Message writes a check-in message as this phone says it. Extra keys are added; a nil value takes a key away.
func (p *Phone) Message(messageType string, extra map[string]any) []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	m := map[string]any{"MessageType": messageType, "EnrollmentID": p.enrollmentID}
	if profile := p.current(); profile != nil {
		m["Topic"] = profile.MDM.Topic
	}
	switch messageType {
	case "Authenticate":
		m["OSVersion"], m["BuildVersion"], m["ProductName"] = p.o.OS, p.o.Build, p.o.Model
	case "TokenUpdate":
		m["Token"], m["PushMagic"], m["AwaitingConfiguration"] = p.pushToken, p.pushMagic, false
	}
	return encode(m, extra)
}

// Report writes a message to the server address: Idle, or what became of a command.
func (p *Phone) Report(status, commandUUID string, extra map[string]any) []byte {
	m := map[string]any{"EnrollmentID": p.EnrollmentID(), "Status": status}
	if commandUUID != "" {
		m["CommandUUID"] = commandUUID
	}
	return encode(m, extra)
}

func encode(m, extra map[string]any) []byte {
	for key, v := range extra {
		if v == nil {
			delete(m, key)
		} else {
			m[key] = v
		}
	}
	body, err := plist.MarshalIndent(m, plist.XMLFormat, "\t")
	if err != nil {
		panic("sim: a message that cannot be written: " + err.Error()) // only a test's own extra can do that
	}
	return body
}

// mdm says something under management and acts on what the answer means to a phone (docs/PROTOCOL.md, 6).
func (p *Phone) mdm(ctx context.Context, to Kind, what string, body []byte) (Answer, error) {
	answer, err := p.send(ctx, to, body, SendOptions{})
	if err == nil && answer.Status/100 == 2 && p.chance(p.temper().Repeats) {
		if again, err := p.send(ctx, to, body, SendOptions{}); err == nil && again.Status/100 != 2 {
			p.complain(refuse("repeat", sourceCheckIn, "%s said twice: first %d, then %d", what, answer.Status, again.Status))
		}
	}
	switch {
	case err != nil:
		return answer, fmt.Errorf("%s: %w", what, err)
	case answer.Status/100 == 2:
		return answer, nil
	case answer.Status == http.StatusUnauthorized:
		challenge, refusal := readChallenge(answer.Header)
		if refusal != nil {
			p.drop("401 without a challenge to " + what)
			p.o.Log.ErrorContext(ctx, "the phone dropped its management", "reason", "401 without challenge", "message", what)
			return answer, refuse("bare-401", sourceConnections, "%s was answered 401 without a challenge: the phone drops its management", what)
		}
		p.set(func(s *state) { s.again = &challenge })
		return answer, fmt.Errorf("%s: %w", what, ErrSignInAgain)
	}
	failed := statusError(what, answer)
	if answer.Status == http.StatusForbidden && failed.Code == "com.apple.unrecognized.device" {
		p.drop("the server does not know the phone any more")
	}
	return answer, failed
}

// drop ends the management on this side.
func (p *Phone) drop(why string) {
	p.listen(p.pushToken, nil)
	p.set(func(s *state) {
		s.enrolled, s.left = false, why
		s.offered, s.fresh, s.unsaid, s.again, s.installed, s.ddm = nil, nil, nil, nil, nil, declarations{}
		s.lastNotNow = false
	})
}

// Authenticate says that the profile is going in (docs/PROTOCOL.md, 6). An error aborts the enrollment.
func (p *Phone) Authenticate(ctx context.Context) error {
	p.turn.Lock()
	defer p.turn.Unlock()
	return p.authenticate(ctx)
}

func (p *Phone) authenticate(ctx context.Context) error {
	return p.step("authenticate", func() error {
		if p.offered == nil || p.fresh == nil {
			return fmt.Errorf("authenticate: %w", ErrOrder)
		}
		answer, err := p.mdm(ctx, ToCheckIn, "Authenticate", p.Message("Authenticate", nil))
		if err != nil {
			if !p.enrolled && !errors.Is(err, ErrSignInAgain) {
				p.set(func(s *state) { s.offered, s.fresh = nil, nil })
			}
			return err
		}
		if len(answer.Body) > 0 {
			p.complain(refuse("check-in-body", sourceCheckIn, "Authenticate was answered with a body of %d bytes", len(answer.Body)))
		}
		return nil
	})
}

// UpdateToken tells the server where to push. The first time it completes the enrollment (docs/PROTOCOL.md, 6).
func (p *Phone) UpdateToken(ctx context.Context) error {
	p.turn.Lock()
	defer p.turn.Unlock()
	return p.updateToken(ctx)
}

// ChangePushToken is what happens now and then: Apple gives the phone another token, and the phone tells the server.
func (p *Phone) ChangePushToken(ctx context.Context) error {
	p.turn.Lock()
	defer p.turn.Unlock()
	fresh := randomBytes(p.rng, 32)
	p.listen(p.pushToken, fresh)
	p.set(func(s *state) { s.pushToken = fresh })
	return p.updateToken(ctx)
}

func (p *Phone) updateToken(ctx context.Context) error {
	return p.step("update token", func() error {
		if p.current() == nil {
			return fmt.Errorf("update token: %w", ErrOrder)
		}
		if _, err := p.mdm(ctx, ToCheckIn, "TokenUpdate", p.Message("TokenUpdate", nil)); err != nil {
			return err
		}
		p.set(func(s *state) {
			s.enrolled = true
			if s.offered != nil {
				s.profile, s.offered = s.offered, nil
			}
			if s.fresh != nil {
				s.identity, s.fresh = s.fresh, nil
			}
		})
		return nil
	})
}

// Leave is the person removing the management. The phone says so once, if the profile wants it and it can.
func (p *Phone) Leave(ctx context.Context) error {
	p.turn.Lock()
	defer p.turn.Unlock()
	return p.leave(ctx, "the person removed the management")
}

func (p *Phone) leave(ctx context.Context, why string) error {
	return p.step("leave", func() error {
		if !p.enrolled {
			return fmt.Errorf("leave: %w", ErrNotEnrolled)
		}
		var err error
		if p.profile.MDM.CheckOutWhenRemoved && !p.temper().NeverSaysBye {
			_, err = p.mdm(ctx, ToCheckIn, "CheckOut", p.Message("CheckOut", nil))
		}
		p.drop(why)
		p.hangUp()
		return err
	})
}

// SignInAgain is the person answering the reminder in Settings after a 401 with a challenge (docs/PROTOCOL.md, 6).
func (p *Phone) SignInAgain(ctx context.Context, password string) error {
	p.turn.Lock()
	defer p.turn.Unlock()
	if p.again == nil {
		return fmt.Errorf("sign in again: the server did not ask: %w", ErrOrder)
	}
	if p.sheet == nil {
		sheet, err := p.open(ctx, *p.again)
		if err != nil {
			return err
		}
		p.set(func(s *state) { s.sheet = sheet })
	}
	if err := p.signIn(ctx, secret{password: password}); err != nil {
		return err
	}
	p.set(func(s *state) { s.again = nil })
	return nil
}

// GetToken asks the server for a token of a service, such as com.apple.maid (docs/PROTOCOL.md, 6).
func (p *Phone) GetToken(ctx context.Context, service string) ([]byte, error) {
	p.turn.Lock()
	defer p.turn.Unlock()
	answer, err := p.mdm(ctx, ToCheckIn, "GetToken", p.Message("GetToken", map[string]any{
		"TokenServiceType": service, "TokenParameters": map[string]any{}, "Topic": nil,
	}))
	if err != nil {
		return nil, err
	}
	var reply struct {
		TokenData []byte `plist:"TokenData"`
	}
	if _, err := plist.Unmarshal(answer.Body, &reply); err != nil || len(reply.TokenData) == 0 {
		return nil, refuse("get-token", sourceCheckIn, "no TokenData in %d bytes: %v", len(answer.Body), err)
	}
	return reply.TokenData, nil
}

// Renew gets a new identity, the request signed with the old one, and checks in under it (docs/PROTOCOL.md, 5).
func (p *Phone) Renew(ctx context.Context) error {
	p.turn.Lock()
	defer p.turn.Unlock()
	if !p.enrolled {
		return fmt.Errorf("renew: %w", ErrNotEnrolled)
	}
	err := p.step("renew identity", func() error {
		id, err := p.enrollSCEP(ctx, p.profile.SCEP, scep.RenewalReq, p.identity)
		if err != nil {
			return err
		}
		p.set(func(s *state) { s.offered, s.fresh = s.profile, id })
		return nil
	})
	if err != nil {
		return err
	}
	return p.checkInAnew(ctx)
}

// checkInAnew runs the check-in of a renewal; if it fails the old configuration stays.
func (p *Phone) checkInAnew(ctx context.Context) error {
	err := p.authenticate(ctx)
	if err == nil {
		err = p.updateToken(ctx)
	}
	if err != nil {
		p.set(func(s *state) { s.offered, s.fresh = nil, nil })
	}
	return err
}

func or(a, b string) string {
	if strings.TrimSpace(a) != "" {
		return a
	}
	return b
}

func isEmpty(body []byte) bool { return len(bytes.TrimSpace(body)) == 0 }
