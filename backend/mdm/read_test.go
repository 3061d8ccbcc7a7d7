package mdm_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"testing"
)

// counted is a body that knows how much of it was read.
type counted struct {
	*bytes.Reader
	read int
}

func (c *counted) Read(b []byte) (int, error) {
	n, err := c.Reader.Read(b)
	c.read += n
	return n, err
}

func TestBodyOfAStrangerIsNotRead(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		stranger := *h.phone("anna@example.org")
		stranger.certificate = selfSigned(t)
		for name, header := range map[string]string{
			"none": "", "not base64": "???", "not CMS": "AAAA", "stranger's": stranger.sign([]byte("x")),
		} {
			body := &counted{Reader: bytes.NewReader(make([]byte, 1<<20))}
			r := httptest.NewRequest(http.MethodPut, "/mdm", body)
			r.Header.Set("Mdm-Signature", header)
			if w := h.do(r); w.Code != http.StatusBadRequest || body.read > 0 {
				t.Errorf("%s signature: status %d after %d bytes, want 400 after none", name, w.Code, body.read)
			}
		}
	})
}

// TestLargeMessagesOneAfterTheOther: each large message takes a slot and gives it back, whatever comes of it.
func TestLargeMessagesOneAfterTheOther(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		p := h.enrolled("anna@example.org")
		for range 10 {
			p.ok(p.answer(dict{"Status": "Idle", "Padding": string(bytes.Repeat([]byte("x"), 300<<10))}))
			if w := p.answer(dict{"Status": "Idle", "Padding": string(bytes.Repeat([]byte("x"), 8<<20))}); w.Code != http.StatusRequestEntityTooLarge {
				t.Errorf("a message over the limit got %d, want 413", w.Code)
			}
		}
	})
}
