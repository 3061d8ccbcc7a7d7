package text

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/db/dbtest"
)

func (r *room) export(f Format, language string) []byte {
	r.t.Helper()
	var b bytes.Buffer
	r.ok(r.Export(r.ctx, &b, "de", f, language))
	return b.Bytes()
}

// awkward are texts that files like to break.
func (r *room) awkward() {
	r.t.Helper()
	r.ok(r.Save(r.ctx, "de",
		Change{Language: "fr", Key: "g.back", Words: "=1+1"},
		Change{Language: "fr", Key: "g.continue", Words: "'=1+1"},
		Change{Language: "fr", Key: "g.cancel", Words: "''"},
		Change{Language: "fr", Key: "signin.body", Words: "-"},
		Change{Language: "fr", Key: "privacy.more", Words: "- eins\n- zwei; \"drei\", vier\n\n@x\t<b>&amp;</b> ]]>"},
		Change{Language: "fr", Key: "terms.body", Words: "  Leerraum \n\n\nam Ende  "},
		Change{Language: "fr", Key: "g.days", Words: "one: {{count}} journée\nmany: {{count}} de journées\nother: {{count}} journées"},
		Change{Language: "de", Key: "g.back", Words: "Retour"},
	))
}

func TestRoundTripsAreByteIdentical(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		r := newRoom(t, d)
		r.awkward()
		for _, x := range []struct {
			f        Format
			language string
		}{{JSON, "fr"}, {JSON, ""}, {CSV, "fr"}, {CSV, ""}, {XLSX, "fr"}, {XLSX, ""}, {XLIFF, "fr"}, {XLIFF, "de"}} {
			first := r.export(x.f, x.language)
			lines, err := r.Import(r.ctx, "de", x.f, x.language, first, false)
			if err != nil {
				t.Errorf("%s %q: %v", x.f, x.language, err)
				continue
			}
			for _, l := range lines {
				if l.Changes() || len(l.Problems) > 0 {
					t.Errorf("%s %q: its own export changes %s %s: %q to %q %v", x.f, x.language, l.Language, l.Key, l.From, l.To, l.Problems)
				}
			}
			if second := r.export(x.f, x.language); !bytes.Equal(first, second) {
				t.Errorf("%s %q: the second export differs", x.f, x.language)
			}

			// Somewhere else, where nothing was changed yet, the file brings everything along.
			other := newRoom(t, dbtest.Open(t))
			if x.language == "fr" {
				other.save("de", "g.back", "Retour")
			}
			if _, err := other.Import(other.ctx, "de", x.f, x.language, first, false); err != nil {
				t.Errorf("%s %q elsewhere: %v", x.f, x.language, err)
			}
			if second := other.export(x.f, x.language); !bytes.Equal(first, second) {
				t.Errorf("%s %q: the export from elsewhere differs: %s", x.f, x.language, difference(first, second))
			}
		}
	})
}

// difference is the first line in which two files differ.
func difference(a, b []byte) string {
	other := strings.Split(string(b), "\n")
	for i, line := range strings.Split(string(a), "\n") {
		if i >= len(other) || line != other[i] {
			return fmt.Sprintf("line %d: %q, %q", i+1, line, other[min(i, len(other)-1)])
		}
	}
	return "at the end"
}

// What was exported as JSON can become a built-in catalogue.
func TestJSONIsACatalogue(t *testing.T) {
	r := newRoom(t, dbtest.Open(t))
	for _, tag := range r.house.languages[1:] {
		b, err := fs.ReadFile(locales, "locales/"+tag+".json")
		if err != nil {
			t.Fatal(err)
		}
		if got := r.export(JSON, tag); !bytes.Equal(got, b) {
			t.Errorf("%s: the export is not the catalogue: %s", tag, difference(b, got))
		}
	}
}

func TestImportBecomesDrafts(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		r := newRoom(t, d)
		files := map[Format]string{
			JSON:  `{"g.back": "Précédent", "g.cancel": "", "g.days": {"one": "{{count}} j", "other": "{{count}} j"}}`,
			CSV:   "\uFEFFKey;Text;Notiz\r\ng.back;Précédent;\"a\r\nb\"\r\ng.cancel;;\r\ng.days;\"one: {{count}} j\nother: {{count}} j\";x\r\n;;\r\n",
			XLIFF: `<?xml version="1.0"?><xliff xmlns="urn:oasis:names:tc:xliff:document:2.0" version="2.0" srcLang="de" trgLang="fr"><file id="f"><skeleton><x xmlns="y"/></skeleton><group id="g"><unit id="g.back"><originalData><data id="d">x</data></originalData><segment><source>Zu</source><target>Pré</target></segment><segment><source>rück</source><target><mrk id="m" type="term">cé</mrk>dent</target></segment></unit></group><unit id="g.cancel"><segment><source>Abbrechen</source></segment></unit><unit id="g.days"><segment><source>x</source><target>one: <ph id="1" equiv="{{count}}"/> j&#10;other: {{count}} j</target></segment></unit><unit id="g.title"><notes><note>source</note></notes></unit></file></xliff>`,
		}
		for f, content := range files {
			content = strings.Replace(content, `<unit id="g.title"><notes><note>source</note></notes></unit>`, "", 1)
			lines, err := r.Import(r.ctx, "de", f, "fr", []byte(content), true)
			if err != nil {
				t.Errorf("%s: %v", f, err)
				continue
			}
			var changed []Key
			for _, l := range lines {
				if l.Changes() {
					changed = append(changed, l.Key)
				}
				if l.Where == "" || len(l.Problems) > 0 {
					t.Errorf("%s: %+v", f, l)
				}
			}
			if diff := cmp.Diff([]Key{"g.back", "g.days"}, changed); diff != "" || len(lines) != 3 {
				t.Errorf("%s would change (-want +got):\n%s", f, diff)
			}
			if got := r.look("fr", "g.back"); got.Draft != nil {
				t.Errorf("%s: the dry run kept %+v", f, got)
			}
			if _, err := r.Import(r.ctx, "de", f, "fr", []byte(content), false); err != nil {
				t.Errorf("%s: %v", f, err)
			}
			if got := r.look("fr", "g.back"); got.Draft == nil || *got.Draft != "Précédent" {
				t.Errorf("%s: kept %+v", f, got)
			}
			r.ok(r.Discard(r.ctx, "fr", "g.back"))
			r.ok(r.Discard(r.ctx, "fr", "g.days"))
		}
	})
}

// What a translator made from words that have changed meanwhile is outdated on arrival.
func TestImportRemembersItsSource(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		r := newRoom(t, d)
		sent := string(r.export(CSV, "fr"))
		r.save("de", "g.back", "Eine Seite zurück")
		_, err := r.Import(r.ctx, "de", CSV, "fr", []byte(strings.Replace(sent, "Zurück,Retour", "Zurück,Précédent", 1)), false)
		r.ok(err)
		if got := r.look("fr", "g.back"); got.Draft == nil || !got.Outdated || got.MadeFrom != "Zurück" {
			t.Errorf("got %+v", got)
		}
	})
}

func bomb(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	w, err := z.Create("xl/worksheets/sheet1.xml")
	if err != nil {
		t.Fatal(err)
	}
	chunk := bytes.Repeat([]byte(" "), 1<<20)
	for range 64 {
		if _, err := w.Write(chunk); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestHostileImportsChangeNothing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		r := newRoom(t, d)
		head := `<xliff xmlns="urn:oasis:names:tc:xliff:document:2.0" version="2.0" srcLang="de" trgLang="fr"><file id="f">`
		unit := func(key, target string) string {
			return head + `<unit id="g.back"><segment><source>x</source><target>kept?</target></segment></unit>` +
				"\n" + `<unit id="` + key + `"><segment><source>x</source><target>` + target + `</target></segment></unit></file></xliff>`
		}
		for _, x := range []struct {
			name     string
			f        Format
			language string
			content  string
			want     string
			where    string
		}{
			{"a wrong key", JSON, "fr", "{\"g.back\": \"kept?\",\n\"no.such\": \"x\"}", "unknown_key", "line 2"},
			{"an unknown variable", CSV, "fr", "key,text\ng.back,kept?\ng.continue,{{who}}\n", "unknown_variable", "line 3"},
			{"a key twice", CSV, "fr", "key,text\ng.back,kept?\ng.back,again\n", "twice", "line 3"},
			{"a key twice in JSON", JSON, "fr", `{"g.back": "kept?", "g.back": "again"}`, "twice", "line 1"},
			{"too long", XLIFF, "fr", unit("g.continue", strings.Repeat("x", 30)), "too_long", "line 2"},
			{"a language that is not there", JSON, "", `{"fr": {"g.back": "kept?"}, "hu": {"g.back": "x"}}`, "unknown_language", "line 1"},
			{"another language", CSV, "fr", "language,key,text\nfr,g.back,kept?\nde,g.continue,x\n", "file_other_language", "line 3"},
			{"another language in XLIFF", XLIFF, "de", unit("g.continue", "x"), "file_other_language", ""},
			{"no language", CSV, "", "key,text\ng.back,kept?\n", "file_language", "line 1"},
			{"no headings", CSV, "fr", "g.back,kept?\n", "file_headings", "line 1"},
			{"nothing", CSV, "fr", "", "file_headings", ""},
			{"a quote that does not end", CSV, "fr", "key,text\ng.back,\"kept?\n", "file_broken", ""},
			{"Latin-1", CSV, "fr", "key,text\ng.back,kept?\ng.continue,Pr\xe9c\xe9dent\n", "file_encoding", "line 3"},
			{"Latin-1 in JSON", JSON, "fr", "{\"g.back\": \"Pr\xe9c\"}", "file_encoding", "line 1"},
			{"half UTF-16", CSV, "fr", "\xff\xfek\x00\x00\xd8", "file_encoding", ""},
			{"a number for a text", JSON, "fr", `{"g.back": 7}`, "file_broken", "line 1"},
			{"deep JSON", JSON, "fr", `{"g.back": ` + strings.Repeat("[", 100_000), "file_broken", "line 1"},
			{"half JSON", JSON, "fr", `{"g.back": "kept?",`, "file_broken", "line 1"},
			{"more than one document", JSON, "fr", `{"g.back": "kept?"}{}`, "file_broken", "line 1"},
			{"an odd plural", JSON, "fr", `{"g.days": {"one": "a", "sometimes": "b"}}`, "file_broken", "line 1"},
			{"broken XLIFF", XLIFF, "fr", head + `<unit id="g.back"><segment><target>kept?</segment>`, "file_broken", "line 1"},
			{"half XLIFF", XLIFF, "fr", head + `<unit id="g.back"><segment><target>kept?</target></segment></unit>`, "file_broken", "line 1"},
			{"other XML", XLIFF, "fr", `<html></html>`, "file_broken", "line 1"},
			{"XLIFF 1.2", XLIFF, "fr", `<xliff version="1.2" xmlns="urn:oasis:names:tc:xliff:document:1.2"/>`, "file_broken", "line 1"},
			{"no XML at all", XLIFF, "fr", `PK`, "file_broken", "line 1"},
			{"nothing in XLIFF", XLIFF, "fr", ``, "file_broken", "line 1"},
			{"entities", XLIFF, "fr", `<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>` + unit("g.continue", "&b;"), "file_broken", "line 1"},
			{"an entity without a declaration", XLIFF, "fr", unit("g.continue", "&b;"), "file_broken", "line 2"},
			{"another encoding", XLIFF, "fr", `<?xml version="1.0" encoding="ISO-8859-1"?>` + unit("g.continue", "x"), "file_broken", "line 1"},
			{"deep XLIFF", XLIFF, "fr", head + strings.Repeat("<group>", 100_000), "file_broken", "line 1"},
			{"elements in a text", XLIFF, "fr", unit("g.continue", "<script>x</script>"), "file_broken", "line 2"},
			{"a letter that XML cannot hold", XLIFF, "fr", unit("g.continue", `<cp hex="0000"/>`), "file_broken", "line 2"},
			{"an unknown key in XLIFF", XLIFF, "fr", unit("no.such", "x"), "unknown_key", "line 2"},
			{"no ZIP", XLSX, "fr", "key,text", "file_broken", ""},
			{"a ZIP of something else", XLSX, "fr", string(pack(t, "a.txt", "b")), "file_broken", ""},
			{"a ZIP bomb", XLSX, "fr", string(bomb(t)), "file_too_large", ""},
			{"too large", CSV, "fr", strings.Repeat("x", MaxFile+1), "file_too_large", ""},
			{"too many rows", CSV, "fr", "key,text\n" + strings.Repeat("g.back,\n", 30_000), "file_too_large", "line 20001"},
			{"too many columns", CSV, "fr", "key,text\n" + strings.Repeat(",", 300) + "\n", "file_too_large", "line 2"},
		} {
			for _, dry := range []bool{true, false} {
				lines, err := r.Import(r.ctx, "de", x.f, x.language, []byte(x.content), dry)
				var refused *RefusedError
				problems := []Problem{}
				if errors.As(err, &refused) {
					problems = refused.Problems
				}
				for _, l := range lines {
					problems = append(problems, l.Problems...)
				}
				if len(problems) == 0 || problems[0].Code != x.want || x.where != "" && problems[0].Where != x.where {
					t.Errorf("%s (dry %v): got %v, %+v; want %s at %s", x.name, dry, err, problems, x.want, x.where)
				}
				if !dry && err == nil {
					t.Errorf("%s was taken", x.name)
				}
			}
		}
		v, err := r.Survey(r.ctx, "de", "")
		r.ok(err)
		if v.Changes != 0 || len(r.kinds()) != 0 {
			t.Errorf("hostile files left %d drafts and %v", v.Changes, r.kinds())
		}
		if _, err := r.Import(r.ctx, "de", "docx", "fr", nil, true); !errors.Is(err, ErrFormat) {
			t.Errorf("an unknown format: got %v", err)
		}
		if err := r.Export(r.ctx, &bytes.Buffer{}, "de", XLIFF, ""); !errors.Is(err, ErrFormat) {
			t.Errorf("XLIFF in all languages: got %v", err)
		}
	})
}

func pack(t *testing.T, name, content string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	w, err := z.Create(name)
	if err == nil {
		_, err = fmt.Fprint(w, content)
	}
	if err = errors.Join(err, z.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func FuzzImport(f *testing.F) {
	f.Add("json", `{"g.back": "x", "g.days": {"one": "a", "other": "b"}}`)
	f.Add("csv", "key,text\ng.back,x\n")
	f.Add("csv", "language;key;source;text\r\nfr;g.back;a;\"'=1\r\n\"\r\n")
	f.Add("xliff", `<xliff xmlns="urn:oasis:names:tc:xliff:document:2.0" version="2.0" srcLang="de" trgLang="fr"><file id="f"><unit id="g.back"><segment><source>x</source><target>a<ph equiv="b"/></target></segment></unit></file></xliff>`)
	c, err := New()
	if err != nil {
		f.Fatal(err)
	}
	s := &Store{house: c.house}
	f.Fuzz(func(t *testing.T, format, content string) {
		list, err := s.readFile(Format(format), "fr", []byte(content))
		var refused *RefusedError
		if err != nil && !errors.As(err, &refused) && !errors.Is(err, ErrFormat) {
			t.Errorf("an error that nobody understands: %v", err)
		}
		d := &desk{papers: &papers{before: c, after: c}, fallback: "de"}
		lines, _ := d.compare(list)
		for _, l := range lines {
			if l.Where == "" {
				t.Errorf("a line without its place: %+v", l)
			}
		}
	})
}
