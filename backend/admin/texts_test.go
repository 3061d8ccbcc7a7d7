package admin_test

import (
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"example.org/gatehouse/backend/admin"
)

func (h *house) texts(language string) (admin.Texts, func(key string) admin.Text) {
	h.t.Helper()
	var v admin.Texts
	h.want("GET", "/texts?language="+language, "", &v)
	return v, func(key string) admin.Text {
		h.t.Helper()
		i := slices.IndexFunc(v.Texts, func(t admin.Text) bool { return t.Key == key })
		if i < 0 {
			h.t.Fatalf("no text %s", key)
		}
		return v.Texts[i]
	}
}

// From the first letter to yesterday's version: what an administrator does with a text, and what phones see meanwhile.
func TestAnAdministratorChangesATextAndTakesItBack(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *house) {
		h.setUp()
		v, text := h.texts("fr")
		if v.Default != "en" || len(v.Texts) < 190 || len(v.Languages) < 22 || v.Version != 0 || len(v.Standard) == 0 {
			t.Errorf("at first: %d texts, %d languages, %+v", len(v.Texts), len(v.Languages), v.Terms)
		}
		if x := text("signin.title"); x.State != "built_in" || x.Page != "signin" || x.Max != 50 || x.BuiltIn == nil || x.Draft != nil || x.Source == "" {
			t.Errorf("at first: %+v", x)
		}
		if x := text("g.days"); !x.Plural || !strings.Contains(x.Default, "one: ") {
			t.Errorf("a text about a number: %+v", x)
		}

		var saved admin.Text
		h.want("PUT", "/texts/fr/signin.title", `{"text":"Bienvenue {{who}} chez {{org_short}}"}`, &saved)
		if saved.State != "draft" || len(saved.Problems) != 1 || saved.Problems[0].Code != "unknown_variable" || saved.Problems[0].At != 10 || !saved.Problems[0].Blocking {
			t.Errorf("a draft with a slip: %+v", saved)
		}
		problem := h.refused("POST", "/texts/publish", `{"note":"hello"}`, admin.TextsRefused)
		if e := problem.Errors; len(e) != 1 || e[0].Field != "fr/signin.title" || e[0].Params["name"] != "who" || e[0].Params["at"] != "10" || e[0].Message == "" {
			t.Errorf("refused: %+v", problem)
		}
		h.want("PUT", "/texts/fr/signin.title", `{"text":"Bienvenue chez {{org_short}}"}`, nil)
		var drafts admin.TextDrafts
		h.want("GET", "/texts/drafts", "", &drafts)
		if len(drafts.Drafts) != 1 || drafts.Drafts[0].To != "Bienvenue chez {{org_short}}" || drafts.Drafts[0].From == "" || drafts.Terms {
			t.Errorf("drafts: %+v", drafts)
		}
		var published admin.TextPublished
		h.want("POST", "/texts/publish", `{"note":"hello"}`, &published)
		if published.Version != 1 || published.Texts != 1 {
			t.Errorf("published: %+v", published)
		}
		h.refused("POST", "/texts/publish", `{}`, admin.NothingToPublish)

		h.want("PUT", "/texts/fr/signin.title", `{"text":"","remove":true}`, &saved)
		if saved.Draft == nil || *saved.Draft != "" || saved.Published == nil {
			t.Errorf("a draft that takes it back: %+v", saved)
		}
		saved = admin.Text{}
		h.want("DELETE", "/texts/fr/signin.title", "", &saved)
		if saved.Draft != nil || saved.State != "published" || saved.Author != "admin" {
			t.Errorf("thrown away: %+v", saved)
		}
		h.want("POST", "/texts/versions/0/restore", `{"publish":true}`, &published)
		var versions admin.TextVersions
		h.want("GET", "/texts/versions", "", &versions)
		if len(versions.Versions) != 2 || versions.Versions[0].Restored == nil || *versions.Versions[0].Restored != 0 || versions.Versions[1].Note != "hello" {
			t.Errorf("history: %+v", versions)
		}
		var version admin.TextVersion
		h.want("GET", "/texts/versions/1", "", &version)
		if c := version.Changes; len(c) != 1 || c[0].From != nil || *c[0].To != "Bienvenue chez {{org_short}}" {
			t.Errorf("version 1: %+v", version)
		}
		if _, text := h.texts("fr"); text("signin.title").State != "built_in" {
			t.Errorf("restored: %+v", text("signin.title"))
		}
		h.refused("GET", "/texts/versions/99", "", admin.NotFound)
		h.refused("GET", "/texts?language=xx", "", admin.NotFound)
		h.refused("PUT", "/texts/fr/no.such", `{"text":"x"}`, admin.TextsRefused)
	})
}

func TestLanguagesOfThePortal(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *house) {
		h.setUp()
		var l admin.TextLanguage
		h.want("POST", "/texts/languages", `{"tag":"fr-ca","copy_from":"fr"}`, &l)
		if l.Tag != "fr-CA" || l.Enabled || l.BuiltIn || l.Draft < 150 || l.Missing != 0 {
			t.Errorf("added: %+v", l)
		}
		h.want("PUT", "/texts/languages/fr-CA", `{"enabled":true,"reviewed":true}`, &l)
		if !l.Enabled || !l.Reviewed || l.ReviewedBy != "admin" {
			t.Errorf("on and reviewed: %+v", l)
		}
		h.refused("POST", "/texts/languages", `{"tag":"fr-CA"}`, admin.LanguageExists)
		h.refused("POST", "/texts/languages", `{"tag":"?"}`, admin.Invalid)
		h.refused("DELETE", "/texts/languages/fr", "", admin.LanguageBuiltIn)
		h.refused("PUT", "/texts/languages/en", `{"enabled":false,"reviewed":false}`, admin.LanguageDefault)
		h.want("DELETE", "/texts/languages/fr-CA", "", nil)
		h.refused("DELETE", "/texts/languages/fr-CA", "", admin.NotFound)
	})
}

func TestTranslatorsGetAFileAndBringItBack(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *house) {
		h.setUp()
		for _, format := range []string{"json", "csv", "xlsx", "xliff"} {
			var file admin.TextFile
			h.want("GET", "/texts/export?format="+format+"&language=fr", "", &file)
			if file.Name != "texts-fr."+format || file.Type == "" || len(file.Content) == 0 {
				t.Errorf("%s: %s %s %d bytes", format, file.Name, file.Type, len(file.Content))
			}
			var result admin.TextImport
			h.want("POST", "/texts/import", importBody(format, "fr", file.Content, true), &result)
			if result.Changes != 0 || result.Problems != 0 || result.Same < 180 {
				t.Errorf("%s: %d changes, %d problems, %d the same", format, result.Changes, result.Problems, result.Same)
			}
		}
		var result admin.TextImport
		wrong := []byte("key,text\ng.back,Précédent\ng.cancel,{{who}}\n")
		h.want("POST", "/texts/import", importBody("csv", "fr", wrong, true), &result)
		if result.Changes != 1 || result.Problems != 1 || result.Rows[1].Change != "problem" || result.Rows[1].Where != "line 3" {
			t.Errorf("what it would do: %+v", result)
		}
		problem := h.refused("POST", "/texts/import", importBody("csv", "fr", wrong, false), admin.TextsRefused)
		if e := problem.Errors; len(e) != 1 || e[0].Params["where"] != "line 3" || e[0].Code != "unknown_variable" {
			t.Errorf("refused: %+v", problem)
		}
		h.refused("GET", "/texts/export?format=xliff", "", admin.Invalid)
		h.refused("GET", "/texts/export?format=docx", "", admin.Invalid)
		big := []byte(strings.Repeat("x", 50<<20))
		h.refused("POST", "/texts/import", importBody("csv", "fr", big, false), admin.TooLarge)
		if v, _ := h.texts("fr"); v.Changes != 0 {
			t.Errorf("%d drafts", v.Changes)
		}
	})
}

func importBody(format, language string, content []byte, dry bool) string {
	b, _ := json.Marshal(map[string]any{"format": format, "language": language, "content": base64.StdEncoding.EncodeToString(content), "dry_run": dry})
	return string(b)
}
