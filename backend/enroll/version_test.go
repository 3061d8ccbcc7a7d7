package enroll

import (
	"errors"
	"testing"

	"example.org/gatehouse/backend/settings"
)

func TestSystemIsReadFromWhatAPhoneSays(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ said, build, want string }{
		{"26.1", "23B85", "26.1"},
		{"", "22C161", "18.2"},
		{"", "19A346", "15.0"},
		{"", "23B85", "26.1"},
		{"", "24A1", "27.0"},
		{"18.2.1", "", "18.2.1"},
		{"18.2 beta", "", "18.2"},
		{"new", "22", ""},
		{"", "", ""},
		{"0", "<b>", ""},
	} {
		if got := systemOf(c.said, c.build); got != c.want {
			t.Errorf("%q with build %q: got %q, want %q", c.said, c.build, got, c.want)
		}
	}
	for agent, want := range map[string]string{
		"remotemanagementd/1.0 CFNetwork/1568.300.101 Darwin/24.2.0":               "18.2",
		"remotemanagementd/1 CFNetwork/3826 Darwin/25.1.0":                         "26.1",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1": "17.5",
		"DeviceManagementClient/1.0":                                               "", "": "",
	} {
		if got := versionOfAgent(agent); got != want {
			t.Errorf("%q: got %q, want %q", agent, got, want)
		}
	}
}

func TestWelcome(t *testing.T) {
	t.Parallel()
	now := settings.Defaults()
	now.Enrollment.MinOS = "18.2"
	var old *OldError
	for _, c := range []struct {
		family, version string
		old             bool
	}{
		{"iPhone", "18.2", false},
		{"iPhone", "18.10", false},
		{"iPhone", "26", false},
		{"iPhone", "", false},
		{"", "18.2.1", false},
		{"iPhone", "18.1.9", true},
		{"iPad", "17", true},
		{"iPad", "18", true},
	} {
		if err := Welcome(now, c.family, c.version); errors.As(err, &old) != c.old || !c.old && err != nil {
			t.Errorf("%s with %q: got %v", c.family, c.version, err)
		}
	}
	if err := Welcome(now, "Mac", "26"); !errors.Is(err, ErrKind) {
		t.Errorf("a Mac: got %v, want ErrKind", err)
	}
	now.Enrollment.Open = false
	if err := Welcome(now, "iPhone", "26"); !errors.Is(err, ErrClosed) {
		t.Errorf("closed: got %v, want ErrClosed", err)
	}
}
