package cli

import (
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
