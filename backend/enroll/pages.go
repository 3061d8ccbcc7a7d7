package enroll

import (
	"context"
	"fmt"

	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/directory"
	"example.org/gatehouse/backend/event"
	"example.org/gatehouse/backend/mdm"
	"example.org/gatehouse/backend/settings"
)

// LimitError says that a person has as many phones as they may.
type LimitError struct{ Most int }

func (e *LimitError) Error() string {
	return fmt.Sprintf("enroll: the person has %d phones or more, and may have no more", e.Most)
}

// SignIn notes that a person has signed in, and gives the session under which they go on: a new one, that only this
// browser knows. Whoever else has the address of the old one, because they made the phone knock and passed the link on,
// cannot collect what follows. A sign-in that is sent twice, by a double tap, gets a session each time.
func (s *Server) SignIn(ctx context.Context, session string, p directory.Person) (string, Attempt, error) {
	next, err := secret()
	if err != nil {
		return "", Attempt{}, err
	}
	var a Attempt
	err = s.DB.Update(ctx, func(tx *db.Tx) (err error) {
		if a, err = attemptOf(tx, session); err != nil {
			return err
		}
		if a.Person != "" && a.Person != p.Identifier {
			return ErrOtherPerson
		}
		now, err := s.Settings.In(tx)
		if err != nil {
			return err
		}
		twice := a.Step == StepSignedIn && !a.Again()
		a.Step, a.Reason, a.Groups = StepSignedIn, "", p.Groups
		a.Identifier, a.Person, a.Name = p.Identifier, p.Identifier, p.Name
		if !a.Again() {
			if err := s.admit(tx, now, &a, p, twice); err != nil {
				return err
			}
		}
		if err := save(tx, a); err != nil {
			return err
		}
		if err := spendSession(tx, session); err != nil {
			return err
		}
		if err := openSession(tx, a.ID, next, true); err != nil {
			return err
		}
		a.Proven, a.Spent = true, false
		if twice {
			return nil
		}
		return s.Events.Add(tx, event.Event{
			Kind: SignedIn, Actor: "person", Attempt: a.ID, Enrollment: a.Enrollment, Person: a.Person,
			Params: map[string]string{"ref": a.Ref, "source": p.Source, "managed_account": a.ManagedAccount},
		})
	})
	if err != nil {
		return "", a, fmt.Errorf("sign in: %w", err)
	}
	return next, a, nil
}

// admit fills in what a new enrollment needs to know of its person, and says whether they may have one more phone.
func (s *Server) admit(tx *db.Tx, now settings.Settings, a *Attempt, p directory.Person, twice bool) error {
	if a.ManagedAccount == "" { // of a phone that has its profile it cannot change (MDM payload, AssignedManagedAppleID)
		account, err := directory.ManagedAccountFor(now, p)
		if err != nil {
			return err
		}
		a.ManagedAccount = account
	}
	if len(a.Groups) == 1 || len(a.Groups) > 1 && !now.Portal.Group {
		a.Group = a.Groups[0]
	}
	if !twice {
		if err := remember(tx, a); err != nil {
			return err
		}
	}
	earlier, err := mdm.EarlierOf(tx, a.Person, a.Product)
	if err != nil {
		return err
	}
	if !now.Portal.Device {
		earlier.ID = ""
	}
	if a.Former != earlier.ID {
		a.Former, a.Same = earlier.ID, ""
	}
	return s.room(tx, now, *a)
}

// remember takes over what the person answered a moment ago, on the same phone as far as anybody can tell.
func remember(tx *db.Tx, a *Attempt) error {
	b, err := before(tx, *a)
	if err != nil || b.ID == "" {
		return err
	}
	if a.Chosen == "" {
		a.Chosen = b.Chosen
	}
	a.Nickname = b.Nickname
	for _, g := range a.Groups {
		if g == b.Group {
			a.Group = g
		}
	}
	return nil
}

// room says whether the person may have one more phone. As long as this one may be a phone that is known, there is.
func (s *Server) room(tx *db.Tx, now settings.Settings, a Attempt) error {
	most := now.Enrollment.MaxPhones
	if most == 0 {
		return nil
	}
	replaced := ""
	if a.Same == "" || a.Same == mdm.SameYes {
		replaced = a.Former
	}
	n, err := mdm.PhonesOf(tx, a.Person, replaced)
	if err != nil {
		return err
	}
	if n >= most {
		return &LimitError{Most: most}
	}
	return nil
}

// Answer lets a person who has signed in answer a page. It prolongs the session.
func (s *Server) Answer(ctx context.Context, session string, answer func(tx *db.Tx, a *Attempt) error) (Attempt, error) {
	var a Attempt
	err := s.DB.Update(ctx, func(tx *db.Tx) (err error) {
		if a, err = attemptOf(tx, session); err != nil {
			return err
		}
		if !a.Proven {
			return ErrNotSignedIn
		}
		before := a.Reason
		if err := answer(tx, &a); err != nil {
			return err
		}
		a.Nickname, a.Reason = clean(a.Nickname, 60), clean(a.Reason, 200)
		if err := save(tx, a); err != nil {
			return err
		}
		if a.Reason != "" && a.Reason != before {
			if err := s.stuck(tx, a); err != nil {
				return err
			}
		}
		return prolongSession(tx, session)
	})
	if err != nil {
		return a, fmt.Errorf("answer a page: %w", err)
	}
	return a, nil
}

// Speak remembers the language that a person chose on a page.
func (s *Server) Speak(ctx context.Context, session, language string) error {
	err := s.DB.Update(ctx, func(tx *db.Tx) error {
		a, err := attemptOf(tx, session)
		if err != nil {
			return err
		}
		if a.Chosen = clean(language, 35); len(language) > 35 {
			a.Chosen = ""
		}
		return save(tx, a)
	})
	if err != nil {
		return fmt.Errorf("keep the language: %w", err)
	}
	return nil
}

// Grant gives the person who has signed in the token with which the phone goes on. The portal hands it over in a 308.
// A hand-over that is asked for twice, by a double tap, gets a token each time until one of them is used.
func (s *Server) Grant(ctx context.Context, session string) (AccessToken, error) {
	token, err := newToken()
	if err != nil {
		return "", err
	}
	err = s.DB.Update(ctx, func(tx *db.Tx) error {
		a, err := attemptOf(tx, session)
		if err != nil {
			return err
		}
		if !a.Proven || a.Step != StepSignedIn {
			return ErrNotSignedIn
		}
		now, ready, err := s.ready(tx)
		if err != nil {
			return err
		}
		if !a.Again() {
			if !ready {
				return ErrNotReady
			}
			if err := s.room(tx, now, a); err != nil {
				return err
			}
		}
		if err := keepToken(tx, token, a); err != nil {
			return err
		}
		if a.Page == PageHandedOver {
			return nil
		}
		a.Page, a.Reason = PageHandedOver, ""
		return save(tx, a)
	})
	if err != nil {
		return "", fmt.Errorf("grant a token: %w", err)
	}
	return token, nil
}

// PageHandedOver stands in the place of a page once the phone has its token: what is missing now is at Apple's side.
const PageHandedOver = "handed_over"

// Ready says whether a phone that goes on now could finish, or [ErrNotReady].
func (s *Server) Ready(ctx context.Context) error {
	return s.DB.View(ctx, func(tx *db.Tx) error {
		_, ready, err := s.ready(tx)
		if err == nil && !ready {
			err = ErrNotReady
		}
		return err
	})
}

// Lost makes an attempt of somebody who came with an address that we do not know, so that the reference on their page can
// be looked up like any other. It is empty, and so is the page's, once too many have come: anybody can make up addresses.
func (s *Server) Lost(ctx context.Context) (ref string) {
	if !s.limit.record(s.DB.Now()) {
		return ""
	}
	session, err := secret()
	if err != nil {
		return ""
	}
	a := Attempt{ID: db.NewID(), Ref: reference(), Step: StepKnocked, Reason: "session_unknown", Origin: "unknown"}
	err = s.DB.Update(ctx, func(tx *db.Tx) error {
		if err := begin(tx, a, session); err != nil {
			return err
		}
		return s.stuck(tx, a)
	})
	if err != nil {
		s.Log.WarnContext(ctx, "lost session not recorded", "err", err)
		return ""
	}
	return a.Ref
}
