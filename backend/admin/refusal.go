package admin

import (
	"context"
	"crypto/rand"
	"errors"
	"maps"
	"net/http"
	"strconv"

	"example.org/gatehouse/backend/apns"
	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/directory"
	"example.org/gatehouse/backend/enroll"
	"example.org/gatehouse/backend/mdm"
	"example.org/gatehouse/backend/move"
	"example.org/gatehouse/backend/pki"
	"example.org/gatehouse/backend/portal"
	"example.org/gatehouse/backend/settings"
	"example.org/gatehouse/backend/text"
)

// The codes of what the other rooms refuse.
const (
	PersonExists         Code = "person_exists"
	OtherPerson          Code = "other_person" // the two records belong to two people; release says that it is meant
	CannotLink           Code = "cannot_link"  // it began earlier, is the same record, or that one is continued already
	PersonUnknown        Code = "person_unknown"
	NoManagedAccount     Code = "no_managed_account"
	DirectoryUnavailable Code = "directory_unavailable"
	Busy                 Code = "busy"
	TimedOut             Code = "timed_out"
	DiskFull             Code = "disk_full"
	NotServing           Code = "not_serving"       // phones are not served at the moment
	RehearsalRunning     Code = "rehearsal_running" // one at a time
	WouldStrand          Code = "would_strand"      // enrolled phones would be cut off
	TopicChanged         Code = "push_topic_changed"
	PushFile             Code = "push_file"       // not a push certificate, or not its key; params say what it is
	TLSFile              Code = "tls_file"        // not a certificate that phones accept; params say why
	ReportOld            Code = "report_old"      // what it shows may not be so any more
	NothingToUndo        Code = "nothing_to_undo" // it was undone, or all of it came back by itself
	NotArchived          Code = "not_archived"    // only archived records can be erased
	NoMove               Code = "no_move"         // there is none, or it was closed
	NobodyKnown          Code = "nobody_known"    // nobody is known whose phone it is
	NotTheirPhone        Code = "not_their_phone" // not a phone of this person, or another record has it
	CommandForbidden     Code = "command_forbidden"
	TextsRefused         Code = "texts_refused"       // something is wrong with words or a file of words; see errors
	NothingToPublish     Code = "nothing_to_publish"  // all texts are as they were
	LanguageExists       Code = "language_exists"     // it is there already
	LanguageBuiltIn      Code = "language_built_in"   // it can be switched off, and not removed
	LanguageDefault      Code = "language_is_default" // it is always on
	KeyMissing           Code = "key_missing"         // the sealing key does not open the secrets
)

// fieldError is an Error about one field of the body.
func fieldError(field, code string, err error) *Error {
	return &Error{Code: Invalid, Fields: []FieldError{{Field: field, Code: code, Params: map[string]string{}}}, err: err}
}

// refusals turns the sentinels of the rooms into codes.
var refusals = []struct {
	err  error
	code Code
}{
	{mdm.ErrUnknown, NotFound},
	{move.ErrNone, NoMove},
	{move.ErrUnknown, NotFound},
	{move.ErrNobody, NobodyKnown},
	{move.ErrPhone, NotTheirPhone},
	{move.ErrUndone, NothingToUndo},
	{text.ErrUnknown, NotFound},
	{text.ErrExists, LanguageExists},
	{text.ErrBuiltIn, LanguageBuiltIn},
	{text.ErrDefault, LanguageDefault},
	{text.ErrNothing, NothingToPublish},
	{portal.ErrNoText, NotFound},
	{portal.ErrNoAddress, NotSetUp},
	{portal.ErrTooMuch, TooLarge},
	{mdm.ErrNoBatch, NothingToUndo},
	{mdm.ErrNoReport, NotFound},
	{mdm.ErrReportOld, ReportOld},
	{mdm.ErrNotArchived, NotArchived},
	{mdm.ErrOtherPerson, OtherPerson},
	{mdm.ErrLink, CannotLink},
	{pki.ErrExists, AlreadySet},
	{pki.ErrNotCreated, NotSetUp},
	{directory.ErrExists, PersonExists},
	{directory.ErrUnknown, PersonUnknown},
	{directory.ErrNoManagedAccount, NoManagedAccount},
	{directory.ErrUnavailable, DirectoryUnavailable},
	{directory.ErrBusy, Busy},
	{db.ErrBusy, Busy},
	{db.ErrFull, DiskFull},
	{db.ErrSealed, KeyMissing},
	{context.DeadlineExceeded, TimedOut},
}

// errorOf is the error with its code, or nil where it is our fault.
func errorOf(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	if fields := invalidFields(err); len(fields) > 0 {
		return &Error{Code: Invalid, Fields: fields, err: err}
	}
	if e := refusalOf(err); e != nil {
		return e
	}
	switch {
	case errors.Is(err, text.ErrLanguage):
		return fieldError("tag", "not_language", err)
	case errors.Is(err, text.ErrFormat):
		return fieldError("format", "not_choice", err)
	case errors.Is(err, portal.ErrNoPage):
		return fieldError("page", "not_choice", err)
	case errors.Is(err, directory.ErrPassword):
		return fieldError("password", "password_length", err)
	case errors.Is(err, directory.ErrIdentifier):
		return fieldError("identifier", "not_identifier", err)
	case errors.Is(err, directory.ErrAddress):
		return fieldError("managed_account", "not_account", err)
	case errors.Is(err, move.ErrDeadline):
		return fieldError("deadline", "required", err)
	case errors.Is(err, move.ErrProfile):
		return fieldError("old_profile", "required", err)
	case errors.Is(err, mdm.ErrSort):
		return fieldError("sort", "not_choice", err)
	case errors.Is(err, mdm.ErrCursor):
		return fieldError("after", "not_choice", err)
	}
	for _, r := range refusals {
		if errors.Is(err, r.err) {
			return &Error{Code: r.code, err: err}
		}
	}
	return nil
}

// refusalOf knows the refusals that carry facts.
func refusalOf(err error) *Error {
	var (
		topic     *apns.ErrTopicChanged
		address   *enroll.AddressError
		pushFile  *apns.FileError
		tlsFile   *pki.TLSProblem
		forbidden *mdm.ErrForbidden
		argument  *mdm.ErrArgument
		words     *text.RefusedError
		logo      *portal.LogoError
		filter    *mdm.FilterError
		remark    *mdm.RemarkError
	)
	switch {
	case errors.As(err, &words):
		return refusedTexts(words)
	case errors.As(err, &topic):
		return &Error{Code: TopicChanged, err: topic, Params: map[string]string{
			"have": topic.Have, "got": topic.Got, "phones": strconv.Itoa(topic.Enrollments),
		}}
	case errors.As(err, &address):
		return &Error{Code: WouldStrand, err: address, Params: map[string]string{
			"have": address.Have, "got": address.Got, "phones": strconv.Itoa(address.Enrollments),
		}}
	case errors.As(err, &pushFile):
		return &Error{Code: PushFile, err: pushFile, Params: map[string]string{"problem": pushFile.Problem, "detail": pushFile.Detail}}
	case errors.As(err, &tlsFile):
		p := maps.Clone(params(tlsFile.Params))
		p["problem"] = tlsFile.Code
		return &Error{Code: TLSFile, err: tlsFile, Params: p}
	case errors.As(err, &forbidden):
		return &Error{Code: CommandForbidden, err: forbidden, Params: map[string]string{"type": forbidden.RequestType, "rule": forbidden.Reason}}
	case errors.As(err, &logo):
		return fieldError("content", "logo_"+logo.Problem, logo)
	case errors.As(err, &argument):
		return fieldError(argument.Argument, "required", argument)
	case errors.As(err, &filter):
		e := fieldError("filter", filter.Problem, filter)
		e.Fields[0].Params["filter"] = filter.Condition.String()
		return e
	case errors.As(err, &remark):
		return fieldError(remark.Field, remark.Problem, remark)
	}
	return nil
}

// invalidFields finds the settings that are wrong; one error may carry several.
func invalidFields(err error) []FieldError {
	if many, ok := err.(interface{ Unwrap() []error }); ok {
		var fields []FieldError
		for _, one := range many.Unwrap() {
			fields = append(fields, invalidFields(one)...)
		}
		return fields
	}
	var invalid *settings.Invalid
	if !errors.As(err, &invalid) {
		return nil
	}
	return []FieldError{{
		Field: invalid.Field, Code: invalid.Problem, Message: invalid.Error(),
		Params: map[string]string{"value": invalid.Value, "hint": invalid.Hint},
	}}
}

// problem turns an error into what goes over the wire, and writes the log line where we are to blame.
func (a *API) problem(ctx context.Context, operation string, err error) *Problem {
	e := errorOf(err)
	if e == nil {
		p := newProblem(http.StatusInternalServerError, Internal, "")
		p.Reference = reference()
		p.Detail = "something went wrong here; the log has a line with the reference " + p.Reference
		a.Log.ErrorContext(ctx, "admin request failed", "operation", operation, "reference", p.Reference, "err", err)
		return p
	}
	p := newProblem(statuses[e.Code], e.Code, e.Error())
	if e.Params != nil {
		p.Params = e.Params
	}
	p.Errors = append(p.Errors, e.Fields...)
	return p
}

// reference is short enough to be read out on the telephone.
func reference() string {
	s := rand.Text()
	return s[:4] + "-" + s[4:8]
}
