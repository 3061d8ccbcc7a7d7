package backend

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "example.org/gatehouse/"

// floors is the house from the ground up. A package imports only from floors below its own.
var floors = [][]string{
	{"db", "profile", "export"},
	{"event"},
	{"settings", "text"},
	{"directory", "pki", "apns"},
	{"mdm"},
	{"ddm", "enroll"},
	{"portal", "doctor", "move"},
	{"admin"},
}

// guests are packages that only tests use; they stand with their host, and may use what is in its chest.
var guests = map[string]string{"db/dbtest": "db", "profile/appleschema": "profile"}

// chests are packages with nothing but files, which their owner alone opens.
var chests = map[string]string{"db/migrations": "db"}

// owners says which package alone names a table in SQL.
var owners = map[string]string{
	"leases": "db", "settings": "settings", "secrets": "settings", "events": "event", "presence": "event", "links": "event", "trail": "event",
	"local_accounts": "directory", "managed_accounts": "directory", "codes": "directory", "sign_ins": "directory",
	"authorities": "pki", "identities": "pki", "challenges": "pki", "tls_certificates": "pki",
	"push_certificates": "apns",
	"enrollments":       "mdm", "pins": "mdm", "listed": "mdm", "remarks": "mdm", "tags": "mdm", "devices": "mdm",
	"views": "admin", "batches": "mdm", "cleanups": "mdm", "receipts": "mdm", "commands": "mdm", "command_results": "mdm", "managed_apps": "mdm", "pushes": "mdm",
	"texts": "text", "text_versions": "text", "text_languages": "text", "text_revisions": "text",
	"attempts": "enroll", "sessions": "enroll", "tokens": "enroll", "declaration_status": "ddm",
	"moves": "move", "move_records": "move",
	"consents": "portal", "consent_texts": "portal", "logos": "portal", "previews": "portal",
}

// homes says where a foreign library lives.
var homes = map[string][]string{
	"modernc.org/sqlite":                 {"db"},
	"github.com/jackc/pgx":               {"db"},
	"github.com/pressly/goose":           {"db"},
	"github.com/go-ldap/ldap":            {"directory", "sim"},
	"github.com/alexedwards/argon2id":    {"directory"},
	"github.com/smallstep/scep":          {"pki", "sim"},
	"github.com/smallstep/pkcs7":         {"pki", "sim"},
	"github.com/danielgtaylor/huma":      {"admin"},
	"github.com/xuri/excelize":           {"export"},
	"github.com/nicksnyder/go-i18n":      {"text"},
	"github.com/yuin/goldmark":           {"text"},
	"github.com/microcosm-cc/bluemonday": {"text"},
	"github.com/wailsapp/wails":          {},
}

type source struct {
	room string // "pki", "db/dbtest", "" for the backend itself
	path string
	test bool
	file *ast.File
}

func sources(t *testing.T) []source {
	t.Helper()
	var list []source
	fset := token.NewFileSet()
	err := fs.WalkDir(os.DirFS("."), ".", func(path string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case e.IsDir() && (e.Name() == "testdata" || path == "mdm/oracle"):
			return fs.SkipDir
		case e.IsDir() || !strings.HasSuffix(path, ".go"):
			return nil
		}
		f, err := parser.ParseFile(fset, path, nil, parser.ParseComments)
		if err != nil {
			return err
		}
		room := filepath.ToSlash(filepath.Dir(path))
		if room == "." {
			room = ""
		}
		list = append(list, source{room, path, strings.HasSuffix(path, "_test.go"), f})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func floor(room string) int {
	if host, ok := guests[room]; ok {
		room = host
	}
	return slices.IndexFunc(floors, func(rooms []string) bool { return slices.Contains(rooms, room) })
}

func imports(f *ast.File) []string {
	var list []string
	for _, i := range f.Imports {
		path, _ := strconv.Unquote(i.Path.Value)
		list = append(list, path)
	}
	return list
}

func TestImportsGoDownstairs(t *testing.T) {
	for _, s := range sources(t) {
		if s.room == "" || s.test {
			continue // the backend puts the rooms together; tests may borrow the yard
		}
		for _, path := range imports(s.file) {
			ours, ok := strings.CutPrefix(path, module)
			switch to := strings.TrimPrefix(ours, "backend/"); {
			case !ok, chests[to] != "" && (chests[to] == s.room || chests[to] == guests[s.room]):
			case s.room == "sim":
				t.Errorf("%s: the yard imports nothing of ours, but imports %s", s.path, ours)
			case to == "sim":
				if s.room != "doctor" {
					t.Errorf("%s: only the doctor and tests use the yard", s.path)
				}
			case floor(to) < 0:
				t.Errorf("%s: %s stands on no floor", s.path, ours)
			case floor(s.room) < 0:
				t.Errorf("%s: %s stands on no floor: add it to floors, with a decision note", s.path, s.room)
			case guests[to] != "":
				t.Errorf("%s: %s is for tests", s.path, ours)
			case floor(to) >= floor(s.room) && guests[s.room] == "":
				t.Errorf("%s: %s (floor %d) imports %s (floor %d): imports go downstairs", s.path, s.room, floor(s.room), to, floor(to))
			}
		}
	}
}

func TestForeignLibrariesHaveOneHome(t *testing.T) {
	for _, s := range sources(t) {
		if s.test || guests[s.room] != "" {
			continue
		}
		for _, path := range imports(s.file) {
			for library, rooms := range homes {
				if strings.HasPrefix(path, library) && !slices.Contains(rooms, s.room) {
					t.Errorf("%s: %s lives in %v", s.path, library, rooms)
				}
			}
		}
	}
}

func TestEveryPackageSaysWhatItIs(t *testing.T) {
	said := map[string]bool{}
	for _, s := range sources(t) {
		if !s.test {
			said[s.room] = said[s.room] || s.file.Doc.Text() != ""
		}
	}
	for room, ok := range said {
		if !ok {
			t.Errorf("package %q has no doc comment", room)
		}
	}
}

var tableInSQL = regexp.MustCompile(`\b(?:FROM|INTO|UPDATE|JOIN)\s+([a-z_]+)`)

func TestOnlyTheOwnerNamesATable(t *testing.T) {
	for _, s := range sources(t) {
		if s.test || s.room == "sim" || guests[s.room] != "" {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			lit, ok := n.(*ast.BasicLit)
			if !ok || lit.Kind != token.STRING {
				return true
			}
			for _, m := range tableInSQL.FindAllStringSubmatch(lit.Value, -1) {
				if owner, known := owners[m[1]]; known && owner != s.room {
					t.Errorf("%s names the table %s of %s: ask the owner", s.path, m[1], owner)
				}
			}
			return true
		})
	}
}

var (
	createTable = regexp.MustCompile(`(?i)CREATE TABLE\s+([a-z_]+)`)
	// stepTable is a table that a migration needs on its way and no longer.
	stepTable = regexp.MustCompile(`(?i)(?:DROP TABLE\s+([a-z_]+_aside)|ALTER TABLE\s+([a-z_]+_next)\s+RENAME)`)
)

func TestEveryTableHasAnOwnerThatSaysSo(t *testing.T) {
	docs := map[string]string{}
	for _, s := range sources(t) {
		if !s.test {
			docs[s.room] += s.file.Doc.Text()
		}
	}
	files, err := filepath.Glob("db/migrations/sqlite/*.sql")
	if err != nil || len(files) == 0 {
		t.Fatalf("no migrations: %v", err)
	}
	for _, path := range files {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		steps := ""
		for _, m := range stepTable.FindAllStringSubmatch(string(text), -1) {
			steps += " " + m[1] + m[2] + " "
		}
		for _, m := range createTable.FindAllStringSubmatch(string(text), -1) {
			if strings.Contains(steps, " "+m[1]+" ") {
				continue
			}
			owner, ok := owners[m[1]]
			if !ok {
				t.Errorf("%s: the table %s has no owner in this test", path, m[1])
				continue
			}
			if !strings.Contains(docs[owner], m[1]) {
				t.Errorf("the doc comment of %s does not name its table %s", owner, m[1])
			}
		}
	}
}
