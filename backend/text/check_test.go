package text

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Each problem is found where it stands, in the units in which an editor counts.
func TestCheck(t *testing.T) {
	t.Parallel()
	c := catalog(t)
	for _, x := range []struct {
		language string
		key      Key
		words    string
		want     []string // code, a star where it blocks, at+length
	}{
		{"en", "g.back", "Back", nil},
		{"en", "g.back", "", nil},
		{"en", "g.back", "-", []string{"not_hideable* 0+1"}},
		{"en", "signin.body", "-", nil},
		{"en", "g.back", "  ", []string{"blank* 0+2"}},
		{"en", "g.back", "A\nB", []string{"line_break* 1+1"}},
		{"en", "privacy.more", "A\nB\tC", nil},
		{"en", "g.back", "A\u202EB\uE000", []string{"control* 1+1", "control* 3+1"}},
		{"en", "g.back", "😀 {{who}}", []string{"unknown_variable* 3+7"}},
		{"en", "g.back", "{{ref}", []string{"braces* 0+2"}},
		{"en", "g.back", "a}} {{ }}", []string{"braces* 1+2", "nameless* 4+5"}},
		{"en", "privacy.more", "{{#ref}}a", []string{"block_open* 0+8"}},
		{"en", "privacy.more", "a{{/ref}}", []string{"block_end* 1+8"}},
		{"en", "privacy.more", "{{#ref}}{{#domain}}x{{/ref}}", []string{"block_nested* 8+11"}},
		{"en", "language.name", "{{org_name}}", []string{"unknown_variable* 0+12"}},
		{"en", "e.locked", "Wait.", []string{"missing_variable* 0+0"}},
		{"en", "done.body", "Tap **{{ios_allow}}**.", []string{"missing_variable 0+0"}},
		{"en", "g.back", "One two three four five", []string{"too_long* 20+3"}},
		{"en", "g.days", "one: {{count}} day\nother: {{count}} days", nil},
		{"en", "g.days", "one: a day\nother: days", []string{"missing_variable* 0+0"}},
		{"en", "g.days", "{{count}} days", []string{"plural_line* 0+14", "missing_variable* 0+0", "plural_missing 0+0", "plural_missing* 0+0"}},
		{"en", "g.days", "one: {{count}} day\nfew: x\nmost: y\nother: {{count}} days", []string{"plural_form* 26+4"}},
		{"pl", "g.days", "one: {{count}} a\nother: {{count}} b", []string{"plural_missing 0+0", "plural_missing 0+0"}},
		{"en", "g.days", "other: {{count}} days and days and days", []string{"too_long* 37+2", "plural_missing 0+0"}},
		{"en", "privacy.more", "[a](http://x) [b](http://x) [c](https://x.example)", []string{"link* 4+8", "link* 18+8"}},
		{"en", "privacy.more", "[a](javascript:{{ref}})", []string{"link* 4+18"}},
		{"en", "privacy.more", "<b>a</b> ![x](y)", []string{"markup 0+3"}},
		{"en", "g.back", "**Back**", []string{"markdown 0+8"}},
		{"de", "g.back", "„A“ und \"B\"", []string{"quotes 8+1"}},
		{"ar", "g.back", "أ → ب", []string{"arrow 2+1"}},
		{"de", "privacy.title", "Your {{device_kind}} stays yours", []string{"still_english 0+32"}},
		{"de", "f.organization", "{{org_name}}", nil},
		{"hu", "g.back", "Vissza", []string{"unknown_language* 0+0"}},
		{"en", "no.such", "x", []string{"unknown_key* 0+0"}},
		{"en", "g.back", "\xff", []string{"encoding* 0+0"}},
	} {
		var got []string
		for _, p := range c.check(x.language, x.key, x.words) {
			got = append(got, fmt.Sprintf("%s%s %d+%d", p.Code, map[bool]string{true: "*"}[p.Blocking], p.At, p.Length))
		}
		if diff := cmp.Diff(x.want, got); diff != "" {
			t.Errorf("%s %s %q (-want +got):\n%s", x.language, x.key, x.words, diff)
		}
	}
}
