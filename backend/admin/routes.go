package admin

import (
	"context"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// routes lists every ability with its method, path and role. The paper at /api/openapi.json is made from it.
func (a *API) routes(api door) {
	get(api, "/overview", viewer, a.Overview)
	get(api, "/overview/charts", viewer, a.Charts)
	get(api, "/version", viewer, a.Version)
	get(api, "/news", viewer, a.News)
	get(api, "/events", viewer, a.Events)
	download(api, "/events/export", operator, a.ExportEvents)
	post(api, "/events/verify", operator, a.VerifyEvents)
	get(api, "/gaps", viewer, a.Gaps)

	get(api, "/setup", viewer, a.SetupState)
	post(api, "/setup", admin, a.SetUp)
	post(api, "/setup/check", admin, a.CheckAnswer)

	get(api, "/settings", viewer, a.Settings)
	put(api, "/settings", admin, a.ChangeSettings)
	get(api, "/tls", viewer, a.TLS)
	post(api, "/tls", admin, a.ImportTLS)
	get(api, "/trust-anchor", viewer, a.TrustAnchor)
	get(api, "/push-certificate", viewer, a.PushCertificate)
	post(api, "/push-certificate", admin, a.ImportPush)

	get(api, "/directory", viewer, a.Directory)
	put(api, "/directory", admin, a.ChangeDirectory)
	post(api, "/directory/test", admin, a.TestDirectory)

	get(api, "/people", viewer, a.People)
	post(api, "/people", operator, a.AddPerson)
	post(api, peopleImport, operator, a.ImportPeople)
	remove(api, "/people/{identifier}", operator, a.RemovePerson)
	post(api, "/people/{identifier}/unlock", operator, a.UnlockPerson)
	post(api, "/people/{identifier}/code", operator, a.NewCode)
	put(api, "/people/{identifier}/password", operator, a.SetPassword)
	put(api, "/people/{identifier}/managed-account", operator, a.SetManagedAccount)

	get(api, "/enrollments", viewer, a.Enrollments)
	get(api, "/enrollments/columns", viewer, a.EnrollmentColumns)
	get(api, "/enrollments/facets", viewer, a.Facets)
	post(api, "/enrollments/find", operator, a.Find)
	post(api, "/enrollments/tags", operator, a.Tag)
	post(api, remarksImport, operator, a.ImportRemarks)
	post(api, "/enrollments/keep", operator, a.Keep)
	put(api, "/enrollments/{id}/remarks", operator, a.Remark)
	get(api, "/enrollments/{id}/privacy", viewer, a.Privacy)
	download(api, "/enrollments/{id}/privacy/export", operator, a.ExportPrivacy)
	post(api, "/enrollments/standing-export", operator, a.WriteList)
	download(api, "/enrollments/export", operator, a.Export)
	get(api, "/stale", viewer, a.Stale)
	post(api, "/stale/wake", operator, a.WakeStale)
	post(api, "/enrollments/archive", operator, a.Archive)
	post(api, "/enrollments/restore", operator, a.Restore)
	post(api, "/enrollments/retire", operator, a.Retire)
	post(api, "/enrollments/retire/undo", operator, a.Stay)
	post(api, "/enrollments/purge", admin, a.Purge)
	get(api, "/cleanup", viewer, a.Cleanup)
	post(api, "/cleanup/reports", operator, a.PlanCleanup)
	post(api, "/cleanup/reports/{id}/accept", admin, a.AcceptCleanup)
	post(api, "/cleanup/stop", operator, a.StopCleanup)
	get(api, "/batches", viewer, a.Batches)
	post(api, "/batches/{id}/undo", operator, a.UndoBatch)
	get(api, "/receipts", viewer, a.Receipts)
	get(api, "/views", viewer, a.Views)
	post(api, "/views", operator, a.SaveView)
	put(api, "/views/{id}", operator, a.ChangeView)
	remove(api, "/views/{id}", operator, a.DropView)
	get(api, "/enrollments/duplicates", viewer, a.Duplicates)
	post(api, "/enrollments/{id}/link", operator, a.Link)
	post(api, "/enrollments/{id}/unlink", operator, a.Unlink)
	get(api, "/enrollments/{id}", viewer, a.Enrollment)
	get(api, "/enrollments/{id}/timeline", viewer, a.Timeline)
	get(api, "/enrollments/{id}/commands", viewer, a.Commands)
	get(api, "/command-types", viewer, a.CommandTypes)
	post(api, "/commands", operator, a.SendCommand)
	post(api, "/refresh", operator, a.Refresh)
	post(api, "/wake", operator, a.Wake)
	remove(api, "/commands/{id}", operator, a.CancelCommand)

	get(api, "/attempts", viewer, a.Attempts)
	get(api, "/attempts/{id}", viewer, a.Attempt)

	get(api, "/move", viewer, a.Move)
	put(api, "/move", operator, a.SetMoveTerms)
	remove(api, "/move", admin, a.CloseMove)
	post(api, moveImport, operator, a.ImportMove)
	post(api, "/move/people", operator, a.MatchMove)
	post(api, "/move/letters", operator, a.WriteMove)
	post(api, "/move/settle", operator, a.SettleMove)
	post(api, "/move/removals", operator, a.RemoveMoved)
	post(api, "/move/removals/{id}/undo", operator, a.UndoRemoval)
	download(api, "/move/export", operator, a.ExportMove)

	get(api, "/texts", viewer, a.Texts)
	put(api, "/texts/{language}/{key}", operator, a.SaveText)
	remove(api, "/texts/{language}/{key}", operator, a.DiscardText)
	get(api, "/texts/drafts", viewer, a.TextDrafts)
	post(api, "/texts/publish", admin, a.PublishTexts)
	get(api, "/texts/versions", viewer, a.TextVersions)
	get(api, "/texts/versions/{version}", viewer, a.TextVersion)
	post(api, "/texts/versions/{version}/restore", admin, a.RestoreTexts)
	post(api, "/texts/languages", admin, a.AddTextLanguage)
	put(api, "/texts/languages/{tag}", admin, a.SetTextLanguage)
	remove(api, "/texts/languages/{tag}", admin, a.RemoveTextLanguage)
	get(api, "/texts/export", viewer, a.ExportTexts)
	post(api, textImport, operator, a.ImportTexts)
	get(api, "/texts/pages", viewer, a.TextPages)
	question(api, "/texts/preview", viewer, a.PreviewText)
	question(api, "/texts/preview-links", operator, a.PreviewLink)
	get(api, "/branding", viewer, a.Branding)
	put(api, "/branding", admin, a.ChangeBranding)
	question(api, "/branding/check", viewer, a.CheckBranding)
	put(api, "/branding/logo", admin, a.SetLogo)
	remove(api, "/branding/logo", admin, a.RemoveLogo)
	get(api, "/consents", viewer, a.Consents)
	get(api, "/consents/export", viewer, a.ExportConsents)
	get(api, "/consents/texts/{hash}", viewer, a.ConsentText)

	get(api, "/check", viewer, a.Check)
	post(api, "/rehearsals", operator, a.Rehearse)
	get(api, "/rehearsals/{id}", viewer, a.Rehearsal)
}

// door is where operations are registered, and who hears what came of them.
type door struct {
	huma.API
	problem func(ctx context.Context, operation string, err error) *Problem
	changed func() // told after everything that is not a question
}

// answer is what huma wants around a body.
type answer[T any] struct{ Body *T }

func get[I, O any](api door, path string, role Role, do func(context.Context, *I) (*O, error)) {
	register(api, http.MethodGet, path, role, do)
}

func post[I, O any](api door, path string, role Role, do func(context.Context, *I) (*O, error)) {
	register(api, http.MethodPost, path, role, do)
}

// question is one that is too long for an address: it changes nothing.
func question[I, O any](api door, path string, role Role, do func(context.Context, *I) (*O, error)) {
	api.changed = func() {}
	register(api, http.MethodPost, path, role, do)
}

func put[I, O any](api door, path string, role Role, do func(context.Context, *I) (*O, error)) {
	register(api, http.MethodPut, path, role, do)
}

func remove[I, O any](api door, path string, role Role, do func(context.Context, *I) (*O, error)) {
	register(api, http.MethodDelete, path, role, do)
}

// register adds one operation. Whoever asks needs the role; an error becomes a problem document.
func register[I, O any](api door, method, path string, role Role, do func(context.Context, *I) (*O, error)) {
	name := operationID(method, path)
	huma.Register(api.API, described(method, path, role), func(ctx context.Context, in *I) (*answer[O], error) {
		if err := allowed(ctx, role); err != nil {
			return nil, api.problem(ctx, name, err)
		}
		out, err := do(ctx, in)
		if err != nil {
			return nil, api.problem(ctx, name, err)
		}
		if method != http.MethodGet && !strings.HasPrefix(path, "/texts") { // words are nothing that the doctor looks at
			api.changed()
		}
		return &answer[O]{Body: out}, nil
	})
}

// described is the operation as the paper has it.
func described(method, path string, role Role) huma.Operation {
	return huma.Operation{
		OperationID:  operationID(method, path),
		Method:       method,
		Path:         "/api" + path,
		MaxBodyBytes: most("/api" + path),
		Tags:         []string{strings.Split(path, "/")[1]},
		Extensions:   map[string]any{"x-role": role.String()},
	}
}

// operationID is "get-enrollments-id-timeline" for GET /enrollments/{id}/timeline.
func operationID(method, path string) string {
	words := strings.NewReplacer("/", "-", "{", "", "}", "").Replace(path)
	return strings.ToLower(method) + words
}
