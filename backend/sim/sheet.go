package sim

import (
	"context"
	"fmt"
	"mime"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
)

const (
	callbackScheme = "apple-remotemanagement-user-login"
	callbackHost   = "authentication-results"
)

// Sheet is the web sheet that an iPhone opens for the sign-in: a browser with cookies and, in our case, without scripts.
type Sheet struct {
	phone  *Phone
	jar    http.CookieJar
	page   *page
	at     *url.URL
	policy string // Referrer-Policy of the page
	csp    []string
	token  string // of the callback

	headings []string // of the pages so far
}

// Text is what a person reads on the page.
func (s *Sheet) Text() string { return s.page.text }

// HTML is the page as it came.
func (s *Sheet) HTML() string { return s.page.source }

// Title is the title of the page.
func (s *Sheet) Title() string { return s.page.title }

// Language is the language the page says it is written in.
func (s *Sheet) Language() string { return s.page.language }

// URL is the address of the page.
func (s *Sheet) URL() string { return s.at.String() }

// Prefilled is what stands in the field for the user identifier.
func (s *Sheet) Prefilled() string {
	for _, f := range s.page.forms {
		if fd := f.find(isIdentifier); fd != nil {
			return fd.value
		}
	}
	return ""
}

// open loads the first page: the challenge's address with its query replaced (docs/PROTOCOL.md, 4).
func (p *Phone) open(ctx context.Context, challenge Challenge) (*Sheet, error) {
	u, err := url.Parse(challenge.URL)
	if err != nil {
		return nil, fmt.Errorf("open web sheet: %w", err)
	}
	u.RawQuery, u.Fragment = query("user-identifier", p.identifier), ""
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, fmt.Errorf("open web sheet: %w", err)
	}
	s := &Sheet{phone: p, jar: jar, page: &page{}}
	return s, s.load(ctx, http.MethodGet, u, nil, nil)
}

// follow opens a link of the page.
func (s *Sheet) follow(ctx context.Context, href string) error {
	u, err := s.at.Parse(href)
	if err != nil {
		return fmt.Errorf("follow %q: %w", href, err)
	}
	return s.load(ctx, http.MethodGet, u, nil, nil)
}

// submit sends a form of the page.
func (s *Sheet) submit(ctx context.Context, f *form, values url.Values) error {
	u, err := s.at.Parse(f.action)
	if err != nil {
		return fmt.Errorf("submit to %q: %w", f.action, err)
	}
	if !allowed(s.csp, s.at, u) {
		return refuse("form-action", sourceFormAction, "the page forbids its own form to go to %s", u)
	}
	if f.method != http.MethodPost {
		u.RawQuery = values.Encode()
		return s.load(ctx, http.MethodGet, u, nil, nil)
	}
	header := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}, "Origin": {s.at.Scheme + "://" + s.at.Host}}
	if s.policy == "no-referrer" {
		header.Set("Origin", "null") // as the Fetch standard has it: a trap for origin checks
	}
	return s.load(ctx, http.MethodPost, u, header, []byte(values.Encode()))
}

// load goes to an address and through its redirects until a page or the callback.
func (s *Sheet) load(ctx context.Context, method string, u *url.URL, header http.Header, body []byte) error {
	csp, from := s.csp, s.at
	for range 20 {
		if u.Scheme != "https" {
			return refuse("sheet-scheme", sourceSignIn, "the sheet is sent to %s", u)
		}
		h := header.Clone()
		if h == nil {
			h = http.Header{}
		}
		site := "none"
		if from != nil {
			site = "same-origin"
			if from.Host != u.Host {
				site = "cross-site"
			}
			if s.policy != "no-referrer" {
				h.Set("Referer", from.Scheme+"://"+from.Host+"/")
			}
		}
		h.Set("Sec-Fetch-Site", site)
		h.Set("Sec-Fetch-Mode", "navigate")
		h.Set("Sec-Fetch-Dest", "document")
		h.Set("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8")
		h.Set("Accept-Language", s.phone.o.Language)
		h.Set("User-Agent", "Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 Mobile/15E148 Safari/604.1")
		answer, err := s.phone.do(ctx, request{method, u.String(), h, body}, stay, s.jar)
		if err != nil {
			return fmt.Errorf("web sheet: %w", err)
		}
		if answer.Status < 300 || answer.Status > 399 {
			return s.show(u, answer)
		}
		next, err := u.Parse(answer.Header.Get("Location"))
		if err != nil {
			return fmt.Errorf("web sheet: redirect to %q: %w", answer.Header.Get("Location"), err)
		}
		if next.Scheme == callbackScheme {
			if method == http.MethodPost && !allowed(csp, from, next) {
				return refuse("form-action", sourceFormAction,
					"the page's form-action does not name %s:, so a browser may stop the redirect back to the phone", callbackScheme)
			}
			return s.callback(answer, next)
		}
		if answer.Status != http.StatusTemporaryRedirect && answer.Status != http.StatusPermanentRedirect {
			method, body, header = http.MethodGet, nil, nil
		}
		u = next
	}
	return refuse("redirect-loop", sourceTLS, "more than twenty redirects in the sheet")
}

// show puts an answer on the screen. An error status ends the enrollment.
func (s *Sheet) show(u *url.URL, a Answer) error {
	if a.Status != http.StatusOK {
		return statusError("web sheet", a)
	}
	if kind, _, _ := mime.ParseMediaType(a.Header.Get("Content-Type")); kind != "text/html" {
		return refuse("sheet-content-type", sourceSignIn, "the sheet got %q instead of a page", kind)
	}
	s.at, s.page = u, readPage(a.Body)
	if s.page.heading != "" {
		s.headings = append(s.headings, s.page.heading)
	}
	s.policy = a.Header.Get("Referrer-Policy")
	s.csp = a.Header.Values("Content-Security-Policy")
	return nil
}

// callback reads the hand-back to the phone: 308, empty, one access token.
func (s *Sheet) callback(a Answer, u *url.URL) error {
	switch {
	case a.Status != http.StatusPermanentRedirect:
		return refuse("sheet-308", sourceSignIn, "the hand-back has status %d, 308 is needed", a.Status)
	case len(a.Body) > 0:
		return refuse("sheet-308-body", sourceSignIn, "the hand-back has a body of %d bytes, it must be empty", len(a.Body))
	case u.Host != callbackHost:
		return refuse("callback-host", sourceSignIn, "the host is %q, %s is needed", u.Host, callbackHost)
	}
	items, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return refuse("callback-query", sourceSignIn, "%v", err)
	}
	if len(items) != 1 || len(items["access-token"]) != 1 || items.Get("access-token") == "" {
		return refuse("callback-query", sourceSignIn, "one query item access-token is needed, there is %d", len(items))
	}
	if strings.ContainsFunc(items.Get("access-token"), func(r rune) bool { return r <= ' ' || r > '~' || r == '"' || r == ',' }) {
		return refuse("callback-token", sourceSignIn, "the token has characters that do not fit into a header")
	}
	s.token = items.Get("access-token")
	return nil
}

// allowed says whether the form-action of the page's policies lets a form go to an address. Redirects count as well:
// WebKit and Chromium have both stopped them at times.
func allowed(policies []string, page, to *url.URL) bool {
	for _, policy := range policies {
		for directive := range strings.SplitSeq(policy, ";") {
			words := strings.Fields(directive)
			if len(words) == 0 || !strings.EqualFold(words[0], "form-action") {
				continue
			}
			ok := false
			for _, w := range words[1:] {
				switch {
				case w == "'self'":
					ok = ok || page != nil && to.Scheme == page.Scheme && to.Host == page.Host
				case w == "*":
					ok = ok || to.Scheme == "https"
				case strings.HasSuffix(w, ":"):
					ok = ok || to.Scheme == strings.TrimSuffix(w, ":")
				case strings.HasPrefix(w, callbackScheme+"://"):
					ok = ok || to.Scheme == callbackScheme
				default:
					ok = ok || to.Host == strings.TrimPrefix(w, "https://")
				}
			}
			if !ok {
				return false
			}
		}
	}
	return true
}
