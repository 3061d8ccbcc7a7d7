package enroll

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"example.org/gatehouse/backend/apns"
	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/event"
	"example.org/gatehouse/backend/mdm"
	"example.org/gatehouse/backend/pki"
	"example.org/gatehouse/backend/profile"
	"example.org/gatehouse/backend/settings"
	"example.org/gatehouse/backend/text"
)

// challengeLife is how long the one-time password of a profile lives. Between the profile and the certificate stands
// the sign-in at Apple, with all that a person may have to look up for it.
const challengeLife = time.Hour

// refusal is an enrollment request that we turn down: the phone's fault, or nobody's.
type refusal struct {
	status int
	reason string // a code, for events
	err    error  // for the log; may be nil
	origin pki.Origin
	said   []byte // what the phone may show to its person; empty: nothing
}

func (r *refusal) Error() string { return r.reason }

// request answers POST /enroll: the first time with the challenge that opens the sign-in pages, the second time, when
// the phone brings its token, with the profile.
//
// Nothing may read the body as a form: iOS 15 calls it application/x-www-form-urlencoded.
func (s *Server) request(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequest))
	if err != nil {
		s.refuse(ctx, w, &refusal{status: http.StatusRequestEntityTooLarge, reason: "too_large", err: err})
		return
	}
	reply, err := s.receive(ctx, r, body)
	var no *refusal
	switch {
	case errors.As(err, &no):
		s.refuse(ctx, w, no)
	case err != nil:
		s.Log.ErrorContext(ctx, "enrollment request failed", "err", err)
		w.WriteHeader(http.StatusServiceUnavailable)
	case reply.challenge != "":
		// The one answer that leads on at this point. Content-Length says that nothing follows.
		w.Header().Set("WWW-Authenticate", reply.challenge)
		w.Header().Set("Content-Length", "0")
		w.WriteHeader(http.StatusUnauthorized)
	default:
		w.Header().Set("Content-Type", "application/x-apple-aspen-config")
		w.Header().Set("Content-Length", strconv.Itoa(len(reply.profile)))
		w.Write(reply.profile)
	}
}

// refuse says no to the phone, and why to the log and the administrator.
func (s *Server) refuse(ctx context.Context, w http.ResponseWriter, no *refusal) {
	s.Log.WarnContext(ctx, "enrollment request refused", "reason", no.reason, "status", no.status, "err", no.err)
	if s.limit.record(s.DB.Now()) {
		err := s.DB.Update(ctx, func(tx *db.Tx) error {
			return s.Events.Add(tx, event.Event{Kind: Refused, Actor: "phone", Params: map[string]string{
				"reason": no.reason, "origin": string(no.origin),
			}})
		})
		if err != nil {
			s.Log.ErrorContext(ctx, "refusal not recorded", "err", err)
		}
	}
	if len(no.said) > 0 {
		w.Header().Set("Content-Type", "application/json")
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(no.said)))
	w.WriteHeader(no.status)
	w.Write(no.said)
}

// reply is what leads a phone on: the challenge of a 401, or a profile.
type reply struct {
	challenge string
	profile   []byte
}

// receive reads the request and decides.
func (s *Server) receive(ctx context.Context, r *http.Request, body []byte) (reply, error) {
	if !s.limit.allow(address(r), s.DB.Now()) {
		return reply{}, &refusal{status: http.StatusTooManyRequests, reason: "too_many"}
	}
	var now settings.Settings
	var rehearsals []*x509.Certificate
	var ready bool
	err := s.DB.View(ctx, func(tx *db.Tx) (err error) {
		if now, ready, err = s.ready(tx); err != nil || s.Rehearsals == nil {
			return err
		}
		rehearsals, err = s.Rehearsals(tx)
		return err
	})
	if err != nil {
		return reply{}, err
	}
	content, origin, err := pki.OpenMachineInfo(body, slices.Concat(s.Anchors, rehearsals))
	if err != nil {
		return reply{}, &refusal{status: http.StatusBadRequest, reason: "bad_signature", err: err}
	}
	info, named, err := parseMachineInfo(content)
	if err != nil {
		return reply{}, &refusal{status: http.StatusBadRequest, reason: "bad_machine_info", err: err, origin: origin}
	}
	if len(named) > 0 {
		s.Log.WarnContext(ctx, "phone named itself; not kept", "keys", named, "product", info.Product)
	}
	token := AccessToken(mdm.Bearer(r))
	if no := welcome(now, ready, info, origin, token != ""); no != nil {
		no.said = s.say(ctx, now, info, r.Header.Get("Accept-Language"), no)
		return reply{}, no
	}
	if token != "" {
		p, err := s.offer(ctx, now, token)
		if !errors.Is(err, errTokenUseless) {
			return reply{profile: p}, err
		}
		s.Log.InfoContext(ctx, "enrollment request with a useless token", "reason", err)
	}
	c, err := s.knock(ctx, now, info, origin)
	return reply{challenge: c}, err
}

// welcome says whether this kind of phone may enroll at the moment; nil is a yes. One whose system is too old may knock:
// the page can tell its person what to do, and the phone's own screen cannot.
func welcome(now settings.Settings, ready bool, info MachineInfo, origin pki.Origin, signedIn bool) *refusal {
	unwelcome := Welcome(now, Family(info.Product), systemOf(info.OSVersion, info.Build))
	var old *OldError
	switch {
	case !ready:
		return &refusal{status: http.StatusServiceUnavailable, reason: "not_ready", origin: origin}
	case errors.Is(unwelcome, ErrClosed):
		return &refusal{status: http.StatusForbidden, reason: "closed", origin: origin}
	case origin == pki.OriginUnknown && now.Enrollment.UnknownDevices == settings.Refuse:
		return &refusal{status: http.StatusForbidden, reason: "unknown_device", origin: origin}
	case errors.Is(unwelcome, ErrKind):
		return &refusal{status: http.StatusForbidden, reason: "kind", err: fmt.Errorf("product %q", info.Product), origin: origin}
	case errors.As(unwelcome, &old) && signedIn:
		return &refusal{status: http.StatusForbidden, reason: "os_old", err: unwelcome, origin: origin}
	}
	return nil
}

// say is Apple's error document with the reason in the person's words. Whether a phone shows it at this point is for a
// real one to tell (docs/PROTOCOL.md, 10).
func (s *Server) say(ctx context.Context, now settings.Settings, info MachineInfo, accepted string, no *refusal) []byte {
	key := map[string]text.Key{"not_ready": "n.not_ready", "closed": "n.closed", "os_old": "n.os"}[no.reason]
	if key == "" {
		key = "n.kind"
	}
	catalog, err := s.Text.Current(ctx)
	if err != nil {
		s.Log.ErrorContext(ctx, "read the texts", "err", err) // the words that were read last will do
	}
	l := catalog.Match(now.Language, info.Language, accepted)
	body, err := json.Marshal(wellKnownFailed{
		Code: "com.apple.well-known.failed", Description: no.reason,
		Message: catalog.Text(l, key, refusalWords(now, Family(info.Product))),
	})
	if err != nil {
		return nil // it cannot be: three strings
	}
	return body
}

// knock begins an attempt and sends the person to the sign-in pages.
func (s *Server) knock(ctx context.Context, now settings.Settings, info MachineInfo, origin pki.Origin) (string, error) {
	full := !s.limit.roomForOne()
	session, err := secret()
	if err != nil {
		return "", err
	}
	a := Attempt{
		ID: db.NewID(), Ref: reference(), Step: StepKnocked, Origin: string(origin),
		Language: info.Language, Product: info.Product, Build: info.Build, OSVersion: info.OSVersion,
	}
	err = s.DB.Update(ctx, func(tx *db.Tx) error {
		if full { // of strangers, for all we know: nobody is refused for their sake
			if _, err := s.forgetUnanswered(tx, tx.Now, 1); err != nil {
				return err
			}
		}
		if err := begin(tx, a, session); err != nil {
			return err
		}
		return s.Events.Add(tx, event.Event{Kind: Knocked, Actor: "phone", Attempt: a.ID, Params: map[string]string{
			"ref": a.Ref, "product": a.Product, "build": a.Build, "language": a.Language, "origin": a.Origin,
		}})
	})
	if err != nil {
		return "", err
	}
	s.Log.InfoContext(ctx, "phone knocked", "attempt", a.ID, "ref", a.Ref, "product", a.Product, "build", a.Build, "origin", a.Origin)
	return challenge(now.URL, session), nil
}

// challenge is the value of WWW-Authenticate that opens the sign-in pages. The session is in the path, because the phone
// replaces the query of the url by its own. Apple prints the comma between the parameters.
func challenge(url, session string) string {
	return `Bearer method="apple-as-web", url="` + url + SignInPath + session + `"`
}

// errTokenUseless says that a token does not open a profile (any more). The phone is sent to sign in afresh.
var errTokenUseless = errors.New("token unknown, expired or used for an enrollment")

// offer makes the profile for the phone that brings a token. The phone may ask again; the profile is the same but for
// its challenge, and only the newest challenge works.
func (s *Server) offer(ctx context.Context, now settings.Settings, token AccessToken) ([]byte, error) {
	var a Attempt
	var c pki.Challenge
	var push apns.Certificate
	words, err := s.Text.Current(ctx)
	if err != nil {
		return nil, err
	}
	err = s.DB.Update(ctx, func(tx *db.Tx) (err error) {
		g, err := grantOf(tx, token)
		if err != nil {
			return fmt.Errorf("%w: %w", errTokenUseless, err)
		}
		if a, err = attempt(tx, g.Attempt); err != nil {
			return err
		}
		if a.Again() || (a.Step != StepSignedIn && a.Step != StepOffered) {
			return fmt.Errorf("%w: attempt %s is %s", errTokenUseless, a.ID, a.Step)
		}
		if push, err = s.APNS.Current(tx); err != nil {
			return err
		}
		if c, err = s.PKI.NewChallenge(tx, pki.Subject{Attempt: a.ID, Person: a.Person}, challengeLife); err != nil {
			return err
		}
		a.Step, a.Reason = StepOffered, ""
		if err := save(tx, a); err != nil {
			return err
		}
		if err := prolongToken(tx, token); err != nil { // between the profile and Authenticate stands the sign-in at Apple
			return err
		}
		return s.Events.Add(tx, event.Event{Kind: Offered, Actor: "phone", Attempt: a.ID, Person: a.Person, Params: map[string]string{
			"ref": a.Ref, "managed_account": a.ManagedAccount, "nickname": a.Nickname, "group": a.Group, "same": a.Same,
		}})
	})
	if err != nil {
		return nil, err
	}
	signed, err := s.profile(words, now, a, c, push.Topic)
	if err != nil {
		return nil, fmt.Errorf("make the enrollment profile: %w", err)
	}
	s.Log.InfoContext(ctx, "profile offered", "attempt", a.ID, "ref", a.Ref, "person", a.Person)
	return signed, nil
}

// profile builds and signs the enrollment profile of an attempt, in the language of its phone.
func (s *Server) profile(catalog *text.Catalog, now settings.Settings, a Attempt, c pki.Challenge, topic string) ([]byte, error) {
	l := catalog.Match(now.Language, a.Chosen, a.Language)
	v := words(now, Family(a.Product))
	e := profile.Enrollment{
		Identifier:   ProfileIdentifier(now.URL),
		DisplayName:  catalog.Text(l, "f.profile_name", v),
		Description:  catalog.Text(l, "f.profile_description", v),
		Organization: catalog.Text(l, "f.organization", v),
		Seed:         a.ID,
		SCEP: profile.SCEP{
			URL: now.URL + "/scep", Name: "gatehouse", Challenge: string(c), Subject: "enrollment " + a.Ref,
		},
		MDM: profile.MDM{
			Topic: topic, ServerURL: now.URL + "/mdm", CheckInURL: now.URL + "/mdm/checkin", ManagedAccount: a.ManagedAccount,
		},
	}
	if s.PKI.PrivateTLS() {
		e.Anchor = s.PKI.Anchor().Raw
		e.AnchorName, e.AnchorDescription = catalog.Text(l, "f.ca_name", v), catalog.Text(l, "f.ca_description", v)
	}
	content, err := e.Encode()
	if err != nil {
		return nil, err
	}
	return s.PKI.Sign(content)
}

// ProfileIdentifier is the PayloadIdentifier of the enrollment profile of the server at url: the name of its host turned
// around. It must stay, since a renewed profile replaces the one of the same identifier.
func ProfileIdentifier(url string) string {
	host := strings.Split(settings.Settings{URL: url}.Host(), ".")
	slices.Reverse(host)
	return strings.Join(append(host, "gatehouse", "enrollment"), ".")
}
