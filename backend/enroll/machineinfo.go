package enroll

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"howett.net/plist"

	"example.org/gatehouse/backend/pki"
)

// maxRequest is far above a real enrollment request, which has about 4 kB.
const maxRequest = 64 << 10

// MachineInfo is what a phone says about itself before anybody has signed in (apple/device-management,
// other/machineinfo.yaml). Every part may be missing. It tells language, model and system; it must not tell which phone
// it is.
type MachineInfo struct {
	Product   string `plist:"PRODUCT"`    // "iPhone17,2"
	Build     string `plist:"VERSION"`    // "22C161": the build, whatever the key says
	Language  string `plist:"LANGUAGE"`   // "de", "en-US"
	OSVersion string `plist:"OS_VERSION"` // "18.2.1"

	// Forbidden under User Enrollment. We look whether they are there and forget them.
	UDID   string `plist:"UDID"`
	Serial string `plist:"SERIAL"`
	IMEI   string `plist:"IMEI"`
	MEID   string `plist:"MEID"`
}

// errMachineInfo says that the signed content is not a MachineInfo.
var errMachineInfo = errors.New("not a MachineInfo property list")

// parseMachineInfo reads the signed content of an enrollment request. The identifiers that must not be there are
// emptied; named says which there were.
func parseMachineInfo(content []byte) (info MachineInfo, named []string, err error) {
	if err := pki.CheckPlist(content, maxRequest); err != nil {
		return MachineInfo{}, nil, fmt.Errorf("%w: %w", errMachineInfo, err)
	}
	if _, err := plist.Unmarshal(content, &info); err != nil {
		return MachineInfo{}, nil, fmt.Errorf("%w: %w", errMachineInfo, err)
	}
	for _, id := range []struct {
		name  string
		value *string
	}{{"UDID", &info.UDID}, {"SERIAL", &info.Serial}, {"IMEI", &info.IMEI}, {"MEID", &info.MEID}} {
		if *id.value != "" {
			named = append(named, id.name)
			*id.value = ""
		}
	}
	info.Product, info.Build = clean(info.Product, 40), clean(info.Build, 20)
	info.Language, info.OSVersion = clean(info.Language, 35), clean(info.OSVersion, 20)
	return info, named, nil
}

// Family is the model family of a product such as "iPhone17,2", in the words of discovery; empty for one that we do not know.
func Family(product string) string {
	for _, f := range []string{"iPhone", "iPad", "iPod", "RealityDevice", "AppleTV", "Watch"} {
		if strings.HasPrefix(product, f) {
			return f
		}
	}
	if strings.Contains(product, "Mac") {
		return "Mac"
	}
	return ""
}

// clean makes a value that came from outside fit for a table and a log: valid text, one line, at most n characters.
func clean(s string, n int) string {
	if !utf8.ValidString(s) {
		return ""
	}
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return -1
		}
		return r
	}, s)
	if runes := []rune(s); len(runes) > n {
		s = string(runes[:n])
	}
	return s
}
