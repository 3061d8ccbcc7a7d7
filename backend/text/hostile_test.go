package text

import (
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// hostile is what people try to put into pages.
var hostile = []string{
	`<script>alert(1)</script>`, `<ScRiPt src=//x.example></sCrIpT>`, `<img src=x onerror=alert(1)>`, `<svg/onload=alert(1)>`, `<svg><script>alert(1)`,
	`"><script>alert(1)</script>`, `'><img src=x onerror=alert(1)>`, `" onmouseover="alert(1)`, `' onfocus='alert(1)' autofocus='`,
	`<a href="javascript:alert(1)">x</a>`, `<a href=&#106;avascript:alert(1)>x</a>`, `<iframe srcdoc="<script>alert(1)</script>"></iframe>`,
	`<object data="data:text/html,<script>alert(1)</script>">`, `<embed src=javascript:alert(1)>`, `<form action=https://x.example><input name=password>`,
	`<base href=https://x.example/>`, `<meta http-equiv=refresh content="0;url=https://x.example">`, `<link rel=stylesheet href=//x.example>`,
	`<style>@import "//x.example"</style>`, `<body onload=alert(1)>`, `<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>`,
	`<!--><script>alert(1)</script>-->`, `<![CDATA[<script>alert(1)</script>]]>`, `</p></main></html><script>alert(1)</script>`,
	`[x](javascript:alert(1))`, `[x](JaVaScRiPt:alert(1))`, `[x](javascript&colon;alert(1))`, `[x](&#x6A;avascript:alert(1))`, `[x](\javascript:alert(1))`,
	`[x](data:text/html;base64,PHNjcmlwdD4=)`, `[x](vbscript:x)`, `[x](//x.example)`, `[x](https:x)`, `[x](https://a@x.example)`, `[x](https:///)`,
	`[x](https://x.example "onmouseover=alert(1)")`, `[x](<https://x.example" onclick="alert(1)>)`, `[x](https://x.example/"onclick="alert(1))`,
	`![x](https://x.example/a.png)`, `![x](javascript:alert(1))`, `<https://x.example>`, `<javascript:alert(1)>`, `[x]: javascript:alert(1)` + "\n\n[x]",
	`[<img src=x onerror=alert(1)>](https://x.example)`, `**<b onclick=alert(1)>x</b>**`, "```\n<script>alert(1)</script>\n```", "    <script>alert(1)</script>",
	`<ref>{{ref}}</ref>`, `{{#ref}}<b>{{/ref}}`, `{{ref}} {{org_name}}`, `{{.}}{{printf "%s" "x"}}`, `${7*7}#{7*7}<%= 7*7 %>`, `\x3cscript\x3e`, `%3Cscript%3E`,
	`&lt;script&gt;alert(1)&lt;/script&gt;`, `&#60;script&#62;`, "a\u202Egnp.exe", "\U000F0000\U000F0001", `href="https://link.invalid/0"`, ` href="https://link.invalid/9"`,
	`https://link.invalid/0`, "<\x00script>alert(1)</script>", "\u2028alert(1)", `# h` + "\n" + `* * *`, `1. a` + "\n" + `   - b`, `~~x~~ ^y^ ==z==`, `a\`, `\[x](https://x.example)`,
	`+ADw-script+AD4-alert(1)+ADw-/script+AD4-`, `¼script¾alert(1)¼/script¾`, strings.Repeat("[", 500), strings.Repeat("*_", 500), strings.Repeat("> ", 500), strings.Repeat("- ", 500) + "x",
}

var harmless = map[string]string{"p": "", "br": "", "strong": "", "em": "", "ul": "", "ol": "start", "li": "", "h2": "", "h3": "", "a": "href", "bdi": ""}

// inspect reads HTML as a browser does and says what in it is more than text. It returns the text and the number of
// elements.
func inspect(t *testing.T, about, page string) (string, int) {
	t.Helper()
	nodes, err := html.ParseFragment(strings.NewReader(page), &html.Node{Type: html.ElementNode, Data: "div", DataAtom: atom.Div})
	if err != nil {
		t.Fatalf("%s: %v", about, err)
	}
	var text strings.Builder
	elements := 0
	var walk func(n *html.Node)
	walk = func(n *html.Node) {
		switch n.Type {
		case html.TextNode:
			text.WriteString(n.Data)
		case html.ElementNode:
			elements++
			attribute, ok := harmless[n.Data]
			if !ok {
				t.Errorf("%s: an element <%s> in %s", about, n.Data, page)
			}
			for _, a := range n.Attr {
				if a.Key != attribute || a.Key == "href" && !follows(a.Val) {
					t.Errorf("%s: an attribute %s=%q in %s", about, a.Key, a.Val, page)
				}
			}
		default:
			t.Errorf("%s: a node of type %d in %s", about, n.Type, page)
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			walk(c)
		}
	}
	for _, n := range nodes {
		walk(n)
	}
	return text.String(), elements
}

func TestHostileTextsStayText(t *testing.T) {
	t.Parallel()
	c := catalog(t)
	l := c.Match("en")
	vars := Vars{"ref": "K7-31Q", "org_name": "Nordlicht"}
	for _, key := range c.Keys() {
		for _, words := range hostile {
			bad, _ := c.With(Change{Language: "en", Key: key, Words: words})
			page := string(bad.HTML(l, key, vars))
			text, elements := inspect(t, string(key)+": "+words, page)
			if c.house.entries[key].Markdown == "" && !c.house.entries[key].Plural {
				if want := bad.Text(l, key, vars); text != strings.Map(noLetter, strings.ReplaceAll(want, "\x00", "\uFFFD")) || elements > 0 {
					t.Errorf("%s: %q became %q", key, want, text)
				}
			}
		}
	}
}

// Each variable of each text, where the text puts it and in every place that Markdown has.
func TestHostileValuesStayText(t *testing.T) {
	t.Parallel()
	c := catalog(t)
	for _, tag := range []string{"en", "ar"} {
		l := c.Exactly("en", tag)
		for _, key := range c.Keys() {
			e := c.house.entries[key]
			for _, name := range append(c.house.words[source][key].variables(), e.Variables...) {
				with := c
				if e.Markdown != "" {
					v := "{{" + name + "}}"
					with, _ = c.With(Change{Language: tag, Key: key, Words: v + "\n\n**" + v + "** [" + v + "](https://x.example/" + v + ")\n- " + v + " {{#" + name + "}}" + v + "{{/" + name + "}}"})
				}
				_, plain := inspect(t, string(key), string(with.HTML(l, key, Vars{name: "x"})))
				for _, value := range hostile {
					about := string(key) + " with " + name + " = " + value
					text, elements := inspect(t, about, string(with.HTML(l, key, Vars{name: value})))
					value = strings.ReplaceAll(value, "\x00", "\uFFFD")
					if !strings.Contains(text, value) {
						t.Errorf("%s: got %q", about, text)
					}
					if bdi := strings.ContainsFunc(value, func(r rune) bool { return r > 0x590 && r < 0x800 }); elements != plain && !bdi {
						t.Errorf("%s: %d elements and not %d", about, elements, plain)
					}
				}
			}
		}
	}
}

func FuzzHTML(f *testing.F) {
	for _, s := range hostile {
		f.Add(s, "value")
		f.Add("{{org_name}} **{{ref}}** [a](tel:{{ref}}) [b]({{support_url}})", s)
	}
	c, err := New()
	if err != nil {
		f.Fatal(err)
	}
	l := c.Match("en")
	f.Fuzz(func(t *testing.T, words, value string) {
		for _, key := range []Key{"privacy.more", "e.contact", "e.title"} {
			with, _ := c.With(Change{Language: "en", Key: key, Words: words})
			inspect(t, words, string(with.HTML(l, key, Vars{"org_name": value, "ref": value, "support_url": value})))
			plain, _ := c.With(Change{Language: "en", Key: key, Words: "{{ref}}"})
			if text, elements := inspect(t, value, string(plain.HTML(l, key, Vars{"ref": value}))); elements > 2 {
				t.Errorf("a value became elements: %q, %q", value, text)
			}
		}
	})
}

// A text that takes long to draw would hold up every page that shows it. What must not come back are inputs that keep the
// parser busy for minutes; a slow machine under the race detector is no such input.
func TestHostileTextsAreDrawnSoon(t *testing.T) {
	t.Parallel()
	c := catalog(t)
	for _, s := range []string{"[", "*a_ ", "[a](", "**a *b ", "- ", "a\n", "{{ref}}", "{{#ref}}a{{/ref}}", "<", " - a\n", "|a|\n", "&a;"} {
		for _, size := range []int{30_000, maxDraft} {
			start := time.Now()
			with, _ := c.With(Change{Language: "en", Key: termsBody, Words: strings.Repeat(s, size/len(s))})
			with.HTML(with.Match("en"), termsBody, nil)
			if took := time.Since(start); took > time.Minute {
				t.Errorf("%q, %d bytes of it: %v", s, size, took)
			}
		}
	}
}
