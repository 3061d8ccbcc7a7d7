package cli

import (
	"errors"
	"fmt"
	"strings"

	"example.org/gatehouse/backend"
	"example.org/gatehouse/backend/admin"
	"example.org/gatehouse/backend/db"
)

// advice says what to do about a refusal, where its own words do not.
var advice = map[admin.Code]string{
	admin.NotSetUp:             "this Gatehouse is not set up: run init, or open its screens",
	admin.AlreadySet:           "this Gatehouse is already set up; change it with settings set",
	admin.NothingToPublish:     "all texts are as they were; see texts drafts and texts history",
	admin.LanguageExists:       "this language is there already; see texts languages list",
	admin.LanguageBuiltIn:      "a language that is built in can be disabled, and not removed",
	admin.LanguageDefault:      "the default language is always on: change settings language first",
	admin.NotServing:           "no server is running on this data: start it with serve",
	admin.RehearsalRunning:     "another rehearsal is running; try again in a few minutes",
	admin.PersonUnknown:        "there is no local account of that name; see people list",
	admin.PersonExists:         "there is a local account of that name already; see people list",
	admin.OtherPerson:          "the two records belong to two people: --release says that the phone was handed on",
	admin.CannotLink:           "this record cannot continue that one: it is the same, began earlier, or that one is continued already; see enrollments show",
	admin.NoManagedAccount:     "no Managed Apple Account can be told for this person: give one with --managed-account, or change settings managed_account",
	admin.DirectoryUnavailable: "the directory cannot be reached: check directory.url, and that it answers from here",
	admin.NotFound:             "there is no such thing here; see enrollments list",
	admin.NotArchived:          "only archived records can be erased: archive them first",
	admin.NothingToUndo:        "nothing of this batch is left to bring back",
	admin.NoMove:               "no old list was imported: begin with move import",
	admin.NobodyKnown:          "nobody is known whose phone this is: say so with move match ID PERSON",
	admin.NotTheirPhone:        "this is no enrolled phone of that person, or another record has it; see enrollments list",
	admin.ReportOld:            "this report is more than a day old: make another one with enrollments archive --automatic --dry-run",
	admin.DiskFull:             "the disk that holds the data is full: make room and try again",
	admin.KeyMissing:           "the sealing key does not open the secrets of this database: put the file key of the data folder back",
	admin.NoToken:              "the running server did not accept our token: is it of this data folder?",
}

// explain is one line about why, and what to do.
func explain(err error) string {
	var no *refused
	switch {
	case errors.As(err, &no):
		return explainRefusal(no)
	case errors.Is(err, backend.ErrHeld), errors.Is(err, db.ErrNewer):
		return err.Error()
	case errors.Is(err, db.ErrFull):
		return advice[admin.DiskFull]
	}
	return err.Error()
}

// mostProblems is how many problems one line can hold.
const mostProblems = 5

func explainRefusal(no *refused) string {
	if len(no.Errors) > 0 {
		var parts []string
		for i, f := range no.Errors {
			if i == mostProblems {
				parts = append(parts, fmt.Sprintf("and %d more", len(no.Errors)-i))
				break
			}
			if f.Message != "" && strings.HasPrefix(f.Message, f.Field) {
				parts = append(parts, f.Message)
				continue
			}
			parts = append(parts, strings.TrimSpace(fmt.Sprintf("%s: %s", f.Field, problemWords(f, no.Detail))))
		}
		return strings.Join(parts, "; ")
	}
	if text := advice[no.Code]; text != "" {
		return text
	}
	if no.cause != nil {
		return no.cause.Error()
	}
	if no.Detail != "" {
		return no.Detail
	}
	return string(no.Code)
}

func problemWords(f admin.FieldError, detail string) string {
	if f.Message != "" {
		return f.Message
	}
	if detail != "" {
		return detail
	}
	return strings.ReplaceAll(f.Code, "_", " ")
}
