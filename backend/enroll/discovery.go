package enroll

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"example.org/gatehouse/backend/apns"
	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/settings"
	"example.org/gatehouse/backend/text"
)

// discovery is the document that leads a phone here (Apple: "Onboarding users with account-driven enrollment"). The
// phone takes the first of the servers; the list must hold exactly one.
type discovery struct {
	Servers []discoveredServer `json:"Servers"`
}

type discoveredServer struct {
	Version string `json:"Version"`
	BaseURL string `json:"BaseURL"`
}

// wellKnownFailed is Apple's ErrorCodeWellKnownFailed. Message is shown by iOS 17.5 and later.
type wellKnownFailed struct {
	Code        string `json:"code"`
	Message     string `json:"message"`
	Description string `json:"description"`
}

// discover answers the phone's question for its server. Any Host will do: phones may come by a redirect from the mail
// domain, or by Apple's fallback of iOS 18.2.
func (s *Server) discover(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	now, no, err := s.look(ctx, r)
	var document any
	status := http.StatusOK
	switch {
	case err != nil:
		s.Log.ErrorContext(ctx, "discovery failed", "err", err)
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	case no.key != "":
		s.Log.InfoContext(ctx, "discovery refused", "reason", no.reason, "domain", no.domain, "family", no.family)
		catalog, err := s.Text.Current(ctx)
		if err != nil {
			s.Log.ErrorContext(ctx, "read the texts", "err", err) // the words that were read last will do
		}
		l := catalog.Match(now.Language, r.Header.Get("Accept-Language"))
		status = http.StatusForbidden
		document = wellKnownFailed{
			Code:        "com.apple.well-known.failed",
			Message:     catalog.Text(l, no.key, refusalWords(now, no.family)),
			Description: no.reason,
		}
	default:
		document = discovery{[]discoveredServer{{Version: "mdm-byod", BaseURL: now.URL + Path}}}
	}
	body, err := json.Marshal(document)
	if err != nil {
		s.Log.ErrorContext(ctx, "discovery failed", "err", err)
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "application/json") // exactly so: one client compares it strictly
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	w.Write(body)
}

// notHere says why discovery is refused. The zero value is a yes.
type notHere struct {
	key    text.Key // what the person reads
	reason string   // what the log says
	domain string
	family string
}

// look decides about a discovery query. Without an identifier the answer is yes: a redirect at the mail domain may have
// lost the query, and the phone does not bring it back.
func (s *Server) look(ctx context.Context, r *http.Request) (settings.Settings, notHere, error) {
	identifier, family, err := asked(r.URL.RawQuery)
	no := notHere{family: family}
	var now settings.Settings
	ready := true
	if err := s.DB.View(ctx, func(tx *db.Tx) (err error) {
		now, ready, err = s.ready(tx)
		return err
	}); err != nil {
		return now, no, err
	}
	unwelcome := Welcome(now, family, versionOfAgent(r.UserAgent()))
	switch {
	case !ready:
		no.key, no.reason = "n.not_ready", "the server is not set up, or has no push certificate"
	case err != nil:
		no.key, no.reason = "n.domain", err.Error()
	case unwelcome != nil:
		no.key, no.reason = nativeText(unwelcome), unwelcome.Error()
	case identifier != "":
		_, domain, _ := strings.Cut(identifier, "@")
		no.domain = settings.ASCIIDomain(domain)
		if !slices.Contains(now.Domains, no.domain) {
			no.key, no.reason = "n.domain", "the domain is not set up"
		} else if now.Enrollment.RefuseEarly && !s.mayEnroll(ctx, r, identifier) {
			no.key, no.reason = "n.person", "the person may not enroll"
		}
	}
	return now, no, nil
}

// mayEnroll says whether a person may enroll, before they have proved who they are. Whoever asks too often gets a yes,
// as for what cannot be told: the sign-in decides.
func (s *Server) mayEnroll(ctx context.Context, r *http.Request, identifier string) bool {
	if !s.limit.allow(address(r), s.DB.Now()) {
		return true
	}
	may, err := s.Directory.MayEnroll(ctx, identifier)
	if err != nil {
		s.Log.WarnContext(ctx, "not known whether a person may enroll", "err", err)
		return true
	}
	return may
}

// nativeText is what a phone shows by itself where we refuse it.
func nativeText(err error) text.Key {
	var old *OldError
	switch {
	case errors.Is(err, ErrClosed):
		return "n.closed"
	case errors.As(err, &old):
		return "n.os"
	default:
		return "n.kind"
	}
}

// ready says whether a phone that starts now could finish: we know our address, and can be pushed.
func (s *Server) ready(tx *db.Tx) (settings.Settings, bool, error) {
	now, err := s.Settings.In(tx)
	if err != nil {
		return now, false, err
	}
	if !now.Complete() {
		return now, false, nil
	}
	_, err = s.APNS.Current(tx)
	if errors.Is(err, apns.ErrNoCertificate) {
		return now, false, nil
	}
	return now, err == nil, err
}

// asked reads the query of discovery. Where an item comes twice, the first one counts. Phones leave a plus sign as it is
// (Foundation's URLComponents does), so it is one here, and not the blank that it stands for in a form.
func asked(query string) (identifier, family string, err error) {
	if len(query) > 2048 {
		return "", "", errors.New("the query is too long")
	}
	values, err := url.ParseQuery(strings.ReplaceAll(query, "+", "%2B"))
	if err != nil {
		return "", "", errors.New("the query cannot be read")
	}
	identifier, family = values.Get("user-identifier"), clean(values.Get("model-family"), 20)
	if identifier == "" {
		return "", family, nil
	}
	if err := checkIdentifier(identifier); err != nil {
		return "", family, err
	}
	return identifier, family, nil
}

// checkIdentifier accepts what can be a work account: name@domain in the letters of an e-mail address. What looks like
// markup, a directory filter or worse is refused before anybody has to be careful with it.
func checkIdentifier(identifier string) error {
	name, domain, found := strings.Cut(identifier, "@")
	switch {
	case len(identifier) > 254, len(name) > 64:
		return errors.New("the identifier is too long")
	case !utf8.ValidString(identifier):
		return errors.New("the identifier is not text")
	case !found || name == "" || domain == "":
		return errors.New("the identifier is not of the form name@domain")
	}
	for _, r := range name {
		if !unicode.IsLetter(r) && !unicode.IsMark(r) && !unicode.IsDigit(r) && !strings.ContainsRune(".!#$%&'*+-/=?^_`{|}~", r) {
			return fmt.Errorf("the identifier contains %U", r)
		}
	}
	for _, r := range domain {
		if !unicode.IsLetter(r) && !unicode.IsMark(r) && !unicode.IsDigit(r) && r != '-' && r != '.' {
			return fmt.Errorf("the domain contains %U", r)
		}
	}
	return nil
}
