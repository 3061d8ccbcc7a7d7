package sim

import (
	"context"
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"golang.org/x/net/idna"
	"howett.net/plist"
)

const wellKnown = "/.well-known/com.apple.remotemanagement"

// Discovery is what the email domain said about its management service.
type Discovery struct {
	Version string
	BaseURL string
	URL     string // where the answer came from, after redirects
}

// Challenge is how the server wants the person to sign in.
type Challenge struct {
	Method string
	URL    string
}

// Discover asks the domain of a user identifier for its management service (docs/PROTOCOL.md, 2).
func (p *Phone) Discover(ctx context.Context, identifier string) (Discovery, error) {
	p.turn.Lock()
	defer p.turn.Unlock()
	err := p.discover(ctx, identifier)
	return p.discovered, err
}

func (p *Phone) discover(ctx context.Context, identifier string) error {
	return p.step("discover", func() error {
		found, err := p.askDomain(ctx, identifier)
		if err != nil {
			return err
		}
		p.set(func(s *state) {
			s.identifier, s.discovered = identifier, found
			s.machine, s.challenge, s.sheet, s.token, s.offered, s.fresh = nil, Challenge{}, nil, "", nil, nil
		})
		return nil
	})
}

func (p *Phone) askDomain(ctx context.Context, identifier string) (Discovery, error) {
	at := strings.LastIndexByte(identifier, '@')
	if at < 1 {
		return Discovery{}, refuse("identifier", sourceDiscovery, "%q has no domain", identifier)
	}
	domain, err := idna.Lookup.ToASCII(identifier[at+1:])
	if err != nil || !strings.Contains(domain, ".") {
		return Discovery{}, refuse("identifier", sourceDiscovery, "%q is no fully qualified domain name", identifier[at+1:])
	}
	answer, err := p.do(ctx, request{
		method: http.MethodGet,
		url:    "https://" + domain + wellKnown + "?" + query("user-identifier", identifier) + "&" + query("model-family", p.Family()),
		header: http.Header{"Accept": {"application/json"}, "User-Agent": {"DeviceManagementClient/1.0"}},
	}, stayAtHTTPS, nil)
	if err != nil {
		return Discovery{}, fmt.Errorf("discovery at %s: %w", domain, err)
	}
	if answer.Status != http.StatusOK {
		return Discovery{}, statusError("discovery at "+domain, answer)
	}
	if got := answer.Header.Get("Content-Type"); got != "application/json" {
		return Discovery{}, refuse("discovery-content-type", sourceDiscovery, "Content-Type is %q, exactly application/json is needed", got)
	}
	var document map[string]json.RawMessage // case counts
	if err := json.Unmarshal(answer.Body, &document); err != nil {
		return Discovery{}, refuse("discovery-json", sourceDiscovery, "%v", err)
	}
	var servers []map[string]any
	if err := json.Unmarshal(document["Servers"], &servers); err != nil {
		return Discovery{}, refuse("discovery-servers", sourceDiscovery, "Servers is no array of objects: %v", err)
	}
	if len(servers) != 1 {
		return Discovery{}, refuse("discovery-servers", sourceDiscovery, "Servers has %d items, one is needed", len(servers))
	}
	found := Discovery{URL: answer.URL}
	found.Version, _ = servers[0]["Version"].(string)
	found.BaseURL, _ = servers[0]["BaseURL"].(string)
	if found.Version != "mdm-byod" {
		return Discovery{}, refuse("discovery-version", sourceDiscovery, "Version is %q, mdm-byod is user enrollment", found.Version)
	}
	if err := httpsURL(found.BaseURL); err != nil {
		return Discovery{}, refuse("discovery-base-url", sourceDiscovery, "BaseURL %q: %v", found.BaseURL, err)
	}
	return found, nil
}

// Knock posts the signed MachineInfo for the first time and reads the challenge (docs/PROTOCOL.md, 3).
func (p *Phone) Knock(ctx context.Context) (Challenge, error) {
	p.turn.Lock()
	defer p.turn.Unlock()
	err := p.knock(ctx)
	return p.challenge, err
}

func (p *Phone) knock(ctx context.Context) error {
	return p.step("knock", func() error {
		if p.discovered.BaseURL == "" {
			return fmt.Errorf("knock: %w", ErrOrder)
		}
		machine, err := p.machineInfo()
		if err != nil {
			return err
		}
		answer, err := p.postMachine(ctx, machine, "")
		if err != nil {
			return err
		}
		switch {
		case answer.Status == http.StatusOK:
			return refuse("first-answer-401", sourceSignIn, "the first request was answered 200; an account-driven client needs 401 with a challenge")
		case answer.Status != http.StatusUnauthorized:
			return statusError("enrollment request", answer)
		}
		challenge, refusal := readChallenge(answer.Header)
		if refusal != nil {
			return refusal
		}
		p.set(func(s *state) { s.machine, s.challenge, s.sheet = machine, challenge, nil })
		return nil
	})
}

// MachineInfo is the signed enrollment request as this phone sends it.
func (p *Phone) MachineInfo() ([]byte, error) {
	p.turn.Lock()
	defer p.turn.Unlock()
	return p.machineInfo()
}

func (p *Phone) machineInfo() ([]byte, error) {
	device := p.o.Device
	if device == nil {
		authority, err := stranger()
		if err != nil {
			return nil, err
		}
		if device, err = authority.Issue(); err != nil {
			return nil, err
		}
		p.set(func(*state) { p.o.Device = device })
	}
	content, err := plist.MarshalIndent(map[string]any{
		"LANGUAGE":   p.o.Language,
		"PRODUCT":    p.o.Model,
		"VERSION":    p.o.Build,
		"OS_VERSION": p.o.OS,
	}, plist.XMLFormat, "\t")
	if err != nil {
		return nil, fmt.Errorf("write MachineInfo: %w", err)
	}
	return device.signAt(content, p.now())
}

func (p *Phone) postMachine(ctx context.Context, machine []byte, token string) (Answer, error) {
	header := http.Header{"Content-Type": {"application/pkcs7-signature"}, "User-Agent": {"DeviceManagementClient/1.0"}}
	if token != "" {
		header.Set("Authorization", "Bearer "+token)
	}
	answer, err := p.do(ctx, request{http.MethodPost, p.discovered.BaseURL, header, machine}, stayAtHTTPS, nil)
	if err != nil {
		return answer, fmt.Errorf("enrollment request: %w", err)
	}
	return answer, nil
}

// parameter is one name="value" of a challenge.
var parameter = regexp.MustCompile(`^[\s,]*([A-Za-z-]+)="([^"]*)"`)

// readChallenge reads the 401 of an account-driven service.
func readChallenge(h http.Header) (Challenge, *Refusal) {
	for _, value := range h.Values("WWW-Authenticate") {
		rest, ok := strings.CutPrefix(value, "Bearer ")
		if !ok {
			continue
		}
		found := map[string]string{}
		for {
			m := parameter.FindStringSubmatch(rest)
			if m == nil {
				break
			}
			found[m[1]] = m[2]
			rest = rest[len(m[0]):]
		}
		if strings.Trim(rest, " ,") != "" {
			return Challenge{}, refuse("challenge-syntax", sourceSignIn, "%q is left over; every value must be quoted", rest)
		}
		challenge := Challenge{Method: found["method"], URL: found["url"]}
		if challenge.Method != "apple-as-web" {
			return challenge, refuse("challenge-method", sourceSignIn, "method is %q, this phone knows apple-as-web", challenge.Method)
		}
		if err := httpsURL(challenge.URL); err != nil {
			return challenge, refuse("challenge-url", sourceSignIn, "url %q: %v", challenge.URL, err)
		}
		return challenge, nil
	}
	return Challenge{}, refuse("challenge-missing", sourceSignIn, "401 without WWW-Authenticate: Bearer")
}

// statusError reads Apple's error document, JSON or property list, if there is one.
func statusError(what string, a Answer) *StatusError {
	e := &StatusError{What: what, Status: a.Status, Body: a.Body}
	var document struct {
		Code    string `json:"code" plist:"code"`
		Message string `json:"message" plist:"message"`
	}
	switch kind, _, _ := mime.ParseMediaType(a.Header.Get("Content-Type")); kind {
	case "application/json":
		_ = json.Unmarshal(a.Body, &document) // an error document that cannot be read says nothing
	case "application/xml", "text/xml", "application/x-plist":
		_, _ = plist.Unmarshal(a.Body, &document)
	case "text/html":
		document.Message = textOf(a.Body)
	}
	e.Code, e.Message = document.Code, document.Message
	return e
}

func query(name, value string) string {
	return name + "=" + strings.ReplaceAll(url.QueryEscape(value), "+", "%20")
}

func httpsURL(raw string) error {
	u, err := url.Parse(raw)
	switch {
	case err != nil:
		return err
	case u.Scheme != "https":
		return fmt.Errorf("scheme is %q, https is needed", u.Scheme)
	case u.Hostname() == "":
		return fmt.Errorf("it has no host")
	}
	return nil
}
