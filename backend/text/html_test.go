package text

import (
	"strings"
	"testing"
	"time"
)

// laidOver is the built-in catalogue with other words laid over it.
func laidOver(t *testing.T, changes ...Change) *Catalog {
	t.Helper()
	c, _ := catalog(t).With(changes...)
	return c
}

func TestHTML(t *testing.T) {
	t.Parallel()
	for _, x := range []struct{ name, words, want string }{
		{"a paragraph", "One & two", "<p>One &amp; two</p>"},
		{"a line break is one", "One\ntwo\n\nthree", "<p>One<br>two</p><p>three</p>"},
		{"headings", "## A\n### B\n# C\n#### D", "<h2>A</h2><h3>B</h3><p># C<br>#### D</p>"},
		{"lists", "- a\n- b\n\n3. c\n4. d", `<ul><li>a</li><li>b</li></ul><ol start="3"><li>c</li><li>d</li></ol>`},
		{"bold and italic", "**a** *b* ***c***", "<p><strong>a</strong> <em>b</em> <em><strong>c</strong></em></p>"},
		{"links", "[a](https://x.example/?a=b&c) [b](mailto:a@x.example) [c](tel:+49-30)", `<p><a href="https://x.example/?a=b&amp;c">a</a> <a href="mailto:a@x.example">b</a> <a href="tel:+49-30">c</a></p>`},
		{"links that lead elsewhere", "[a](http://x.example) [b](javascript:alert(1)) [c](//x.example) [d](/x)", "<p>[a](http://x.example) [b](javascript:alert(1)) [c](//x.example) [d](/x)</p>"},
		{"images are text", "![a](https://x.example/a.png)", "<p>![a](https://x.example/a.png)</p>"},
		{"HTML is text", "<b>a</b> <!-- b --> &lt;", "<p>&lt;b&gt;a&lt;/b&gt; &lt;!-- b --&gt; &amp;lt;</p>"},
		{"tables, code, quotes and rules are text", "| a | b |\n|---|---|\n`c`\n> d\n\n---\n\n    e", "<p>| a | b |<br>|---|---|<br>`c`<br>&gt; d</p><p>---</p><p>e</p>"},
		{"a variable in bold", "**{{org_short}}**", "<p><strong>&lt;N&gt; **&amp;**</strong></p>"},
		{"a variable that begins a line", "{{org_short}}\n\n{{support_hours}}", "<p>&lt;N&gt; **&amp;**</p><p># 8</p>"},
		{"a variable in an address", "[mail](mailto:{{support_email}}) [call](tel:{{support_phone}}) [page]({{support_url}})", `<p><a href="mailto:it%22@x.example">mail</a> <a href="tel:+49301">call</a> <a href="https://help.example/?a&amp;b">page</a></p>`},
		{"a variable that would choose the scheme", "[a]({{org_short}}) [b]({{org_short}}:x)", "<p>[a](&lt;N&gt; **&amp;**) [b](&lt;N&gt; **&amp;**:x)</p>"},
		{"a block across bold", "**a {{#ref}}b** c{{/ref}}", "<p>**a</p>"},
		{"a shown block across bold", "**a {{#support_phone}}b** c{{/support_phone}}", "<p><strong>a b</strong> c</p>"},
		{"an address that is an address of ours", "[a](https://link.invalid/0) [b](https://x.example)", `<p><a href="https://link.invalid/0">a</a> <a href="https://x.example">b</a></p>`},
		{"the letters of variables", "\U000F0000 {{org_short}} %F3%B0%80%80 &#983040;", "<p>&lt;N&gt; **&amp;** %F3%B0%80%80 &amp;#983040;</p>"},
	} {
		c := laidOver(t, Change{Language: "en", Key: "privacy.more", Words: x.words})
		got := c.HTML(c.Match("en"), "privacy.more", Vars{
			"org_short": "<N> **&**", "support_email": `it"@x.example`, "support_phone": "+49 30/1", "support_url": "https://help.example/?a&b", "support_hours": "# 8",
		})
		if got := strings.ReplaceAll(string(got), "\n", ""); got != x.want {
			t.Errorf("%s:\n got %s\nwant %s", x.name, got, x.want)
		}
	}
}

func TestInlineKnowsNoBlocks(t *testing.T) {
	t.Parallel()
	for words, want := range map[string]string{
		"- **a**": "- <strong>a</strong>", "## a": "## a", "1. [a](https://x.example)": `1. <a href="https://x.example">a</a>`,
	} {
		c := laidOver(t, Change{Language: "en", Key: "e.contact", Words: words})
		if got := string(c.HTML(c.Match("en"), "e.contact", nil)); got != want {
			t.Errorf("%q: got %s, want %s", words, got, want)
		}
	}
	c := laidOver(t, Change{Language: "en", Key: "e.title", Words: "**a** <b> [c](https://x.example)"})
	if got, want := string(c.HTML(c.Match("en"), "e.title", nil)), "**a** &lt;b&gt; [c](https://x.example)"; got != want {
		t.Errorf("a text without Markdown: got %s, want %s", got, want)
	}
}

func TestValuesKeepTheirDirection(t *testing.T) {
	t.Parallel()
	c := laidOver(t, Change{Language: "ar", Key: "e.contact", Words: "{{support_name}}"}, Change{Language: "en", Key: "e.contact", Words: "{{support_name}}"})
	for tag, want := range map[string]string{"ar": "<bdi>IT +49</bdi>", "en": "IT +49"} {
		if got := string(c.HTML(newLanguage(tag, "en"), "e.contact", Vars{"support_name": "IT +49"})); got != want {
			t.Errorf("in %s: got %s, want %s", tag, got, want)
		}
	}
	if got, want := string(c.HTML(c.Match("en"), "e.contact", Vars{"support_name": "الدعم"})), "<bdi>الدعم</bdi>"; got != want {
		t.Errorf("an Arabic name in an English sentence: got %s, want %s", got, want)
	}
}

func TestHiddenTextsShowNothing(t *testing.T) {
	t.Parallel()
	c := laidOver(t, Change{Language: "en", Key: "signin.body", Words: "-"})
	l := c.Match("en")
	if text, html := c.Text(l, "signin.body", nil), c.HTML(l, "signin.body", nil); text != "" || html != "" {
		t.Errorf("a hidden text: got %q and %q", text, html)
	}
}

func TestCount(t *testing.T) {
	t.Parallel()
	c := laidOver(t, Change{Language: "uk", Key: "g.days", Words: "one: {{count}} день\nfew: {{count}} дні\nmany: {{count}} днів\nother: {{count}} дня"})
	for _, x := range []struct {
		tag  string
		n    int
		want string
	}{
		{"en", 1, "1 day"},
		{"en", 0, "0 days"},
		{"en", 90, "90 days"},
		{"de", 1, "1 Tag"},
		{"uk", 1, "1 день"},
		{"uk", 3, "3 дні"},
		{"uk", 11, "11 днів"},
		{"uk", 21, "21 день"},
		{"uk", 90, "90 днів"},
	} {
		if got := c.Count(newLanguage(x.tag, "en"), "g.days", x.n); got != x.want {
			t.Errorf("%d in %s: got %q, want %q", x.n, x.tag, got, x.want)
		}
	}
}

func TestDate(t *testing.T) {
	t.Parallel()
	c := catalog(t)
	at := time.Date(2026, 11, 3, 10, 0, 0, 0, time.UTC)
	for tag, want := range map[string]string{
		"en": "November 3, 2026", "de": "3. November 2026", "de-AT": "3. November 2026", "pt-BR": "3 de novembro de 2026",
		"ja": "2026年11月3日", "ko": "2026년 11월 3일", "he": "3 בנובמבר 2026", "uk": "3 листопада 2026\u202fр.", "zh-Hans": "2026年11月3日",
		"en-GB": "3 November 2026", "nb": "3. november 2026", "sw": "2026-11-03",
	} {
		if got := c.Date(newLanguage(tag, "en"), at); got != want {
			t.Errorf("%s: got %q, want %q", tag, got, want)
		}
	}
}

func TestTermsNeverMix(t *testing.T) {
	t.Parallel()
	if got := catalog(t).Terms(); got != (Terms{}) {
		t.Errorf("without an agreement: got %v, want none", got)
	}
	c := laidOver(t, Change{Language: "de", Key: termsBody, Words: "Vereinbarung"}, Change{Language: "fr", Key: termsBody, Words: "Accord"}, Change{Language: "fr", Key: "terms.accept", Words: ""})
	if got := c.Terms().Version; got != 1 {
		t.Errorf("with an agreement: got version %d, want 1", got)
	}
	for tag, want := range map[string]string{"de": "de", "en": "de", "de-CH": "de"} {
		if got := c.Legal(newLanguage(tag, "de")).Tag(); got != want {
			t.Errorf("the terms for %s: got those in %s, want %s", tag, got, want)
		}
	}
}

func TestPseudo(t *testing.T) {
	t.Parallel()
	c := laidOver(t, Change{Language: "en", Key: "privacy.more", Words: "## Works council\n1. Ask {{support_name}} or [read](https://x.example/council)."})
	l := c.Exactly("en", pseudoTag)
	if got, want := c.Text(l, "signin.title", Vars{"org_short": "Nordlicht"}), "Šîgññ îñ tö Nordlicht"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	want := `<h2>Wöŕkšš çöûñçîļļļ</h2><ol><li>Åškk Anna öŕ <a href="https://x.example/council">ŕêádd</a>.</li></ol>`
	if got := strings.ReplaceAll(string(c.HTML(l, "privacy.more", Vars{"support_name": "Anna"})), "\n", ""); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
	if got := c.Count(l, "g.days", 1); got != "1 dáýý" {
		t.Errorf("a count: got %q", got)
	}
	if got := c.Match("en", pseudoTag).Tag(); got == pseudoTag {
		t.Error("a phone was offered the pseudo-language")
	}
}

func BenchmarkHTML(b *testing.B) {
	c, err := New()
	if err != nil {
		b.Fatal(err)
	}
	l := c.Match("de", "fr-CA")
	vars := StandardVars(Standard{OrgName: "Nordlicht GmbH", SupportName: "IT", SupportPhone: "1"})
	for b.Loop() {
		c.HTML(l, "done.body", vars)
	}
}

// A letter has no formatting: what Markdown draws becomes what people write into a mail.
func TestPlain(t *testing.T) {
	t.Parallel()
	for _, x := range []struct{ words, want string }{
		{"One & <two>", "One & <two>"},
		{"One\ntwo\n\n**three** *four*", "One\ntwo\n\nthree four"},
		{"Before:\n\n1. a\n2. **b**\n\nafter", "Before:\n\n1. a\n2. b\n\nafter"},
		{"3. c\n4. d", "3. c\n4. d"},
		{"- a\n- b\n  - c", "• a\n• b\n   • c"},
		{"1. a\n\n2. b", "1. a\n2. b"},
		{"## A\nb", "A\n\nb"},
		{"[help](https://x.example/a?b&c) [https://x.example](https://x.example) [it@x.example](mailto:it@x.example)", "help (https://x.example/a?b&c) https://x.example it@x.example"},
		{"**{{org_short}}**", "<N> **&**"},
	} {
		c := laidOver(t, Change{Language: "en", Key: "privacy.more", Words: x.words})
		if got := c.Plain(c.Match("en"), "privacy.more", Vars{"org_short": "<N> **&**"}); got != x.want {
			t.Errorf("%q: got %q, want %q", x.words, got, x.want)
		}
	}
	c := laidOver(t, Change{Language: "en", Key: "e.title", Words: "**a** b"})
	if got := c.Plain(c.Match("en"), "e.title", nil); got != "**a** b" {
		t.Errorf("a text without Markdown: got %q", got)
	}
}
