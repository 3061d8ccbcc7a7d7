package backend_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// A rule in docs/PROTOCOL.md names the test that holds it. The test is there.
func TestProtocolPaperNamesRealTests(t *testing.T) {
	t.Parallel()
	paper, err := os.ReadFile(filepath.Join("..", "docs", "PROTOCOL.md"))
	if err != nil {
		t.Fatal(err)
	}
	named := regexp.MustCompile(`([a-z]+) (Test[A-Za-z0-9]+)`).FindAllStringSubmatch(string(paper), -1)
	if len(named) < 30 {
		t.Errorf("the paper names %d tests; is it read rightly?", len(named))
	}
	for _, n := range named {
		room, test := n[1], n[2]
		if room == "backend" {
			room = "."
		}
		if !strings.Contains(testsOf(t, room), "func "+test+"(") {
			t.Errorf("the paper names %s of %s, which is not there", test, n[1])
		}
	}
	for _, n := range regexp.MustCompile(`stories/([a-z-]+\.txt)`).FindAllStringSubmatch(string(paper), -1) {
		if _, err := os.Stat(filepath.Join("testdata", "stories", n[1])); err != nil {
			t.Errorf("the paper names a story: %v", err)
		}
	}
}

// testsOf is the text of a package's tests.
func testsOf(t *testing.T, dir string) string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(b)
	}
	return all.String()
}
