package admin

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"example.org/gatehouse/backend/db/dbtest"
	"example.org/gatehouse/backend/event"
	"example.org/gatehouse/backend/settings"
	"example.org/gatehouse/backend/text"
)

// empty is a door whose rooms are empty.
func empty(t *testing.T) *API {
	t.Helper()
	d := dbtest.Open(t)
	events := event.New(d)
	words, err := text.Open(d, events)
	if err != nil {
		t.Fatal(err)
	}
	a := New(Config{DB: d, Events: events, Settings: settings.Open(d, events), Text: words, Log: slog.New(slog.DiscardHandler), House: nowhere{}})
	t.Cleanup(a.Close)
	return a
}

// nowhere is a house that is not set up.
type nowhere struct{ House }

func (nowhere) State() HouseState { return HouseState{State: "not_set_up"} }

type operation struct{ method, path, role string }

// operations are those of the paper.
func operations(t *testing.T) []operation {
	t.Helper()
	paper, err := OpenAPI()
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Paths map[string]map[string]struct {
			Role string `json:"x-role"`
		}
	}
	if err := json.Unmarshal(paper, &doc); err != nil {
		t.Fatal(err)
	}
	var list []operation
	for path, methods := range doc.Paths {
		for method, op := range methods {
			list = append(list, operation{strings.ToUpper(method), strings.NewReplacer("{", "", "}", "").Replace(path), op.Role})
		}
	}
	if len(list) < 30 {
		t.Fatalf("the paper has only %d operations", len(list))
	}
	return list
}

// questions are too long for an address, and change nothing.
var questions = []string{"/api/texts/preview", "/api/branding/check"}

func TestEveryOperationHasARole(t *testing.T) {
	t.Parallel()
	for _, op := range operations(t) {
		switch op.role {
		case "viewer":
			if op.method != http.MethodGet && !slices.Contains(questions, op.path) {
				t.Errorf("%s %s changes something and is open to viewers", op.method, op.path)
			}
		case "operator", "admin":
			if op.method == http.MethodGet {
				t.Errorf("%s %s only looks and is closed to viewers", op.method, op.path)
			}
		default:
			t.Errorf("%s %s has the role %q", op.method, op.path, op.role)
		}
	}
}

func TestWhoeverHasLessThanTheRoleIsRefused(t *testing.T) {
	t.Parallel()
	handler := empty(t).Handler()
	roles := map[string]Role{"viewer": viewer, "operator": operator, "admin": admin}
	for _, op := range operations(t) {
		for _, who := range []Role{nobody, viewer, operator, admin} {
			r := httptest.NewRequestWithContext(t.Context(), op.method, op.path+"?wait=0", strings.NewReader("{}"))
			if op.path != "/api/news" {
				r.URL.RawQuery = ""
			}
			if who != nobody {
				r = r.WithContext(As(r.Context(), Identity{Name: "x", Role: who}))
			}
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, r)
			refused := strings.Contains(w.Body.String(), `"not_allowed"`)
			// A body that is not as described is refused before anybody asks who sent it.
			asked := !strings.Contains(w.Body.String(), `"invalid"`)
			if asked && refused != (who < roles[op.role]) {
				t.Errorf("%s %s as %s: got %d %s", op.method, op.path, who, w.Code, w.Body)
			}
			if who < roles[op.role] && w.Code < 400 {
				t.Errorf("%s %s as %s: got %d", op.method, op.path, who, w.Code)
			}
		}
	}
}

// The name in the identity is the actor of what happens.
func TestWhoActsIsInTheContext(t *testing.T) {
	t.Parallel()
	ctx := As(t.Context(), Identity{Name: "maria", Role: operator})
	if got := event.Actor(ctx); got != "maria" {
		t.Errorf("actor: got %q, want maria", got)
	}
}
