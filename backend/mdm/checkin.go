package mdm

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/event"
	"example.org/gatehouse/backend/pki"
)

// caller is who sent a message: proven by the signature, and by the token as far as it is one of ours.
type caller struct {
	fingerprint string
	token       string
	digest      string // of the token; never empty, also without a token
}

// reply is an answer that is no error. A challenge makes it a 401.
type reply struct {
	challenge  string
	enrollment string // whose person it sends to the sign-in page
	status     int    // 0 is 200
	mime       string
	body       []byte
}

// checkIn answers what comes to the check-in address.
func (s *Server) checkIn(ctx context.Context, c caller, body []byte) (reply, error) {
	m, err := decodeCheckIn(body)
	if err != nil {
		return reply{}, err
	}
	answer, err := s.route(m)
	if err != nil {
		return reply{}, about(err, m.EnrollmentID)
	}
	var r reply
	err = s.db.Update(ctx, func(tx *db.Tx) error {
		var err error
		r, err = answer(tx, c, m)
		return err
	})
	r.enrollment = m.EnrollmentID
	return r, about(err, m.EnrollmentID)
}

type answer func(tx *db.Tx, c caller, m checkIn) (reply, error)

func (s *Server) route(m checkIn) (answer, error) {
	if m.EnrollmentUserID != "" && m.MessageType != "UserAuthenticate" {
		return s.userChannel, nil
	}
	switch m.MessageType {
	case "Authenticate":
		return s.authenticate, nil
	case "TokenUpdate":
		return s.updateToken, nil
	case "CheckOut":
		return s.checkOut, nil
	case "DeclarativeManagement":
		return s.declare, nil
	case "GetToken":
		// com.apple.maid needs the organization's token of Apple Business, which this installation has none of.
		return s.known(refuse("get_token_"+short(m.TokenServiceType), nil), reply{}), nil
	case "GetBootstrapToken", "SetBootstrapToken":
		return s.known(nil, reply{}), nil // not under User Enrollment; an empty answer is harmless
	case "UserAuthenticate":
		return s.known(nil, reply{status: http.StatusGone}), nil // "this user is not managed"
	}
	return nil, refuse("unknown_message_"+short(m.MessageType), nil)
}

// short keeps a hostile name out of the log.
func short(s string) string {
	if len(s) > 40 {
		s = s[:40]
	}
	return s
}

// known gives a fixed answer to a phone that we know.
func (s *Server) known(err error, r reply) answer {
	return func(tx *db.Tx, c caller, m checkIn) (reply, error) {
		_, challenge, admitted := s.admit(tx, c, m.EnrollmentID)
		switch {
		case admitted != nil:
			return reply{}, admitted
		case challenge != "":
			return reply{challenge: challenge}, nil
		}
		return r, err
	}
}

// userChannel hears what a Mac's second channel says and keeps nothing: it is no second device.
func (s *Server) userChannel(tx *db.Tx, c caller, m checkIn) (reply, error) {
	return s.known(nil, reply{})(tx, c, m)
}

// admit proves that the caller is the phone of this enrollment, and notes that it was heard. If the person has to sign
// in again, it gives the challenge to send.
func (s *Server) admit(tx *db.Tx, c caller, id string) (pin, string, error) {
	p, err := touch(tx, c, id)
	if err != nil || p.found {
		if err == nil && p.stage.over() {
			err = s.comeBack(tx, id, &p)
		}
		return p, "", err
	}
	return s.repin(tx, c, id)
}

// repin is the slow way: identity or token are not the ones we remember. A renewed identity of this enrollment and a
// new token of its person are as good; anybody else's are refused.
func (s *Server) repin(tx *db.Tx, c caller, id string) (pin, string, error) {
	p, err := find(tx, id)
	if err != nil {
		return p, "", err
	}
	if !p.found {
		return p, "", refuse("unknown_enrollment", nil)
	}
	before := p
	if err := s.sameIdentity(tx, c, id, &p); err != nil {
		return p, "", err
	}
	if p.dismissed() {
		return p, "", errDismissed
	}
	if p.digest != c.digest {
		challenge, err := s.sameToken(tx, c, id, &p)
		if err != nil || challenge != "" {
			return p, challenge, err
		}
	}
	if err := store(tx, id, p); err != nil {
		return p, "", err
	}
	if p.fingerprint != before.fingerprint {
		if err := s.note(tx, Renewed, id, &p, nil); err != nil {
			return p, "", err
		}
	}
	if p.digest != before.digest {
		if err := s.note(tx, SignedIn, id, &p, nil); err != nil {
			return p, "", err
		}
	}
	if p.stage.over() {
		return p, "", s.comeBack(tx, id, &p)
	}
	return p, "", nil
}

// sameIdentity accepts a renewed identity of this enrollment. Nothing is stored.
func (s *Server) sameIdentity(tx *db.Tx, c caller, id string, p *pin) error {
	if p.fingerprint == c.fingerprint {
		return nil
	}
	identity, err := s.identity(tx, c)
	if err != nil {
		return err
	}
	if identity.Enrollment != id {
		return turnAway("identity_of_another_enrollment")
	}
	p.fingerprint, p.identityExpires, p.renewed = c.fingerprint, identity.NotAfter, true
	return nil
}

// identity asks pki whose certificate signed.
func (s *Server) identity(tx *db.Tx, c caller) (pki.Identity, error) {
	identity, err := s.pki.Identity(tx, c.fingerprint)
	if errors.Is(err, pki.ErrUnknownIdentity) {
		return identity, turnAway("unknown_identity")
	}
	if errors.Is(err, pki.ErrRevokedIdentity) || err == nil && !identity.RevokedAt.IsZero() {
		return identity, turnAway("revoked_identity")
	}
	if err != nil {
		return identity, fmt.Errorf("look up identity: %w", err)
	}
	return identity, nil
}

func (s *Server) sameToken(tx *db.Tx, c caller, id string, p *pin) (challenge string, err error) {
	grant, err := s.grant(tx, c)
	if errors.Is(err, ErrTokenUnknown) {
		return s.signInAgain(tx, p.attempt, id)
	}
	if err != nil {
		return "", fmt.Errorf("look up token: %w", err)
	}
	if grant.Person != p.person || grant.Enrollment != id && (grant.Enrollment != "" || grant.Attempt != p.attempt) {
		return "", turnAway("token_of_another_enrollment")
	}
	p.digest = c.digest
	return "", nil
}

// signInAgain gives the challenge that sends the phone's person to the sign-in page.
func (s *Server) signInAgain(tx *db.Tx, attempt, id string) (string, error) {
	challenge, err := s.tokens.SignInAgain(tx, attempt, id)
	if errors.Is(err, ErrTokenUnknown) {
		return "", refuse("unknown_attempt", err)
	}
	if err != nil {
		return "", fmt.Errorf("ask to sign in again: %w", err)
	}
	return challenge, nil
}

func (s *Server) grant(tx *db.Tx, c caller) (Grant, error) {
	if c.token == "" || len(c.token) > tokenLimit {
		return Grant{}, ErrTokenUnknown
	}
	return s.tokens.Grant(tx, c.token)
}

// comeBack gives an enrollment that we thought gone its life back, because the phone calls.
func (s *Server) comeBack(tx *db.Tx, id string, p *pin) error {
	was := p.stage
	p.stage = StageEnrolled
	if p.enrolledAt == 0 {
		p.stage = StageAuthenticated
	}
	if err := restage(tx, id, p.stage, 0, ""); err != nil {
		return err
	}
	return s.note(tx, Returned, id, p, map[string]string{"from": string(was)})
}

// updateToken learns how to wake the phone. The first time, this completes the enrollment.
func (s *Server) updateToken(tx *db.Tx, c caller, m checkIn) (reply, error) {
	p, challenge, err := s.admit(tx, c, m.EnrollmentID)
	if err != nil || challenge != "" {
		return reply{challenge: challenge}, err
	}
	if len(m.Token) == 0 || m.PushMagic == "" || m.Topic == "" {
		return reply{}, refuse("token_update_incomplete", nil)
	}
	if err := storePush(tx, m); err != nil {
		return reply{}, err
	}
	if p.stage != StageAuthenticated {
		return reply{}, s.wakeIfOpen(tx, m.EnrollmentID)
	}
	if err := enrolled(tx, m.EnrollmentID); err != nil {
		return reply{}, err
	}
	commands, err := s.permitted(tx, append(Inventory(), DeclarativeManagement()))
	if err != nil {
		return reply{}, err
	}
	for _, command := range commands {
		if _, err := queue(tx, m.EnrollmentID, command, "system"); err != nil {
			return reply{}, err
		}
	}
	if err := s.wake(tx, m.EnrollmentID); err != nil {
		return reply{}, err
	}
	if err := s.tokens.Enrolled(tx, p.attempt, m.EnrollmentID); err != nil {
		return reply{}, fmt.Errorf("finish the attempt: %w", err)
	}
	return reply{}, s.note(tx, Enrolled, m.EnrollmentID, &p, nil)
}

// checkOut hears the phone's goodbye. Its token may have run out: a phone that leaves cannot sign in again.
func (s *Server) checkOut(tx *db.Tx, c caller, m checkIn) (reply, error) {
	p, err := find(tx, m.EnrollmentID)
	if err != nil {
		return reply{}, err
	}
	if !p.found {
		return reply{}, refuse("unknown_enrollment", nil)
	}
	if err := s.sameIdentity(tx, c, m.EnrollmentID, &p); err != nil {
		return reply{}, err
	}
	if p.stage.over() {
		return reply{}, nil
	}
	by := EndedByCheckOut
	obeyed, err := tx.Exec(`
		UPDATE commands SET state = $1, waiting = NULL, answered_at = $2
		WHERE waiting = $3 AND ends AND state = $4`, string(CommandAcknowledged), db.Millis(tx.Now), m.EnrollmentID, string(CommandSent))
	if err != nil {
		return reply{}, fmt.Errorf("look whether the phone was sent away: %w", err)
	}
	if obeyed > 0 { // a phone that removes its profile may say goodbye instead of answering
		by = EndedByUs
	}
	return reply{}, s.leave(tx, m.EnrollmentID, &p, by)
}

// leave ends an enrollment: what could reach or speak for the phone is forgotten, the record stays. A phone that left by
// itself keeps its identity, since it may come back; one that we sent away does not.
func (s *Server) leave(tx *db.Tx, id string, p *pin, by string) error {
	p.stage = StageRemoved
	if err := restage(tx, id, StageRemoved, db.Millis(tx.Now), by); err != nil {
		return err
	}
	if err := ForgetToken(tx, id); err != nil {
		return err
	}
	if err := forget(tx, id); err != nil {
		return err
	}
	if err := s.tokens.Left(tx, id); err != nil {
		return fmt.Errorf("end the tokens of an enrollment: %w", err)
	}
	if by == EndedByUs {
		if err := s.pki.Revoke(tx, id); err != nil {
			return err
		}
	}
	return s.note(tx, Left, id, p, map[string]string{"by": by})
}

// declare hands declarative management upstairs.
func (s *Server) declare(tx *db.Tx, c caller, m checkIn) (reply, error) {
	_, challenge, err := s.admit(tx, c, m.EnrollmentID)
	if err != nil || challenge != "" {
		return reply{challenge: challenge}, err
	}
	status, body, err := s.declarations.Answer(tx, m.EnrollmentID, m.Endpoint, m.Data)
	if err != nil {
		return reply{}, fmt.Errorf("answer declarative management: %w", err)
	}
	return reply{status: status, mime: "application/json", body: body}, nil
}

// note adds an event about an enrollment, sent by the phone.
func (s *Server) note(tx *db.Tx, kind event.Kind, id string, p *pin, params map[string]string) error {
	return s.events.Add(tx, event.Event{Kind: kind, Actor: "phone", Enrollment: id, Attempt: p.attempt, Person: p.person, Params: params})
}
