package appleschema

import (
	"slices"
	"strings"
	"testing"
)

func command(inner string) []byte {
	return []byte(`<?xml version="1.0" encoding="UTF-8"?><plist version="1.0"><dict><key>CommandUUID</key><string>1</string><key>Command</key><dict>` +
		inner + `</dict></dict></plist>`)
}

func TestCommand(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, inner, want string }{
		{"good", `<key>RequestType</key><string>SecurityInfo</string>`, ""},
		{"good queries", `<key>RequestType</key><string>DeviceInformation</string><key>Queries</key><array><string>OSVersion</string></array>`, ""},
		{"forbidden query", `<key>RequestType</key><string>DeviceInformation</string><key>Queries</key><array><string>UDID</string></array>`, "UDID: forbidden"},
		{"made-up query", `<key>RequestType</key><string>DeviceInformation</string><key>Queries</key><array><string>ShoeSize</string></array>`, "no such thing"},
		{"wrong type", `<key>RequestType</key><string>DeviceInformation</string><key>Queries</key><string>OSVersion</string>`, "want <array>"},
		{"missing key", `<key>RequestType</key><string>RemoveProfile</string>`, "Identifier: required"},
		{"surplus key", `<key>RequestType</key><string>SecurityInfo</string><key>Loud</key><true/>`, "Loud: no such key"},
		{"forbidden command", `<key>RequestType</key><string>EraseDevice</string>`, "EraseDevice: forbidden"},
		{"Mac's key", `<key>RequestType</key><string>DeviceLock</string><key>PIN</key><string>123456</string>`, "PIN: not on iOS"},
		{"unknown command", `<key>RequestType</key><string>Dance</string>`, "describes no"},
	} {
		problems := Command(command(c.inner))
		found := slices.ContainsFunc(problems, func(p string) bool { return strings.Contains(p, c.want) })
		if c.want == "" && len(problems) > 0 || c.want != "" && !found {
			t.Errorf("%s: got %q, want %q", c.name, problems, c.want)
		}
	}
}

func TestDeclaration(t *testing.T) {
	t.Parallel()
	good := `{"Type":"com.apple.management.organization-info","Identifier":"a","ServerToken":"1","Payload":{"Name":"Example"}}`
	if problems := Declaration([]byte(good)); len(problems) > 0 {
		t.Errorf("a good declaration: %q", problems)
	}
	bad := `{"Type":"com.apple.management.organization-info","Identifier":"a","Payload":{"Name":7}}`
	if problems := Declaration([]byte(bad)); len(problems) != 2 {
		t.Errorf("without ServerToken and with a number for a name: got %q", problems)
	}
}

func TestDescriptionsAreAllRead(t *testing.T) {
	t.Parallel()
	if n := len(catalogue()); n < 60 {
		t.Errorf("%d descriptions, want every file of schema", n)
	}
}
