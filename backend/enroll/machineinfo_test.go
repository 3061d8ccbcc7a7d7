package enroll_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"example.org/gatehouse/backend/enroll"
)

func TestMachineInfoIsCleaned(t *testing.T) {
	t.Parallel()
	content := strings.NewReplacer("iPhone17,2", "iPhone"+strings.Repeat("9", 200), "22C161", "22C\n161").Replace(machineInfo)
	info, named, err := enroll.ParseMachineInfo([]byte(content))
	if err != nil || len(named) != 0 {
		t.Fatalf("got %v, %v", named, err)
	}
	if len(info.Product) != 40 || info.Build != "22C161" {
		t.Errorf("got product %q, build %q", info.Product, info.Build)
	}
}

func FuzzMachineInfo(f *testing.F) {
	f.Add([]byte(machineInfo))
	f.Add([]byte(`<plist version="1.0"><dict/></plist>`))
	f.Add([]byte(`<plist version="1.0"><dict><key>UDID</key><string>x</string></dict></plist>`))
	f.Add([]byte("bplist00"))
	f.Fuzz(func(t *testing.T, content []byte) {
		info, _, err := enroll.ParseMachineInfo(content)
		if err != nil {
			return
		}
		if info.UDID != "" || info.Serial != "" || info.IMEI != "" || info.MEID != "" {
			t.Fatal("an identifier was kept")
		}
		for _, s := range []string{info.Product, info.Build, info.Language, info.OSVersion} {
			if !utf8.ValidString(s) || len(s) > 200 || strings.ContainsAny(s, "\x00\n") {
				t.Fatalf("%q is not fit for a table", s)
			}
		}
	})
}
