package backend_test

import (
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.org/gatehouse/backend"
)

var update = flag.Bool("update", false, "write the golden files anew")

// What the public listener answers is a promise to firewalls and proxies: the list in routes.go, the rooms' own code and
// the golden file say the same.
func TestRoutes(t *testing.T) {
	t.Parallel()
	var listed strings.Builder
	var patterns []string
	for _, r := range backend.Routes {
		patterns = append(patterns, r.Room+" "+r.Pattern)
		fmt.Fprintf(&listed, "%-55s %-8s %s\n", r.Pattern, r.Room, r.For)
	}
	golden := filepath.Join("testdata", "routes.golden")
	if *update {
		if err := os.WriteFile(golden, []byte(listed.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), listed.String()); diff != "" {
		t.Errorf("routes (-golden +list); -update writes the file anew:\n%s", diff)
	}
	var registered []string
	for _, room := range []string{"enroll", "portal", "pki", "mdm", "backend"} {
		dir := room
		if room == "backend" {
			dir = "."
		}
		for _, pattern := range patternsIn(t, dir) {
			registered = append(registered, room+" "+pattern)
		}
	}
	slices.Sort(registered)
	slices.Sort(patterns)
	if diff := cmp.Diff(patterns, registered); diff != "" {
		t.Errorf("routes (-list +code of the rooms):\n%s", diff)
	}
}

// patternsIn finds what the code in a folder registers on a mux.
func patternsIn(t *testing.T, dir string) []string {
	t.Helper()
	files := parse(t, dir)
	known := constants(files)
	for name, value := range constants(parse(t, "enroll")) {
		known["enroll."+name] = value
	}
	var patterns []string
	for _, file := range files {
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) != 2 {
				return true
			}
			method, ok := call.Fun.(*ast.SelectorExpr)
			if !ok || (method.Sel.Name != "Handle" && method.Sel.Name != "HandleFunc") {
				return true
			}
			if mux, ok := method.X.(*ast.Ident); !ok || mux.Name != "mux" {
				return true
			}
			pattern, ok := textOf(call.Args[0], known)
			if !ok {
				t.Errorf("%s registers a route that is not made of constants", dir)
			}
			patterns = append(patterns, pattern)
			return true
		})
	}
	return patterns
}

func parse(t *testing.T, dir string) []*ast.File {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	var files []*ast.File
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	return files
}

// constants are the texts that a package gives a name.
func constants(files []*ast.File) map[string]string {
	known := map[string]string{}
	for _, file := range files {
		ast.Inspect(file, func(n ast.Node) bool {
			if spec, ok := n.(*ast.ValueSpec); ok && len(spec.Names) == 1 && len(spec.Values) == 1 {
				if text, ok := textOf(spec.Values[0], known); ok {
					known[spec.Names[0].Name] = text
				}
			}
			return true
		})
	}
	return known
}

// textOf is the value of a text that is made of literals and constants.
func textOf(e ast.Expr, known map[string]string) (string, bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		text, err := strconv.Unquote(e.Value)
		return text, err == nil
	case *ast.Ident:
		text, ok := known[e.Name]
		return text, ok
	case *ast.SelectorExpr:
		if pkg, ok := e.X.(*ast.Ident); ok {
			text, ok := known[pkg.Name+"."+e.Sel.Name]
			return text, ok
		}
	case *ast.BinaryExpr:
		left, ok := textOf(e.X, known)
		right, ok2 := textOf(e.Y, known)
		return left + right, ok && ok2
	}
	return "", false
}
