package mdm

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func message(t *testing.T, name string) []byte {
	t.Helper()
	body, err := os.ReadFile(filepath.Join("testdata", filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return body
}

func TestCheckInMessagesAreUnderstood(t *testing.T) {
	t.Parallel()
	const (
		id    = "9A6B5C4D-0001-4E2F-8A3B-5C6D7E8F9012"
		topic = "com.apple.mgmt.External.3b0c8f0e-0000-4000-8000-1234567890ab"
	)
	token := make([]byte, 32)
	for i := range token {
		token[i] = byte(i)
	}
	for name, want := range map[string]checkIn{
		"authenticate": {MessageType: "Authenticate", Topic: topic, EnrollmentID: id, ProductName: "iPhone17,2", OSVersion: "26.1", BuildVersion: "23B85"},
		"tokenupdate":  {MessageType: "TokenUpdate", Topic: topic, EnrollmentID: id, Token: token, PushMagic: "2E7C3A80-1B5F-4D8E-9C7A-0F1E2D3C4B5A"},
		"checkout":     {MessageType: "CheckOut", Topic: topic, EnrollmentID: id},
		"gettoken":     {MessageType: "GetToken", EnrollmentID: id, TokenServiceType: "com.apple.maid"},
		"declarative-status": {
			MessageType: "DeclarativeManagement", EnrollmentID: id, Endpoint: "status",
			Data: []byte(`{"StatusItems":{"passcode":{"is-present":true}},"Errors":[]}`),
		},
	} {
		got, err := decodeCheckIn(message(t, "checkin/"+name+".plist"))
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	if _, err := decodeCheckIn(message(t, "checkin/udid.plist")); err == nil {
		t.Error("a phone that names its UDID was taken")
	}
}

func TestAnswersAreUnderstood(t *testing.T) {
	t.Parallel()
	read := func(name string) result {
		t.Helper()
		m, err := decodeResult(message(t, "result/"+name+".plist"))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		return m
	}
	if m := read("idle"); m.Status != "Idle" || m.CommandUUID != "" {
		t.Errorf("idle: %+v", m)
	}
	if q := read("deviceinformation").QueryResponses; q == nil || q.ModelNumber != "MYWX3ZD/A" || *q.DeviceCapacity != 256 || *percent(q.BatteryLevel) != 83 {
		t.Errorf("device information: %+v", q)
	}
	if s := read("securityinfo").SecurityInfo; s == nil || !*s.PasscodeCompliant || !*s.ManagementStatus.IsUserEnrollment {
		t.Errorf("security info: %+v", s)
	}
	m := read("error")
	if want := "“EraseDevice” is not a valid request type. (MCMDMErrorDomain 12021)"; m.reason() != want {
		t.Errorf("reason %q, want %q", m.reason(), want)
	}
	if apps := read("managedapps").ManagedApplicationList; apps["com.example.work"].Status != "Managed" {
		t.Errorf("managed apps: %+v", apps)
	}
}

func TestModelNames(t *testing.T) {
	t.Parallel()
	for product, want := range map[string]string{
		"iPhone17,2": "iPhone 16 Pro Max", "iPhone99,1": "iPhone", "iPad14,1": "iPad mini (6th generation)", "iPad99,9": "iPad",
		"RealityDevice14,1": "Apple Vision Pro", "Mac15,3": "Mac15,3", "": "",
	} {
		if got := modelName(product); got != want {
			t.Errorf("%q is called %q, want %q", product, got, want)
		}
	}
}
