package mdm

import (
	"errors"
	"fmt"

	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/pki"
)

// authenticate begins an enrollment, or begins it again. Apple sends it when the profile goes in, and also when the
// profile is renewed with a new identity.
func (s *Server) authenticate(tx *db.Tx, c caller, m checkIn) (reply, error) {
	id := m.EnrollmentID
	p, err := find(tx, id)
	if err != nil {
		return reply{}, err
	}
	if p.dismissed() && p.fingerprint == c.fingerprint {
		return reply{}, errDismissed
	}
	identity, err := s.identity(tx, c)
	if err != nil {
		return reply{}, err
	}
	if p.found && identity.Enrollment == id && p.stage == StageAuthenticated && p.fingerprint == c.fingerprint && p.digest == c.digest {
		return reply{}, seen(tx, id) // the same message again
	}
	switch {
	case identity.Enrollment != "" && identity.Enrollment != id:
		return reply{}, turnAway("identity_of_another_enrollment")
	case p.found && identity.Person != p.person:
		return reply{}, turnAway("enrollment_of_another_person")
	}
	// An identity that came after the first one is a renewal each time it says so: the answer may have been lost.
	successor := p.found && identity.Enrollment == id && (p.fingerprint != c.fingerprint || p.renewed && !p.stage.over())
	if successor && p.digest == c.digest {
		return reply{}, s.renew(tx, c, id, identity, p)
	}
	grant, err := s.grant(tx, c)
	if errors.Is(err, ErrTokenUnknown) {
		challenge, err := s.signInAgain(tx, identity.Attempt, id)
		return reply{challenge: challenge}, err
	}
	if err != nil {
		return reply{}, fmt.Errorf("look up token: %w", err)
	}
	if err := agree(id, identity, grant); err != nil {
		return reply{}, err
	}
	if successor {
		p.digest = c.digest
		return reply{}, s.renew(tx, c, id, identity, p)
	}
	if p.found {
		if err := s.forgetLife(tx, id); err != nil {
			return reply{}, err
		}
	}
	return reply{}, s.begin(tx, c, m, identity, grant)
}

// agree checks that identity and token are one person's, and meant for this enrollment. An identity and a token of one attempt belong
// together; so does a token that was got by signing in again for this enrollment.
func agree(id string, identity pki.Identity, grant Grant) error {
	switch {
	case grant.Person != identity.Person:
		return turnAway("token_of_another_person")
	case grant.Enrollment != "" && grant.Enrollment != id:
		return turnAway("token_of_another_enrollment")
	case grant.Enrollment == "" && grant.Attempt != identity.Attempt:
		return turnAway("token_of_another_attempt")
	}
	return nil
}

// renew gives a phone its new identity. Queue, push data and state stay.
func (s *Server) renew(tx *db.Tx, c caller, id string, identity pki.Identity, p pin) error {
	again := p.fingerprint == c.fingerprint
	p.fingerprint, p.identityExpires, p.renewed = c.fingerprint, identity.NotAfter, true
	if err := store(tx, id, p); err != nil {
		return err
	}
	if p.stage.over() {
		if err := s.comeBack(tx, id, &p); err != nil {
			return err
		}
	}
	if again {
		return nil
	}
	return s.note(tx, Renewed, id, &p, nil)
}

// forgetLife drops what a former life of the same EnrollmentID left.
func (s *Server) forgetLife(tx *db.Tx, id string) error {
	if err := forget(tx, id); err != nil {
		return err
	}
	if err := s.declarations.Forget(tx, id); err != nil {
		return fmt.Errorf("forget the status of a former life: %w", err)
	}
	return nil
}

// begin pins identity and token to the enrollment.
func (s *Server) begin(tx *db.Tx, c caller, m checkIn, identity pki.Identity, grant Grant) error {
	id := m.EnrollmentID
	err := s.pki.Bind(tx, c.fingerprint, id)
	if errors.Is(err, pki.ErrIdentityTaken) {
		return turnAway("identity_of_another_enrollment")
	}
	if err != nil {
		return fmt.Errorf("bind identity: %w", err)
	}
	p := pin{found: true, stage: StageAuthenticated, fingerprint: c.fingerprint, digest: c.digest, identityExpires: identity.NotAfter, attempt: grant.Attempt, person: grant.Person}
	if err := begun(tx, id, p); err != nil {
		return err
	}
	if err := introduce(tx, m, grant); err != nil {
		return err
	}
	if err := s.continueFormer(tx, id, grant); err != nil {
		return fmt.Errorf("continue the former record: %w", err)
	}
	if err := s.tokens.Enrolling(tx, c.token, grant.Attempt, id); err != nil {
		return fmt.Errorf("follow the attempt: %w", err)
	}
	return s.note(tx, Authenticated, id, &p, map[string]string{"product_name": m.ProductName, "os_version": m.OSVersion})
}
