//go:build linux && e2e

package windowtest

import (
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"example.org/gatehouse/backend"
	"example.org/gatehouse/backend/sim"
)

func button(label string) string { return fmt.Sprintf("//button[normalize-space()=%q]", label) }

func field(label string) string {
	return fmt.Sprintf("//label[starts-with(normalize-space(), %q)]/following::input[1]", label)
}

// A first start asks its questions, and a phone that enrolls appears in the list by itself.
func TestFirstStartUntilAPhoneAppears(t *testing.T) {
	data := t.TempDir()
	w := open(t, data, "GATEHOUSE_LISTEN=127.0.0.1:0")

	w.sees("Who is this for?")
	w.picture("set-up-organization")
	w.fill(field("Name of the organization"), "Harbour Bakery")
	w.click(button("Continue"))

	w.sees("Which addresses do your people have?")
	w.fill(field("Domains"), "example.org\uE007") // Enter
	w.click(button("Continue"))

	w.sees("Where will phones find this server?")
	w.fill(field("Address"), "https://mdm.example.org:8443")
	w.click(button("Continue"))

	w.sees("How do phones know that it is you?")
	w.sees("It is made, and in use")
	w.picture("set-up-certificate")
	w.click(button("Continue"))

	w.sees("May we wake your phones?")
	w.give(`input[type="file"]`, pushCertificate(t))
	w.sees("Certificate and key, both in this file.")
	w.picture("set-up-push")
	w.click(button("Continue"))

	w.sees("Who goes first?")
	w.fill(field("Work account"), "anna@example.org")
	w.click("//label[contains(., \"With a password\")]")
	w.fill(`input[type="password"]`, "correct horse battery")
	w.picture("set-up-person")
	w.click(button("Continue"))

	w.sees("That is all.")
	w.click(button("Open the overview"))
	w.sees("Serving phones")
	w.picture("overview")
	w.click(`//nav//a[starts-with(normalize-space(), "Phones")]`)
	w.picture("phones-empty")

	enroll(t, data)
	w.sees("anna@example.org") // without a touch
	w.sees("iPhone")
	w.picture("phones")
	w.click(`//*[@role="row"][contains(., "anna@example.org")]`)
	w.sees("Timeline")
	w.picture("phone")

	w.click(`//nav//a[starts-with(normalize-space(), "Portal")]`)
	w.previews("Use your iPhone for work")
	w.fill(".cm-content", "Your iPhone at work")
	w.previews("Your iPhone at work") // before anybody has saved or published it
	w.picture("portal")
}

// previews waits until the page in the frame, which runs no script, shows the words.
func (w *window) previews(words string) {
	w.t.Helper()
	eventually(w.t, fmt.Sprintf("see %q in the preview", words), func() error {
		v, err := w.js("return document.querySelector('iframe')?.contentDocument?.body?.innerText ?? ''")
		if err != nil {
			return err
		}
		if text, _ := v.(string); !strings.Contains(text, words) {
			return fmt.Errorf("the preview says:\n%s", text)
		}
		return nil
	})
}

// pushCertificate is a file with a push certificate and its key, made by a push service of our own.
func pushCertificate(t *testing.T) string {
	t.Helper()
	apple, err := sim.NewAPNs(sim.APNsOptions{})
	must(t, "start a push service", err)
	t.Cleanup(func() { apple.Close() }) //nolint:errcheck // it served nobody
	certificate, key, err := apple.NewPushCertificate("com.apple.mgmt.External.00000000-0000-4000-8000-000000000001", time.Now().AddDate(1, 0, 0))
	must(t, "make a push certificate", err)
	file := filepath.Join(t.TempDir(), "push.pem")
	must(t, "write the push certificate", os.WriteFile(file, slices.Concat(certificate, key), 0o600))
	return file
}

// enroll lets a simulated iPhone enroll at the window's server.
func enroll(t *testing.T, data string) {
	t.Helper()
	var there backend.Running
	eventually(t, "the server serves phones", func() (err error) {
		there, err = answers(data)
		if err == nil && there.Public == "" {
			err = fmt.Errorf("it does not say where")
		}
		return err
	})
	phone := sim.NewPhone(sim.PhoneOptions{
		Roots: anchor(t, there),
		Dial:  sim.DialMap(map[string]string{"example.org:443": there.Public, "mdm.example.org:8443": there.Public}),
	})
	defer phone.Close()
	must(t, "enroll the phone", phone.Enroll(t.Context(), "anna@example.org", "correct horse battery"))
	_, err := phone.Poll(t.Context())
	must(t, "let the phone answer its first questions", err)
}

// anchor is the authority that the phone's owner has been told to trust.
func anchor(t *testing.T, there backend.Running) *x509.CertPool {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, there.Admin+"/api/trust-anchor", nil)
	must(t, "ask for the authority", err)
	r.Header.Set("Authorization", "Bearer "+there.Token)
	resp, err := http.DefaultClient.Do(r)
	must(t, "ask for the authority", err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	must(t, "read the authority", err)
	var answer struct {
		PEM string `json:"pem"`
	}
	must(t, "read the authority", json.Unmarshal(body, &answer))
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM([]byte(answer.PEM)) {
		t.Fatalf("the authority is not there: %s", body)
	}
	return pool
}
