package mdm

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/event"
)

// Routes adds the two addresses that a phone calls once it has its profile.
func (s *Server) Routes(mux *http.ServeMux) {
	mux.Handle("PUT /mdm/checkin", s.handle(checkInLimit, s.checkIn))
	mux.Handle("PUT /mdm", s.handle(resultLimit, s.next))
}

// handle turns what a handler returns into one answer and, where somebody should know, one log line. Nobody else
// chooses a status; docs/PROTOCOL.md says what each means to a phone.
func (s *Server) handle(limit int64, h func(context.Context, caller, []byte) (reply, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer, err := s.hear(w, r, limit, h)
		var refused *refusal
		var tooLarge *http.MaxBytesError
		switch {
		case err == nil && answer.challenge != "":
			s.log.InfoContext(r.Context(), "person has to sign in again", "reason", "token", "enrollment", answer.enrollment)
			signInAgain(w, answer.challenge)
		case err == nil:
			write(w, answer)
		case errors.Is(err, errDismissed):
			write(w, unrecognized)
		case errors.As(err, &tooLarge):
			s.log.WarnContext(r.Context(), "message refused", "reason", "too_large", "limit", limit, "remote", r.RemoteAddr)
			w.WriteHeader(http.StatusRequestEntityTooLarge)
		case errors.As(err, &refused):
			s.turnedAway(r, err, refused)
			w.WriteHeader(http.StatusBadRequest) // the phone keeps what it wanted to say and comes again
		default:
			s.log.ErrorContext(r.Context(), "message not handled", "path", r.URL.Path, "err", err)
			w.WriteHeader(http.StatusServiceUnavailable) // not the phone's fault; it comes again
		}
	})
}

// hear reads a message once, proves its signature over those bytes, and only then has it taken apart. Of those who do not
// even name an identity of ours, nothing is read.
func (s *Server) hear(w http.ResponseWriter, r *http.Request, limit int64, h func(context.Context, caller, []byte) (reply, error)) (reply, error) {
	header := r.Header.Get("Mdm-Signature")
	if header == "" {
		return reply{}, refuse("not_signed", nil)
	}
	signer, err := s.pki.Signer(header)
	if err != nil {
		return reply{}, refuse("bad_signature", err)
	}
	body, done, err := s.read(r.Context(), http.MaxBytesReader(w, r.Body, limit))
	defer done()
	if err != nil {
		return reply{}, err
	}
	if len(body) > parsedAtOnce {
		if err := take(r.Context(), s.large); err != nil {
			return reply{}, err
		}
		defer func() { <-s.large }()
	}
	signature, err := signer.Verify(body)
	if err != nil {
		return reply{}, refuse("bad_signature", err)
	}
	token := Bearer(r)
	digest := sha256.Sum256([]byte(token))
	return h(r.Context(), caller{fingerprint: signature.Fingerprint, token: token, digest: hex.EncodeToString(digest[:])}, body)
}

// Messages up to these sizes need no slot: to be read, and to be taken apart.
const (
	readAtOnce   = 256 << 10
	parsedAtOnce = 64 << 10
)

// read reads a body. One that turns out to be large waits for a slot before the rest of it is read; done gives it back.
func (s *Server) read(ctx context.Context, r io.Reader) (body []byte, done func(), err error) {
	done = func() {}
	var b bytes.Buffer
	_, err = io.CopyN(&b, r, readAtOnce)
	switch {
	case errors.Is(err, io.EOF):
		return b.Bytes(), done, nil
	case err != nil:
		return nil, done, err
	}
	if err := take(ctx, s.reading); err != nil {
		return nil, done, err
	}
	_, err = io.Copy(&b, r)
	return b.Bytes(), func() { <-s.reading }, err
}

// take takes a slot.
func take(ctx context.Context, slots chan struct{}) error {
	select {
	case slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Bearer is the token that a request brings, "" for none.
func Bearer(r *http.Request) string {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

// signInAgain sends the phone's person to the sign-in page. Without the challenge, a 401 would end the management: this
// is the one place that sends it.
func signInAgain(w http.ResponseWriter, challenge string) {
	w.Header().Set("WWW-Authenticate", challenge)
	w.Header().Set("Content-Length", "0")
	w.WriteHeader(http.StatusUnauthorized)
}

// errDismissed says that a phone calls whose management we have ended.
var errDismissed = errors.New("the management of this phone was ended")

// unrecognized tells a phone that it is not under our management. It then removes what is left of it.
// https://developer.apple.com/documentation/devicemanagement/errorcodeunrecognizeddevice
var unrecognized = reply{
	status: http.StatusForbidden, mime: "application/json",
	body: []byte(`{"code":"com.apple.unrecognized.device","message":"This device is no longer managed by your organization.",` +
		`"description":"The management of this enrollment was ended by the server."}`),
}

func write(w http.ResponseWriter, r reply) {
	if len(r.body) > 0 {
		if r.mime == "" {
			r.mime = "application/xml; charset=UTF-8"
		}
		w.Header().Set("Content-Type", r.mime)
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(r.body)))
	if r.status != 0 {
		w.WriteHeader(r.status)
	}
	w.Write(r.body)
}

// about names the enrollment that a refused message spoke of.
func about(err error, id string) error {
	if r, ok := errors.AsType[*refusal](err); ok {
		r.enrollment = id
	}
	return err
}

// turnedAway writes why a message was refused, and has an administrator hear of it if somebody spoke for another phone.
func (s *Server) turnedAway(r *http.Request, err error, refused *refusal) {
	ctx := r.Context()
	s.log.WarnContext(ctx, "message refused", "reason", refused.reason, "enrollment", refused.enrollment, "remote", r.RemoteAddr, "err", err)
	if !refused.event || !s.refused.first(refused.enrollment+" "+refused.reason, s.db.Now()) {
		return
	}
	err = s.db.Update(context.WithoutCancel(ctx), func(tx *db.Tx) error {
		return s.events.Add(tx, event.Event{
			Kind: Turned, Actor: "phone", Enrollment: refused.enrollment, Params: map[string]string{"reason": refused.reason},
		})
	})
	if err != nil {
		s.log.ErrorContext(ctx, "refusal not recorded", "err", err)
	}
}

// refusals keeps a hostile phone from filling the disk with events: one an hour for the same thing, and few in all.
type refusals struct {
	mu   sync.Mutex
	last map[string]time.Time // guarded by mu
}

const (
	refusalPause = time.Hour
	refusalsMost = 100
)

func newRefusals() *refusals { return &refusals{last: map[string]time.Time{}} }

// first says whether this has not been recorded lately.
func (r *refusals) first(what string, now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for k, t := range r.last {
		if now.Sub(t) >= refusalPause {
			delete(r.last, k)
		}
	}
	if _, ok := r.last[what]; ok || len(r.last) >= refusalsMost {
		return false
	}
	r.last[what] = now
	return true
}
