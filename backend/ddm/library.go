package ddm

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/mdm"
	"example.org/gatehouse/backend/settings"
)

// Library has the declarations of this server and answers phones that ask for them.
type Library struct {
	db       *db.DB
	settings *settings.Store
	log      *slog.Logger
	tell     Tell
}

// New returns the library.
func New(d *db.DB, st *settings.Store, log *slog.Logger) *Library {
	l := &Library{db: d, settings: st, log: log}
	st.Follow(l.minimize)
	return l
}

// The names of our declarations. They stay: a phone knows a declaration by its identifier.
const (
	organizationInfo = "gatehouse.organization"
	subscriptions    = "gatehouse.status"
	activation       = "gatehouse.activation"
)

// declaration is one declaration as a phone reads it.
type declaration struct {
	kind        string // "activation", "asset", "configuration" or "management", as in the endpoint
	Type        string
	Identifier  string
	ServerToken string
	Payload     any
}

type (
	organization struct {
		Name  string
		Email string `json:",omitempty"`
		URL   string `json:",omitempty"`
	}
	statusItem         struct{ Name string }
	statusSubscription struct{ StatusItems []statusItem }
	simpleActivation   struct{ StandardConfigurations []string }
)

// item stands for a declaration in the list of all.
type item struct{ Identifier, ServerToken string }

// declarations are the four kinds. All must be there, if only as empty lists.
type declarations struct{ Activations, Assets, Configurations, Management []item }

type manifest struct {
	Declarations      declarations
	DeclarationsToken string
}

type syncTokens struct {
	DeclarationsToken string
	Timestamp         string
}

// shelf is all declarations at a moment.
type shelf struct {
	all   []declaration
	items declarations
	token string
}

// stock makes the declarations from the settings.
func stock(now settings.Settings) (shelf, error) {
	var items []statusItem
	for _, name := range mdm.Subscribed(now.Privacy) {
		items = append(items, statusItem{name})
	}
	s := shelf{all: []declaration{
		{kind: "management", Type: "com.apple.management.organization-info", Identifier: organizationInfo, Payload: organization{
			Name: now.Organization.Name, Email: now.Organization.SupportEmail, URL: now.Organization.SupportURL,
		}},
		{kind: "configuration", Type: "com.apple.configuration.management.status-subscriptions", Identifier: subscriptions, Payload: statusSubscription{items}},
		{kind: "activation", Type: "com.apple.activation.simple", Identifier: activation, Payload: simpleActivation{[]string{subscriptions}}},
	}}
	s.items = declarations{Activations: []item{}, Assets: []item{}, Configurations: []item{}, Management: []item{}}
	for i := range s.all {
		d := &s.all[i]
		var err error
		if d.ServerToken, err = tokenOf(d); err != nil {
			return shelf{}, err
		}
		of := map[string]*[]item{
			"activation": &s.items.Activations, "asset": &s.items.Assets,
			"configuration": &s.items.Configurations, "management": &s.items.Management,
		}[d.kind]
		*of = append(*of, item{d.Identifier, d.ServerToken})
	}
	var err error
	s.token, err = tokenOf(s.items)
	return s, err
}

// tokenOf names a content. Tokens of declarations may have 64 bytes, which is what SHA-256 needs in hexadecimal.
func tokenOf(content any) (string, error) {
	b, err := json.Marshal(content)
	if err != nil {
		return "", fmt.Errorf("name a declaration: %w", err)
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:]), nil
}

// Answer serves [mdm.Declarations]: what a phone gets for an endpoint of its DeclarativeManagement message. An error is a
// failure of ours; a phone's mistake is a status.
func (l *Library) Answer(tx *db.Tx, enrollmentID, endpoint string, data []byte) (status int, body []byte, err error) {
	if endpoint == "status" {
		return l.report(tx, enrollmentID, data)
	}
	now, err := l.settings.In(tx)
	if err != nil {
		return 0, nil, err
	}
	s, err := stock(now)
	if err != nil {
		return 0, nil, err
	}
	switch endpoint {
	case "tokens":
		return ok(map[string]syncTokens{"SyncTokens": s.sync(tx.Now)})
	case "declaration-items":
		return ok(manifest{s.items, s.token})
	}
	rest, found := strings.CutPrefix(endpoint, "declaration/")
	kind, identifier, both := strings.Cut(rest, "/")
	if found && both {
		for _, d := range s.all {
			if d.kind == kind && d.Identifier == identifier {
				return ok(d)
			}
		}
	}
	l.log.WarnContext(tx.Context(), "phone asked for a declaration that is not there",
		"enrollment", enrollmentID, "endpoint", endpoint[:min(len(endpoint), 100)])
	return http.StatusNotFound, nil, nil
}

// Types are the types of the declarations that phones are given.
func Types() []string {
	s, err := stock(settings.Defaults())
	if err != nil {
		panic(err) // the same plain values as ever
	}
	var types []string
	for _, d := range s.all {
		types = append(types, d.Type)
	}
	return types
}

func (s shelf) sync(at time.Time) syncTokens {
	return syncTokens{DeclarationsToken: s.token, Timestamp: at.UTC().Truncate(time.Second).Format(time.RFC3339)}
}

func ok(answer any) (int, []byte, error) {
	body, err := json.Marshal(answer)
	if err != nil {
		return 0, nil, fmt.Errorf("answer about declarations: %w", err)
	}
	return http.StatusOK, body, nil
}
