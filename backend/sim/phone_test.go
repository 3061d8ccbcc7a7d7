package sim

import (
	"errors"
	"testing"
)

func TestPhoneEnrolls(t *testing.T) {
	t.Parallel()
	s := newService(t)
	s.signed = true
	p := s.phone()
	if err := p.Enroll(t.Context(), "anna@example.org", "secret"); err != nil {
		t.Fatal(err)
	}
	if !p.Enrolled() || p.EnrollmentID() == "" || p.Token() != s.token || !p.Profile().Signed || !p.Profile().Trusted {
		t.Errorf("enrolled %v, id %q, token %q, signed %v, trusted %v", p.Enrolled(), p.EnrollmentID(), p.Token(), p.Profile().Signed, p.Profile().Trusted)
	}
	for _, kind := range []string{"Authenticate", "TokenUpdate"} {
		m := s.heard("MessageType", kind)
		if len(m) != 1 || m[0]["EnrollmentID"] != p.EnrollmentID() || m[0]["Topic"] != topic || m[0]["UDID"] != nil {
			t.Errorf("%s: %v", kind, m)
		}
	}
	if len(p.Steps()) != 8 {
		t.Errorf("steps: %v", p.Steps())
	}
}

func TestWrongPasswordLeavesTheSheetOpen(t *testing.T) {
	t.Parallel()
	s := newService(t)
	p := s.phone()
	if _, err := p.Discover(t.Context(), "anna@example.org"); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Knock(t.Context()); err != nil {
		t.Fatal(err)
	}
	sheet, err := p.OpenSheet(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if sheet.Prefilled() != "anna@example.org" || sheet.Language() != "de" || sheet.Title() != "Sign in" {
		t.Errorf("prefilled %q, language %q, title %q", sheet.Prefilled(), sheet.Language(), sheet.Title())
	}
	var wrong *SignInError
	if err := p.SignIn(t.Context(), "guess"); !errors.As(err, &wrong) || wrong.Message != "That did not work." {
		t.Fatalf("a wrong password: %v", err)
	}
	if err := p.SignIn(t.Context(), "secret"); err != nil {
		t.Fatalf("the right password afterwards: %v", err)
	}
	if p.Token() != s.token || p.Sheet() != nil {
		t.Errorf("token %q, sheet still open: %v", p.Token(), p.Sheet() != nil)
	}
}
