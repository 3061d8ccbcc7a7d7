package cli

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"example.org/gatehouse/backend/admin"
)

func TestFindingsAreSentences(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		finding admin.Finding
		want    string
	}{
		{admin.Finding{Code: "push_certificate_missing"}, "The push certificate is missing. Without it no phone can enroll."},
		{admin.Finding{Code: "server_good", Params: map[string]string{"url": "https://mdm.example.com"}}, "The server answers at https://mdm.example.com."},
		{admin.Finding{Code: "new_thing", Params: map[string]string{"b": "2", "a": "1", "c": ""}}, "new thing (a: 1, b: 2)"},
		{admin.Finding{Code: "server_good"}, "server good"}, // without its facts a sentence would have a hole
	} {
		if got := sentence(c.finding); got != c.want {
			t.Errorf("%s: got %q, want %q", c.finding.Code, got, c.want)
		}
	}
}

// docs/OPERATIONS.md says what each finding means, and nothing about findings that there are not.
func TestOperationsExplainsEveryFinding(t *testing.T) {
	t.Parallel()
	paper, err := os.ReadFile("../../docs/OPERATIONS.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(paper), "## 6. What each finding means")
	section, _, _ = strings.Cut(section, "\n## 7.")
	explained := map[string]bool{}
	for _, m := range regexp.MustCompile("`([a-z]+[._][a-z_]+)`").FindAllStringSubmatch(section, -1) {
		explained[m[1]] = true
		if catalogue()["finding."+m[1]] == nil {
			t.Errorf("OPERATIONS explains %s, for which the screens have no words", m[1])
		}
	}
	if len(explained) < 30 {
		t.Fatalf("only %d findings are explained", len(explained))
	}
	// These are said about an answer while it is given, never by check.
	answers := regexp.MustCompile(`^(not_.*|required|too_long|control|unknown|port_.*|push_(not_issued_by_apple|expires_soon|no_account)|people_missing|disk_full)$`)
	for key := range catalogue() {
		code, ok := strings.CutPrefix(key, "finding.")
		if ok && !strings.HasSuffix(code, ".why") && !answers.MatchString(code) && !explained[code] {
			t.Errorf("OPERATIONS does not explain %s", code)
		}
	}
}
