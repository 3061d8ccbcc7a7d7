package doctor

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"example.org/gatehouse/backend/event"
	"example.org/gatehouse/backend/settings"
)

// patience is how long one look may take.
const patience = 5 * time.Second

func found(code string, level event.Level, params ...string) event.Finding {
	f := event.Finding{Code: code, Level: level, Params: map[string]string{}}
	for i := 0; i+1 < len(params); i += 2 {
		f.Params[params[i]] = params[i+1]
	}
	return f
}

// lookAtServer connects to our own listener under the names that phones use, and asks what they ask first.
func (d *Doctor) lookAtServer(ctx context.Context) []event.Finding {
	now, err := d.Settings.Get(ctx)
	if err != nil {
		d.Log.ErrorContext(ctx, "settings not read", "err", err)
		return []event.Finding{found("settings_unreadable", event.Broken)}
	}
	address := d.Public()
	if address == "" {
		return []event.Finding{found("server_stopped", event.Broken)}
	}
	client, err := d.client(address)
	if err != nil {
		return []event.Finding{found("server_unreachable", event.Broken, "url", now.URL, "detail", err.Error())}
	}
	defer client.CloseIdleConnections()
	list := []event.Finding{lookAtURL(ctx, client, now.URL)}
	if !now.Enrollment.Open {
		return append(list, found("enrollment_closed", event.Attention)) // somebody wanted it; the screens say how to open it
	}
	if d.topic(ctx) != nil {
		return list // without a push certificate discovery refuses everybody, and the finding about that says why
	}
	for _, domain := range now.Domains {
		list = append(list, lookAtDiscovery(ctx, client, now, domain))
	}
	return list
}

// client reaches our own listener whatever name it asks for, and trusts what a phone would: the public authorities and
// our own.
func (d *Doctor) client(address string) (*http.Client, error) {
	roots, err := d.roots()
	if err != nil {
		return nil, err
	}
	dialer := &net.Dialer{Timeout: patience}
	return &http.Client{
		Timeout: patience,
		Transport: &http.Transport{
			TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
			DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
				return dialer.DialContext(ctx, network, address)
			},
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}, nil
}

func (d *Doctor) roots() (*x509.CertPool, error) {
	roots, err := x509.SystemCertPool()
	if err != nil {
		roots = x509.NewCertPool() // a system without authorities of its own still has ours
	}
	if !roots.AppendCertsFromPEM(d.PKI.AnchorPEM()) {
		return nil, errors.New("our own trust anchor cannot be read")
	}
	return roots, nil
}

// answer is what was said to a question.
type answer struct {
	status      int
	contentType string
	body        []byte
}

func ask(ctx context.Context, client *http.Client, address string) (answer, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return answer{}, err
	}
	response, err := client.Do(request)
	if err != nil {
		return answer{}, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, 64<<10))
	return answer{response.StatusCode, response.Header.Get("Content-Type"), body}, err
}

func lookAtURL(ctx context.Context, client *http.Client, address string) event.Finding {
	a, err := ask(ctx, client, address+"/healthz")
	switch problem := certificateProblem(err); {
	case problem != "":
		return found("server_certificate_wrong", event.Broken, "url", address, "problem", problem, "detail", err.Error())
	case err != nil:
		return found("server_unreachable", event.Broken, "url", address, "detail", err.Error())
	case a.status != http.StatusOK:
		return found("server_unwell", event.Broken, "url", address, "status", strconv.Itoa(a.status))
	}
	return found("server_good", event.Good, "url", address)
}

// certificateProblem says in a word why a phone would not trust the certificate, or nothing.
func certificateProblem(err error) string {
	var unknown x509.UnknownAuthorityError
	var name x509.HostnameError
	var invalid x509.CertificateInvalidError
	switch {
	case errors.As(err, &name):
		return "name"
	case errors.As(err, &unknown):
		return "authority"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "expired"
	case errors.As(err, &invalid):
		return "invalid"
	}
	return ""
}

// lookAtDiscovery asks the question with which every enrollment begins.
// https://developer.apple.com/documentation/devicemanagement/discover-authentication-servers
func lookAtDiscovery(ctx context.Context, client *http.Client, now settings.Settings, domain string) event.Finding {
	question := "https://" + domain + "/.well-known/com.apple.remotemanagement?" + url.Values{
		"user-identifier": {"doctor@" + domain}, "model-family": {"iPhone"},
	}.Encode()
	a, err := ask(ctx, client, question)
	if certificateProblem(err) != "" {
		// The domain's web host may answer with a certificate of its own; ours need not name the domain then.
		return found("discovery_certificate", event.Attention, "domain", domain, "url", now.URL)
	}
	problem := ""
	switch {
	case err != nil:
		problem = "unreachable"
	case a.status == http.StatusForbidden:
		return found("discovery_refused", event.Attention, "domain", domain)
	case a.status != http.StatusOK:
		problem = "status"
	default:
		problem = discoveryProblem(a)
	}
	if problem != "" {
		return found("discovery_wrong", event.Broken, "domain", domain, "problem", problem)
	}
	return found("discovery_good", event.Good, "domain", domain)
}

// discoveryProblem says which rule of discovery the answer breaks, or nothing.
func discoveryProblem(a answer) string {
	if kind, _, err := mime.ParseMediaType(a.contentType); err != nil || kind != "application/json" {
		return "content_type"
	}
	var document struct {
		Servers []struct{ Version, BaseURL string }
	}
	if err := json.Unmarshal(a.body, &document); err != nil {
		return "not_json"
	}
	for _, s := range document.Servers {
		if s.Version == "mdm-byod" {
			if !strings.HasPrefix(s.BaseURL, "https://") {
				return "not_https"
			}
			return ""
		}
	}
	return "no_server"
}

// lookAtNames asks what the names resolve to. Phones elsewhere may see other answers; what nobody resolves is no good.
func (d *Doctor) lookAtNames(ctx context.Context) []event.Finding {
	now, err := d.Settings.Get(ctx)
	if err != nil || !now.Complete() {
		return nil // lookAtServer has said so
	}
	list := []event.Finding{d.LookAtHost(ctx, now.Host())}
	for _, domain := range now.Domains {
		if domain == now.Host() {
			continue
		}
		if f := d.LookAtHost(ctx, domain); f.Level != event.Good {
			f.Code = "domain_" + strings.TrimPrefix(f.Code, "host_")
			list = append(list, f)
		}
	}
	return list
}

// LookAtHost says whether phones can find a name.
func (d *Doctor) LookAtHost(ctx context.Context, host string) event.Finding {
	return LookAtHost(ctx, d.Lookup, host)
}

// LookAtHost is [Doctor.LookAtHost] for those who have no doctor yet.
func LookAtHost(ctx context.Context, lookup func(context.Context, string) ([]string, error), host string) event.Finding {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	addresses := []string{host}
	if _, err := netip.ParseAddr(host); err != nil {
		addresses, err = lookup(ctx, host)
		if err != nil || len(addresses) == 0 {
			return found("host_unknown", event.Attention, "host", host)
		}
	}
	params := []string{"host", host, "addresses", strings.Join(addresses, ", ")}
	if !slices.ContainsFunc(addresses, func(s string) bool { a, err := netip.ParseAddr(s); return err == nil && !a.IsLoopback() }) {
		return found("host_loopback", event.Attention, params...)
	}
	return found("host_good", event.Good, params...)
}
