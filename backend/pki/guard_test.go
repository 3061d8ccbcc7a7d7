package pki

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/binary"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"howett.net/plist"
)

// nested is depth SEQUENCEs, each with nothing but the next.
func nested(depth int) []byte {
	var b []byte
	for inside := depth - 1; inside >= 0; inside-- {
		b = append(b, 0x30, 0x84)
		b = binary.BigEndian.AppendUint32(b, uint32(6*inside))
	}
	return b
}

func TestCheckBER(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		in   []byte
		good bool
	}{
		"empty":                         {nil, false},
		"one byte":                      {[]byte{0x30}, false},
		"empty sequence":                {[]byte{0x30, 0}, true},
		"null":                          {[]byte{5, 0}, true},
		"64 levels":                     {nested(64), true},
		"65 levels":                     {nested(65), false},
		"65 levels without ends":        {append(bytes.Repeat([]byte{0x30, 0x80}, 65), make([]byte, 130)...), false},
		"64 levels without ends":        {append(bytes.Repeat([]byte{0x30, 0x80}, 64), make([]byte, 128)...), true},
		"an end is missing":             {[]byte{0x30, 0x80, 5, 0}, false},
		"a primitive without an end":    {[]byte{0x04, 0x80, 1, 0, 0}, false},
		"longer than the message":       {[]byte{0x30, 5, 5, 0}, false},
		"longer than its parent":        {[]byte{0x30, 2, 4, 9, 1, 1}, false},
		"a length of five bytes":        {[]byte{0x30, 0x85, 0, 0, 0, 0, 0}, false},
		"a length beyond the message":   {[]byte{0x30, 0x84, 0xff, 0xff, 0xff, 0xff}, false},
		"something after the end":       {[]byte{0x30, 0, 0}, false},
		"a long tag":                    {[]byte{0x3f, 0x81, 1, 0}, false},
		"definite inside of indefinite": {[]byte{0x30, 0x80, 0x30, 2, 5, 0, 0, 0}, true},
		"indefinite inside of definite": {[]byte{0x30, 6, 0x30, 0x80, 5, 0, 0, 0}, true},
		"indefinite beyond its parent":  {[]byte{0x30, 4, 0x30, 0x80, 5, 0, 0, 0}, false},
		"many elements":                 {append([]byte{0x30, 0x82, 0x27, 0x10}, bytes.Repeat([]byte{5, 0}, 5000)...), false},
	} {
		if err := checkBER(c.in); (err == nil) != c.good {
			t.Errorf("%s: got %v, want good to be %v", name, err, c.good)
		}
	}
}

// What would keep a parser busy for seconds is refused in no time, and without memory.
func TestCheckBERIsCheap(t *testing.T) { // alone, as it counts allocations
	for name, in := range map[string][]byte{
		"deep":         nested(40_000),
		"without ends": bytes.Repeat([]byte{0x30, 0x80}, 100_000),
		"wide":         append([]byte{0x30, 0x80}, bytes.Repeat([]byte{5, 0}, 100_000)...),
	} {
		if n := testing.AllocsPerRun(1, func() { _ = checkBER(in) }); n > 10 {
			t.Errorf("%s: %v allocations", name, n)
		}
		start := time.Now()
		if _, err := parseSigned(in); err == nil {
			t.Errorf("%s: taken", name)
		}
		if took := time.Since(start); took > time.Second {
			t.Errorf("%s: took %v", name, took)
		}
	}
}

func TestToDER(t *testing.T) {
	t.Parallel()
	in := []byte{0x30, 0x80, 0x24, 0x80, 4, 1, 1, 4, 0x81, 1, 2, 0, 0, 5, 0, 0, 0}
	want := []byte{0x30, 10, 0x24, 6, 4, 1, 1, 4, 1, 2, 5, 0}
	if err := checkBER(in); err != nil {
		t.Fatal(err)
	}
	if got, rest := toDER(nil, in); !bytes.Equal(got, want) || len(rest) > 0 {
		t.Errorf("got % x, want % x", got, want)
	}
}

const applesDoctype = `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
`

func deepPlist(levels int) string {
	return `<plist version="1.0">` + strings.Repeat("<array>", levels) + strings.Repeat("</array>", levels) + "</plist>"
}

func TestCheckPlist(t *testing.T) {
	t.Parallel()
	const idle = `<dict><key>Status</key><string>Idle</string></dict></plist>`
	for name, c := range map[string]struct {
		in   string
		good bool
	}{
		"a phone's":                  {applesDoctype + `<plist version="1.0">` + idle, true},
		"without a doctype":          {`<plist version="1.0">` + idle + "\n", true},
		"with a byte order mark":     {"\xef\xbb\xbf" + applesDoctype + `<plist version="1.0">` + idle, true},
		"with a comment":             {`<plist><!-- <a> & > --><dict/></plist>`, true},
		"with a section of data":     {`<plist><string><![CDATA[<a>&b;]]></string></plist>`, true},
		"with the five entities":     {`<plist><string>&lt;&gt;&amp;&quot;&apos;&#228;&#xE4;</string></plist>`, true},
		"63 arrays":                  {deepPlist(63), true},
		"64 arrays":                  {deepPlist(64), false},
		"a million arrays":           {deepPlist(100_000), false},
		"empty":                      {"", false},
		"white space":                {" \n", false},
		"binary":                     {"bplist00\xd1\x01\x02", false},
		"the old text format":        {"{ Status = Idle; }", false},
		"the old format in brackets": {"<62706c69>", false},
		"JSON":                       {`{"Status":"Idle"}`, false},
		"no plist":                   {`<dict></dict>`, false},
		"two":                        {`<plist></plist><plist></plist>`, false},
		"text before":                {`x<plist></plist>`, false},
		"text after":                 {`<plist></plist>x`, false},
		"cut off":                    {`<plist><dict>`, false},
		"cut off in a tag":           {`<plist><dict`, false},
		"closed twice":               {`<plist></dict></dict>`, false},
		"an entity":                  {`<plist><string>&lol;</string></plist>`, false},
		"a bare ampersand":           {`<plist><string>a & b</string></plist>`, false},
		"declared entities":          {`<!DOCTYPE plist [<!ENTITY a "b">]><plist><string>&a;</string></plist>`, false},
		"a doctype with brackets":    {`<!DOCTYPE plist [ ]><plist></plist>`, false},
		"a hidden end of doctype":    {`<!DOCTYPE plist PUBLIC ">"><plist></plist>">`, false},
		"a declaration inside":       {`<plist><!ELEMENT a ANY></plist>`, false},
		"a doctype inside":           {`<plist><!DOCTYPE plist></plist>`, false},
		"an attribute":               {`<plist><dict a="1"/></plist>`, false},
		"an end inside of quotes":    {`<plist><dict a="/>"/></plist>`, false},
		"two kinds of quotes":        {`<plist version="'" b='/>'></plist>`, false},
	} {
		err := CheckPlist([]byte(c.in), 1<<20)
		if (err == nil) != c.good {
			t.Errorf("%s: got %v, want good to be %v", name, err, c.good)
		}
		if err != nil && !errors.Is(err, ErrPlist) {
			t.Errorf("%s: %v is no ErrPlist", name, err)
		}
	}
	for n, good := range map[int]bool{maxTags - 2: true, maxTags - 1: false} {
		many := "<plist><array>" + strings.Repeat("<a/>", n) + "</array></plist>"
		if err := CheckPlist([]byte(many), 8<<20); (err == nil) != good {
			t.Errorf("%d elements: got %v, want good to be %v", n+2, err, good)
		}
	}
	if err := CheckPlist([]byte(`<plist></plist>`), 10); err == nil {
		t.Error("a list above the limit was taken")
	}
}

// levels is how deep the decoder found a value.
func levels(v any) int {
	deepest := 0
	switch v := v.(type) {
	case []any:
		for _, x := range v {
			deepest = max(deepest, levels(x))
		}
	case map[string]any:
		for _, x := range v {
			deepest = max(deepest, levels(x))
		}
	}
	return deepest + 1
}

// Whatever the guard takes, the decoder takes apart without going deeper than the guard counted, and without another format.
func FuzzCheckPlist(f *testing.F) {
	f.Add([]byte(applesDoctype + `<plist version="1.0"><dict><key>Status</key><string>Idle</string></dict></plist>`))
	f.Add([]byte(deepPlist(63)))
	f.Add([]byte(deepPlist(65)))
	f.Add([]byte(`<plist><array><data>AAAA</data><integer>1</integer><real>1.5</real><date>2026-11-22T00:00:00Z</date></array></plist>`))
	f.Add([]byte(`<plist><!-- x --><string><![CDATA[<a>]]>&amp;</string></plist>`))
	f.Fuzz(func(t *testing.T, b []byte) {
		if CheckPlist(b, 1<<16) != nil {
			return
		}
		var v any
		format, err := plist.Unmarshal(b, &v)
		if err != nil {
			return
		}
		if format != plist.XMLFormat {
			t.Errorf("the guard took a list that was read as format %d", format)
		}
		if n := levels(v); n > maxNesting {
			t.Errorf("the decoder found %d levels", n)
		}
	})
}

// seeds are the messages in testdata.
func seeds(f *testing.F, pattern string) {
	f.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", pattern))
	if err != nil || len(files) == 0 {
		f.Fatalf("no seeds %s: %v", pattern, err)
	}
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
}

func TestUsableKey(t *testing.T) {
	t.Parallel()
	n := rsaKey(t, 1024, 0).N
	for name, key := range map[string]crypto.PublicKey{
		"RSA, short":             &rsa.PublicKey{N: new(big.Int).Rsh(n, 1), E: 65537},
		"RSA, long":              &rsa.PublicKey{N: new(big.Int).Lsh(n, 8192), E: 65537},
		"RSA, a large exponent":  &rsa.PublicKey{N: n, E: 1<<31 - 1},
		"ECDSA, a curve of none": &ecdsa.PublicKey{Curve: elliptic.P224()},
		"Ed25519":                ed25519.PublicKey(make([]byte, 32)),
	} {
		if err := usableKey(key); !errors.Is(err, errAlgorithm) {
			t.Errorf("%s: got %v, want errAlgorithm", name, err)
		}
	}
	if err := usableKey(&rsa.PublicKey{N: n, E: 65537}); err != nil {
		t.Errorf("a device's key: %v", err)
	}
}
