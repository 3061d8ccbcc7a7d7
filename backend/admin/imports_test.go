package admin

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
)

func readPeople(file string, match map[string]string) (sheet, error) {
	return readList([]byte(file), match, peopleFields, "identifier")
}

func TestListsAreReadAsPeopleWriteThem(t *testing.T) {
	t.Parallel()
	const list = "E-Mail;Anzeigename\njörg@example.org;\"Jörg; Groß\"\n\n;;\nanna@example.org;'=Anna\n"
	latin, err := charmap.Windows1252.NewEncoder().String(list)
	if err != nil {
		t.Fatal(err)
	}
	wide, err := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().String(list)
	if err != nil {
		t.Fatal(err)
	}
	for name, file := range map[string]string{
		"UTF-8": list, "with a mark": "\uFEFF" + list, "UTF-16": wide, "Windows-1252": latin,
		"tabs":   "E-Mail\tAnzeigename\njörg@example.org\tJörg; Groß\nanna@example.org\t=Anna\n",
		"pipes":  "E-Mail|Anzeigename\r\njörg@example.org|Jörg; Groß\r\nanna@example.org|=Anna\r\n",
		"commas": "nr,Anzeigename,E-MAIL\n1,Jörg; Groß,jörg@example.org\n2,=Anna,anna@example.org\n",
	} {
		l, err := readPeople(file, nil)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var got []string
		for _, r := range l.rows {
			who, _ := l.cell(r, "identifier")
			called, _ := l.cell(r, "name")
			got = append(got, who+" is "+called)
		}
		if diff := cmp.Diff([]string{"jörg@example.org is Jörg; Groß", "anna@example.org is =Anna"}, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	l, err := readPeople("Personalnummer,Wer\n7,anna@example.org\n", map[string]string{"identifier": "wer", "name": "Personalnummer"})
	if err != nil || l.view.Match["identifier"] != "Wer" || l.view.Match["name"] != "Personalnummer" || l.view.Rows != 1 {
		t.Errorf("columns that were chosen: got %+v, %v", l.view, err)
	}
}

func TestHostileListsAreRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		file  string
		match map[string]string
		field string
		code  string
		line  string
	}{
		"nothing":                  {"", nil, "file", "required", ""},
		"zero bytes":               {"email\nanna@example.org\nb\x00\n", nil, "file", "file_encoding", "3"},
		"no text":                  {"email\n\x81\x8d\n", nil, "file", "file_encoding", "2"},
		"a quote that never ends":  {"email\n\"anna@example.org\nben", nil, "file", "file_broken", "3"},
		"too many columns":         {"email" + strings.Repeat(",x", 300) + "\n", nil, "file", "file_too_large", "1"},
		"too many lines":           {"email\n" + strings.Repeat("x\n", 6000), nil, "file", "file_too_large", ""},
		"a picture":                {"PK\x03\x04nonsense", nil, "file", "file_broken", "0"},
		"a heading twice":          {"email,Email\na,b\n", nil, "match.identifier", "twice", ""},
		"no such heading":          {"email\na\n", map[string]string{"identifier": "mail"}, "match.identifier", "not_choice", ""},
		"nothing that names them":  {"surname,town\na,b\n", nil, "match.identifier", "required", ""},
		"one line of a megabyte":   {strings.Repeat("x", 1<<20), nil, "match.identifier", "required", ""},
		"a million separators":     {strings.Repeat(";", 1<<20), nil, "file", "file_too_large", "1"},
		"nothing but a mark":       {"\uFEFF", nil, "file", "required", ""},
		"UTF-16 that ends halfway": {"\xff\xfea\x00\x00\xd8", nil, "file", "file_encoding", "0"},
	} {
		_, err := readPeople(c.file, c.match)
		var e *Error
		if !errors.As(err, &e) || len(e.Fields) != 1 || e.Fields[0].Field != c.field || e.Fields[0].Code != c.code || e.Fields[0].Params["line"] != c.line {
			t.Errorf("%s: got %v %+v, want %s of %s in line %q", name, err, e, c.code, c.field, c.line)
		}
	}
}

func FuzzReadList(f *testing.F) {
	f.Add([]byte("email;name\nanna@example.org;Anna\n"))
	f.Add([]byte("\xff\xfee\x00m\x00a\x00i\x00l\x00\n\x00"))
	f.Add([]byte("email\n\"a\n"))
	f.Fuzz(func(t *testing.T, file []byte) {
		l, err := readPeople(string(file), nil)
		if err != nil {
			var e *Error
			if !errors.As(err, &e) {
				t.Fatalf("%v has no code", err)
			}
			return
		}
		for _, r := range l.rows {
			if who, ok := l.cell(r, "identifier"); !ok || strings.ContainsRune(who, 0) || r.Line < 1 {
				t.Fatal(fmt.Sprint(r, who))
			}
		}
	})
}
