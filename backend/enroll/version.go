package enroll

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"example.org/gatehouse/backend/settings"
)

// Why a phone may not enroll at the moment, whoever its person is.
var (
	ErrClosed = errors.New("enroll: enrollment is closed")
	ErrKind   = errors.New("enroll: this kind of device may not enroll")
)

// OldError says that a phone's system is older than what may enroll.
type OldError struct{ Have, Least string }

func (e *OldError) Error() string {
	return fmt.Sprintf("enroll: system %s is older than %s", e.Have, e.Least)
}

// Welcome says whether a phone of this family and system may enroll. What is not known of it does not keep it out. This
// is the one rule for discovery, the enrollment request and the pages.
func Welcome(now settings.Settings, family, version string) error {
	e := now.Enrollment
	switch {
	case !e.Open:
		return ErrClosed
	case family != "" && !slices.Contains(e.Platforms, family):
		return ErrKind
	case e.MinOS != "" && version != "" && older(version, e.MinOS):
		return &OldError{Have: version, Least: e.MinOS}
	}
	return nil
}

// older compares versions number by number; what is missing is zero.
func older(a, b string) bool {
	x, y := strings.Split(a, "."), strings.Split(b, ".")
	for i := range max(len(x), len(y)) {
		if m, n := part(x, i), part(y, i); m != n {
			return m < n
		}
	}
	return false
}

func part(list []string, i int) int {
	if i >= len(list) {
		return 0
	}
	n, err := strconv.Atoi(list[i])
	if err != nil {
		return 0
	}
	return n
}

// System is the version of the phone's system, as it said or as its build tells; empty when neither is known.
func (a Attempt) System() string { return systemOf(a.OSVersion, a.Build) }

func systemOf(said, build string) string {
	if digits.MatchString(said) {
		return digits.FindString(said)
	}
	return versionOfBuild(build)
}

var (
	digits = regexp.MustCompile(`^[1-9][0-9]{0,2}(\.[0-9]{1,3}){0,2}`)
	builds = regexp.MustCompile(`^([1-9][0-9])([A-Z])[0-9]{1,5}[a-z]?$`)
	darwin = regexp.MustCompile(`\bDarwin/([1-9][0-9])\.([0-9]{1,2})\b`)
	agents = regexp.MustCompile(`\bOS ([1-9][0-9])[_.]([0-9]{1,2})\b`)
)

// versionOfBuild reads a build such as "22C161": its number counts the releases (18 is iOS 15, and 23 is iOS 26, since
// Apple skipped to the year), its letter the minor ones.
func versionOfBuild(build string) string {
	m := builds.FindStringSubmatch(build)
	if m == nil {
		return ""
	}
	n, _ := strconv.Atoi(m[1])
	return release(n-4, int(m[2][0]-'A'))
}

// versionOfAgent reads what a User-Agent tells of the system: Darwin's version goes with it.
func versionOfAgent(agent string) string {
	if m := agents.FindStringSubmatch(agent); m != nil {
		return m[1] + "." + m[2]
	}
	if m := darwin.FindStringSubmatch(agent); m != nil {
		n, _ := strconv.Atoi(m[1])
		minor, _ := strconv.Atoi(m[2])
		return release(n-6, minor)
	}
	return ""
}

// release is a version by its place in the row of releases: after 18 came 26.
func release(n, minor int) string {
	if n > 18 {
		n += 7
	}
	return fmt.Sprintf("%d.%d", n, minor)
}
