package admin

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// Code names what went wrong. The screens have the words for each.
type Code string

// The codes of this room. What the other rooms refuse is in refusal.go.
const (
	Internal    Code = "internal"       // our fault; the reference finds the log line
	Invalid     Code = "invalid"        // see errors, one for each field
	NotAllowed  Code = "not_allowed"    // the role is too small
	NoToken     Code = "no_token"       // who asks?
	NotFound    Code = "not_found"      // there is no such thing
	NotSetUp    Code = "not_set_up"     // answer the first questions first
	AlreadySet  Code = "already_set_up" // the first questions are answered
	TooLarge    Code = "too_large"      // more bytes than any honest request has
	WrongOrigin Code = "wrong_origin"   // another web site asks through this browser
)

// statuses says which HTTP status a code travels with. It is the list of all codes.
var statuses = map[Code]int{
	Internal:    http.StatusInternalServerError,
	Invalid:     http.StatusUnprocessableEntity,
	NotAllowed:  http.StatusForbidden,
	NoToken:     http.StatusUnauthorized,
	NotFound:    http.StatusNotFound,
	NotSetUp:    http.StatusConflict,
	AlreadySet:  http.StatusConflict,
	TooLarge:    http.StatusRequestEntityTooLarge,
	WrongOrigin: http.StatusForbidden,

	PersonExists:         http.StatusConflict,
	PersonUnknown:        http.StatusNotFound,
	OtherPerson:          http.StatusConflict,
	CannotLink:           http.StatusConflict,
	NoManagedAccount:     http.StatusUnprocessableEntity,
	DirectoryUnavailable: http.StatusBadGateway,
	Busy:                 http.StatusServiceUnavailable,
	NotServing:           http.StatusConflict,
	RehearsalRunning:     http.StatusConflict,
	WouldStrand:          http.StatusConflict,
	TopicChanged:         http.StatusConflict,
	PushFile:             http.StatusUnprocessableEntity,
	TLSFile:              http.StatusUnprocessableEntity,
	CommandForbidden:     http.StatusUnprocessableEntity,
	NothingToUndo:        http.StatusConflict,
	ReportOld:            http.StatusConflict,
	NotArchived:          http.StatusConflict,
	NoMove:               http.StatusConflict,
	NobodyKnown:          http.StatusConflict,
	NotTheirPhone:        http.StatusConflict,
	TimedOut:             http.StatusGatewayTimeout,
	DiskFull:             http.StatusInsufficientStorage,
	TextsRefused:         http.StatusUnprocessableEntity,
	NothingToPublish:     http.StatusConflict,
	LanguageExists:       http.StatusConflict,
	LanguageBuiltIn:      http.StatusConflict,
	LanguageDefault:      http.StatusConflict,
	KeyMissing:           http.StatusInternalServerError,
}

// Schema lists the codes in the paper, so that the screens' compiler sees a missing word.
func (Code) Schema(huma.Registry) *huma.Schema {
	s := &huma.Schema{Type: huma.TypeString}
	for c := range statuses {
		s.Enum = append(s.Enum, string(c))
	}
	slices.SortFunc(s.Enum, func(a, b any) int { return strings.Compare(a.(string), b.(string)) })
	return s
}

// Error is a refusal with a code and parameters.
type Error struct {
	Code   Code
	Params map[string]string
	Fields []FieldError
	err    error
}

func (e *Error) Error() string {
	if e.err != nil {
		return e.err.Error()
	}
	return string(e.Code)
}

func (e *Error) Unwrap() error { return e.err }

// FieldError says what is wrong with one field.
type FieldError struct {
	Field   string            `json:"field" example:"organization.support_url"`
	Code    string            `json:"code" example:"not_https"`
	Params  map[string]string `json:"params"`
	Message string            `json:"message,omitempty" doc:"for logs and scripts; in English"`
}

func (f FieldError) Error() string { return f.Field + ": " + f.Code }

// Problem is what an error looks like on the wire (RFC 9457).
type Problem struct {
	Title     string            `json:"title"`
	Status    int               `json:"status"`
	Detail    string            `json:"detail,omitempty" doc:"for logs and scripts; in English"`
	Code      Code              `json:"code"`
	Params    map[string]string `json:"params"`
	Reference string            `json:"reference,omitempty" example:"K7M2-31QX" doc:"finds the line in the log"`
	Errors    []FieldError      `json:"errors"`
}

func (p *Problem) Error() string { return p.Detail }

// GetStatus is asked by huma.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType is asked by huma.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

// huma finds its errors (a body that is no JSON, a number out of bounds) through this variable of its own.
func init() {
	huma.DefaultArrayNullable = false
	huma.NewError = func(status int, message string, errs ...error) huma.StatusError {
		p := newProblem(status, codeOf(status), message)
		for _, err := range errs {
			var d *huma.ErrorDetail
			if errors.As(err, &d) {
				field := strings.TrimPrefix(strings.TrimPrefix(d.Location, "body."), "query.")
				p.Errors = append(p.Errors, FieldError{Field: field, Code: "invalid", Params: map[string]string{}, Message: d.Message})
			}
		}
		return p
	}
}

func newProblem(status int, code Code, detail string) *Problem {
	return &Problem{
		Title: http.StatusText(status), Status: status, Code: code, Detail: detail,
		Params: map[string]string{}, Errors: []FieldError{},
	}
}

func codeOf(status int) Code {
	switch {
	case status == http.StatusRequestEntityTooLarge:
		return TooLarge
	case status == http.StatusNotFound:
		return NotFound
	case status < 500:
		return Invalid
	default:
		return Internal
	}
}
