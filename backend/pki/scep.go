package pki

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/smallstep/pkcs7"
	"github.com/smallstep/scep"

	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/event"
)

// maxRequest is the most that a SCEP client may post. A real request has 2 to 6 kB.
const maxRequest = 64 << 10

// capabilities is the answer to GetCACaps, RFC 8894 section 3.5.2. There is no DES3 in it: clients that ask are to use AES.
// SHA-384 is no word of the RFC, but strongSwan 5.9.8, which Debian 12 has, takes no server without it.
const capabilities = "AES\nPOSTPKIOperation\nSHA-256\nSHA-384\nSHA-512\nSCEPStandard\nRenewal\n"

// Routes adds the SCEP door, RFC 8894. It is open to anybody; the challenge inside of the request decides.
func (a *Authority) Routes(mux *http.ServeMux) {
	mux.HandleFunc("GET /scep", a.scep)
	mux.HandleFunc("POST /scep", a.scep)
}

// scep answers the three operations of RFC 8894. Clients differ in how they write them: the name of the operation comes in
// any case, POST without a Content-Type.
func (a *Authority) scep(w http.ResponseWriter, r *http.Request) {
	operation, message := scepQuery(r.URL.RawQuery)
	switch strings.ToLower(operation) {
	case "getcacaps":
		w.Header().Set("Content-Type", "text/plain")
		_, _ = io.WriteString(w, capabilities)
	case "getcacert":
		a.authorities(w)
	case "pkioperation":
		a.operation(w, r, message)
	default:
		a.unreadable(r.Context(), w, http.StatusBadRequest, fmt.Errorf("operation %.20q", operation))
	}
}

// authorities sends both authorities as degenerate CMS: the one that requests are encrypted to, and the one that signs.
func (a *Authority) authorities(w http.ResponseWriter) {
	der, err := pkcs7.DegenerateCertificate(append(append([]byte(nil), a.registration.certificate.Raw...), a.device.certificate.Raw...))
	if err != nil {
		a.log.Error("authorities not sent", "err", err)
		http.Error(w, "", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/x-x509-ca-ra-cert")
	_, _ = w.Write(der)
}

// operation turns a message into a CertRep. A refusal is a CertRep too, wherever the request could be read.
func (a *Authority) operation(w http.ResponseWriter, r *http.Request, message string) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequest))
	if err != nil {
		a.unreadable(r.Context(), w, http.StatusRequestEntityTooLarge, err)
		return
	}
	if len(body) == 0 { // some clients post with the message in the query, or in both places
		body = []byte(message)
	}
	select {
	case a.requests <- struct{}{}:
		defer func() { <-a.requests }()
	case <-r.Context().Done():
		return
	}
	reply, err := a.certify(r.Context(), body)
	switch {
	case errors.Is(err, errUnreadable):
		a.unreadable(r.Context(), w, http.StatusBadRequest, err)
	case err != nil:
		a.log.ErrorContext(r.Context(), "certificate request failed", "err", err)
		http.Error(w, "try again later", http.StatusServiceUnavailable)
	default:
		w.Header().Set("Content-Type", "application/x-pki-message")
		_, _ = w.Write(reply)
	}
}

// unreadable turns away what has no sender to answer.
func (a *Authority) unreadable(ctx context.Context, w http.ResponseWriter, status int, err error) {
	a.log.WarnContext(ctx, "certificate request unreadable", "err", err)
	w.WriteHeader(status)
}

// certify reads a request, decides, and writes the answer.
func (a *Authority) certify(ctx context.Context, body []byte) ([]byte, error) {
	message, err := decodeMessage(body)
	if err != nil {
		return nil, err
	}
	request, err := a.readRequest(message)
	if request == nil {
		return nil, err
	}
	if err == nil {
		var reply []byte
		if reply, err = a.grant(ctx, request); err == nil {
			return reply, nil
		}
	}
	var refused *refusal
	if !errors.As(err, &refused) {
		return nil, err
	}
	a.log.WarnContext(ctx, "certificate refused", "err", refused, "renewal", request.signer != "")
	if err := a.remember(ctx, request, refused.reason); err != nil {
		return nil, err
	}
	return a.failure(request, refused.info)
}

// grant issues what a request may get. The certificate is signed between two looks at the database: after the first, so
// that strangers cannot keep us busy signing, and before the second, which spends the challenge and stores the identity
// together.
func (a *Authority) grant(ctx context.Context, r *certificateRequest) ([]byte, error) {
	if err := usableRecipient(r.requester); err != nil {
		return nil, &refusal{scep.BadAlg, err}
	}
	var allowed entitlement
	err := a.db.View(ctx, func(tx *db.Tx) (err error) {
		allowed, err = a.entitled(tx, r, peek)
		return err
	})
	if err != nil {
		return nil, refuse(err)
	}
	if allowed.already != nil {
		return a.success(r, allowed.already)
	}
	fresh, err := issue(a.device, a.identityTemplate(r, allowed.subject), r.key)
	if err != nil {
		return nil, err
	}
	certificate := fresh
	err = a.db.Update(ctx, func(tx *db.Tx) error {
		now, err := a.entitled(tx, r, spend)
		if err != nil {
			return err
		}
		if certificate = now.already; certificate != nil { // the same request, twice at once
			return nil
		}
		certificate = fresh
		return a.store(tx, r, now, fresh)
	})
	if err != nil {
		return nil, refuse(err)
	}
	return a.success(r, certificate)
}

// refuse turns what entitled says into an answer. What is not the client's fault stays an error.
func refuse(reason error) error {
	switch {
	case errors.Is(reason, ErrChallengeUsed), errors.Is(reason, errTooManyRenewals):
		return &refusal{scep.BadRequest, reason}
	case errors.Is(reason, ErrUnknownIdentity), errors.Is(reason, ErrRevokedIdentity):
		return &refusal{scep.BadCertID, reason}
	case errors.Is(reason, errExpiredIdentity):
		return &refusal{scep.BadTime, reason}
	}
	return reason
}

// remember writes a refusal into the timeline of the attempt whose challenge or identity was used. A made-up challenge
// belongs to nobody and leaves no trace but the log's. What is sent again and again is written once an hour.
func (a *Authority) remember(ctx context.Context, r *certificateRequest, reason error) error {
	if r.challenge == "" && r.signer == "" {
		return nil
	}
	e := event.Event{Kind: Refused, Actor: "phone", Params: map[string]string{"reason": reasonCode(reason)}}
	err := a.db.View(ctx, func(tx *db.Tx) error {
		return tx.Row(`
			SELECT attempt, person, enrollment FROM identities WHERE challenge = $1
			UNION ALL
			SELECT attempt, person, enrollment FROM challenges WHERE digest = $1
			UNION ALL
			SELECT attempt, person, enrollment FROM identities WHERE fingerprint = $2
			LIMIT 1`, r.challenge.digest(), r.signer).Scan(&e.Attempt, &e.Person, &e.Enrollment)
	})
	if noRows(err) {
		return nil
	}
	if err == nil && a.refusals.first(e.Attempt+" "+e.Params["reason"], a.db.Now()) {
		err = a.db.Update(ctx, func(tx *db.Tx) error { return a.events.Add(tx, e) })
	}
	if err != nil {
		return fmt.Errorf("remember refused request: %w", err)
	}
	return nil
}

// refusals remembers what was written lately, so that the timeline can be filled by nobody.
type refusals struct {
	mu   sync.Mutex
	last map[string]time.Time // guarded by mu
}

const (
	refusalPause = time.Hour
	refusalsMost = 100
)

// first says whether this has not been written lately.
func (r *refusals) first(what string, now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	maps.DeleteFunc(r.last, func(_ string, t time.Time) bool { return now.Sub(t) >= refusalPause })
	if _, ok := r.last[what]; ok || len(r.last) >= refusalsMost {
		return false
	}
	r.last[what] = now
	return true
}

func reasonCode(err error) string {
	switch {
	case errors.Is(err, ErrRevokedIdentity):
		return "revoked"
	case errors.Is(err, errExpiredIdentity):
		return "expired"
	case errors.Is(err, errTooManyRenewals):
		return "too_many_renewals"
	case errors.Is(err, ErrChallengeUsed):
		return "challenge"
	case errors.Is(err, errAlgorithm):
		return "key"
	}
	return "request"
}

// scepQuery reads the query of a SCEP request. It is not a form: a plus sign is a letter of base64 there, which some
// clients escape and some do not.
func scepQuery(raw string) (operation, message string) {
	for part := range strings.SplitSeq(raw, "&") {
		name, value, _ := strings.Cut(part, "=")
		value, err := url.PathUnescape(value)
		if err != nil {
			continue
		}
		switch strings.ToLower(name) {
		case "operation":
			operation = value
		case "message":
			message = value
		}
	}
	return operation, message
}

// decodeMessage takes a message as it comes: plain, or in one of the alphabets of base64, with or without padding.
func decodeMessage(b []byte) ([]byte, error) {
	if len(b) > 0 && b[0] == 0x30 { // a SEQUENCE; base64 of one begins with M
		return b, nil
	}
	text := strings.NewReplacer("-", "+", "_", "/", " ", "+", "=", "", "\r", "", "\n", "").Replace(string(b))
	der, err := base64.RawStdEncoding.DecodeString(text)
	if err != nil || len(der) == 0 {
		return nil, fmt.Errorf("%w: neither DER nor base64", errUnreadable)
	}
	return der, nil
}
