package ddm_test

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/db/dbtest"
	"example.org/gatehouse/backend/ddm"
	"example.org/gatehouse/backend/event"
	"example.org/gatehouse/backend/settings"
)

// open furnishes the room for an organization.
func open(t testing.TB, d *db.DB) (*ddm.Library, *settings.Store) {
	t.Helper()
	store := settings.Open(d, event.New(d))
	err := store.Change(t.Context(), true, func(s *settings.Settings) error {
		s.Organization = settings.Organization{Name: "Nordlicht GmbH", SupportEmail: "it@example.org"}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	err = d.Update(t.Context(), func(tx *db.Tx) error {
		_, err := tx.Exec(`
			INSERT INTO enrollments (id, person, stage, last_seen_at, identity_expires_at, renewed, authenticated_at, enrolled_at, ended_at, ended_by)
			VALUES ('E-1', '', 'enrolled', 0, 0, FALSE, 0, 0, 0, '')`)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return ddm.New(d, store, slog.New(slog.DiscardHandler)), store
}

// ask is one DeclarativeManagement message of the phone E-1.
func ask(t testing.TB, d *db.DB, l *ddm.Library, endpoint, data string) (status int, body []byte) {
	t.Helper()
	err := d.Update(t.Context(), func(tx *db.Tx) (err error) {
		status, body, err = l.Answer(tx, "E-1", endpoint, []byte(data))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return status, body
}

func decode[T any](t testing.TB, status int, body []byte) T {
	t.Helper()
	var v T
	if status != http.StatusOK {
		t.Fatalf("got %d, want 200", status)
	}
	if err := json.Unmarshal(body, &v); err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	return v
}

type item struct{ Identifier, ServerToken string }

type list struct {
	Declarations      map[string][]item
	DeclarationsToken string
}

type tokens struct {
	SyncTokens struct{ DeclarationsToken, Timestamp string }
}

func TestPhoneSyncsItsDeclarations(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		l, store := open(t, d)
		status, body := ask(t, d, l, "tokens", "")
		first := decode[tokens](t, status, body).SyncTokens
		if len(first.DeclarationsToken) == 0 || len(first.DeclarationsToken) > 256 || !strings.HasSuffix(first.Timestamp, "Z") {
			t.Errorf("tokens: got %+v", first)
		}
		status, body = ask(t, d, l, "declaration-items", "")
		items := decode[list](t, status, body)
		if items.DeclarationsToken != first.DeclarationsToken {
			t.Error("the list has another token than the tokens: the phone would sync for ever")
		}
		kinds := map[string]string{
			"Activations": "activation", "Assets": "asset", "Configurations": "configuration", "Management": "management",
		}
		for name := range kinds {
			if items.Declarations[name] == nil {
				t.Errorf("the list has no %s; all four must be there", name)
			}
		}
		for name, these := range items.Declarations {
			for _, i := range these {
				if len(i.Identifier) > 64 || len(i.ServerToken) > 64 || i.ServerToken == "" {
					t.Errorf("%+v: identifier and token have 1 to 64 bytes", i)
				}
				status, body = ask(t, d, l, "declaration/"+kinds[name]+"/"+i.Identifier, "")
				one := decode[struct {
					Type, Identifier, ServerToken string
					Payload                       map[string]any
				}](t, status, body)
				if one.Identifier != i.Identifier || one.ServerToken != i.ServerToken {
					t.Errorf("%s: got %s %s, want what the list says", i.Identifier, one.Identifier, one.ServerToken)
				}
				conforms(t, one.Type, one.Payload)
			}
		}

		_, body = ask(t, d, l, "tokens", "")
		if again := decode[tokens](t, 200, body).SyncTokens.DeclarationsToken; again != first.DeclarationsToken {
			t.Error("the token changed though nothing did")
		}
		err := store.Change(t.Context(), true, func(s *settings.Settings) error {
			s.Organization.Name = "Nordlicht AG"
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		_, body = ask(t, d, l, "tokens", "")
		if changed := decode[tokens](t, 200, body).SyncTokens.DeclarationsToken; changed == first.DeclarationsToken {
			t.Error("the token stayed though the organization has another name")
		}
	})
}

func TestUnknownDeclarationIsGone(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t)
	l, _ := open(t, d)
	for _, endpoint := range []string{
		"declaration/configuration/nobody", "declaration/asset/gatehouse.status", "declaration/configuration",
		"declaration", "", "../tokens", "declaration/configuration/gatehouse.status/x", strings.Repeat("x/", 10_000),
	} {
		if status, body := ask(t, d, l, endpoint, ""); status != http.StatusNotFound || len(body) != 0 {
			t.Errorf("%.40q: got %d, want 404", endpoint, status)
		}
	}
}

// schema is what Apple's paper says about the payload of a declaration.
type schema struct {
	Payload struct {
		DeclarationType string `yaml:"declarationtype"`
		SupportedOS     struct {
			IOS struct {
				AllowedEnrollments []string `yaml:"allowed-enrollments"`
			} `yaml:"iOS"`
		} `yaml:"supportedOS"`
	} `yaml:"payload"`
	Keys []struct {
		Key      string `yaml:"key"`
		Type     string `yaml:"type"`
		Presence string `yaml:"presence"`
	} `yaml:"payloadkeys"`
}

// conforms holds a declaration against Apple's schema; testdata/schema has the files for the types that we use.
func conforms(t *testing.T, kind string, payload map[string]any) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", "schema", kind+".yaml"))
	if err != nil {
		t.Fatalf("no schema for %s: %v", kind, err)
	}
	var s schema
	if err := yaml.Unmarshal(b, &s); err != nil {
		t.Fatal(err)
	}
	if s.Payload.DeclarationType != kind {
		t.Errorf("schema of %s is for %s", kind, s.Payload.DeclarationType)
	}
	if allowed := s.Payload.SupportedOS.IOS.AllowedEnrollments; len(allowed) > 0 && !slices.Contains(allowed, "user") {
		t.Errorf("%s is not allowed under User Enrollment", kind)
	}
	known := map[string]bool{}
	for _, k := range s.Keys {
		known[k.Key] = true
		v, there := payload[k.Key]
		if !there {
			if k.Presence == "required" {
				t.Errorf("%s: %s is missing", kind, k.Key)
			}
			continue
		}
		_, text := v.(string)
		_, array := v.([]any)
		if (k.Type == "<string>" && !text) || (k.Type == "<array>" && !array) {
			t.Errorf("%s: %s is a %T, want %s", kind, k.Key, v, k.Type)
		}
	}
	for key := range payload {
		if !known[key] {
			t.Errorf("%s: Apple does not know the key %s", kind, key)
		}
	}
	if items, ok := payload["StatusItems"].([]any); ok {
		for _, i := range items {
			name := i.(map[string]any)["Name"].(string)
			if _, err := os.Stat(filepath.Join("testdata", "schema", "status", name+".yaml")); err != nil {
				t.Errorf("status item %s: %v", name, err)
			}
		}
	}
}
