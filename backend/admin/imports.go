package admin

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"

	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/directory"
	"example.org/gatehouse/backend/export"
	"example.org/gatehouse/backend/mdm"
)

// ImportIn is a list that somebody made: CSV with any separator, TSV or XLSX.
type ImportIn struct {
	DryRun bool `query:"dry_run" doc:"say what would happen, and change nothing"`
	Body   struct {
		File  []byte            `json:"file" doc:"base64"`
		Match map[string]string `json:"match,omitempty" doc:"which column is what: the name of a field, and the heading of its column, or nothing where there is none; what is left out is found by its heading"`
	}
}

// maxImport is how large a list may be.
const maxImport = 5 << 20

// Imported is what came of a list. When there are problems, nothing was changed.
type Imported struct {
	Applied  bool              `json:"applied" doc:"false when it was only tried, or something is wrong"`
	Headings []string          `json:"headings" doc:"of the columns in the file"`
	Match    map[string]string `json:"match" doc:"which column was taken for what"`
	Sample   [][]string        `json:"sample" doc:"the first rows, cell by cell in the order of the headings"`
	Rows     int               `json:"rows" doc:"without the headings and empty lines"`
	Changed  int               `json:"changed" doc:"people added, or phones that something was written about"`
	There    int               `json:"there" doc:"people who had an account already; it stays as it is"`
	Problems []ImportProblem   `json:"problems" doc:"at most 100"`
	Wrong    int               `json:"wrong" doc:"how many problems there are"`
	Codes    []AdmittedPerson  `json:"codes" doc:"enrollment codes of the new people, in clear this one time"`
}

// ImportProblem says what is wrong with a line.
type ImportProblem struct {
	Line  int    `json:"line"`
	Field string `json:"field"`
	Code  string `json:"code"`
}

// AdmittedPerson is somebody new, with the code to enroll with.
type AdmittedPerson struct {
	Identifier string `json:"identifier"`
	Name       string `json:"name"`
	Code       string `json:"code"`
}

// sampleRows is how many rows are shown to whoever matches columns.
const sampleRows = 5

// shownProblems is how many problems are told; a file with more has something else wrong with it.
const shownProblems = 100

// importField is something that a column may be, and how people call it.
type importField struct {
	name     string
	headings []string
}

var peopleFields = []importField{
	{"identifier", []string{"identifier", "email", "e-mail", "email address", "e-mail-adresse", "mail", "account", "user", "username", "benutzer", "work account"}},
	{"name", []string{"name", "full name", "display name", "person", "vollständiger name", "anzeigename"}},
	{"managed_account", []string{"managed_account", "managed account", "managed apple account", "managed apple id", "verwalteter apple account"}},
	{"password", []string{"password", "passwort", "kennwort"}},
}

var remarkFields = func() []importField {
	list := []importField{
		{"phone", []string{"phone", "id", "enrollment_id", "enrollment id", "device", "device name", "gerät", "person", "email", "e-mail", "identifier"}},
		{"nickname", []string{"nickname", "name", "display name", "bezeichnung"}},
		{"tags", []string{"tags", "tag", "labels", "schlagwörter"}},
		{"notes", []string{"notes", "note", "notizen", "notiz", "comment", "kommentar"}},
	}
	for i := range mdm.OwnFields {
		n := "field" + strconv.Itoa(i+1)
		list = append(list, importField{n, []string{n}})
	}
	return list
}()

// sheet is a file whose columns are known.
type sheet struct {
	rows []export.Row
	at   map[string]int // column of each field
	view *Imported
}

// cell is what a row says for a field, and whether there is such a column.
func (l sheet) cell(r export.Row, field string) (string, bool) {
	i, ok := l.at[field]
	if !ok || i >= len(r.Cells) {
		return "", ok
	}
	return strings.TrimSpace(r.Cells[i]), true
}

// readList reads a file and finds its columns. Those that are needed must be among them.
func readList(file []byte, match map[string]string, fields []importField, needed ...string) (sheet, error) {
	content := export.Legacy(file)
	format := export.CSV
	if strings.HasPrefix(string(content), "PK\x03\x04") {
		format = export.XLSX
	}
	rows, err := export.Read(format, content)
	var broken *export.ReadError
	if errors.As(err, &broken) {
		e := fieldError("file", "file_"+broken.Code, err)
		e.Fields[0].Params["line"], e.Fields[0].Message = strconv.Itoa(broken.Line), broken.Error()
		return sheet{}, e
	}
	if err != nil {
		return sheet{}, err
	}
	if len(rows) == 0 {
		return sheet{}, fieldError("file", "required", errors.New("the file is empty"))
	}
	l := sheet{at: map[string]int{}, view: &Imported{Match: map[string]string{}, Sample: [][]string{}, Problems: []ImportProblem{}, Codes: []AdmittedPerson{}}}
	headings := rows[0].Cells
	l.view.Headings = append([]string{}, headings...)
	for _, f := range fields {
		wanted := f.headings
		chosen, isChosen := match[f.name]
		if isChosen {
			wanted = []string{chosen}
		}
		i, err := findColumn(headings, wanted, l.at)
		if err != nil {
			return sheet{}, fieldError("match."+f.name, "twice", err)
		}
		if isChosen && chosen != "" && i < 0 {
			return sheet{}, fieldError("match."+f.name, "not_choice", errors.New("the file has no column "+strconv.Quote(wanted[0])))
		}
		if i >= 0 {
			l.at[f.name], l.view.Match[f.name] = i, headings[i]
		}
	}
	for _, name := range needed {
		if _, ok := l.at[name]; !ok {
			return sheet{}, missingColumn(name, headings)
		}
	}
	for _, r := range rows[1:] {
		if slices.ContainsFunc(r.Cells, func(c string) bool { return strings.TrimSpace(c) != "" }) {
			l.rows = append(l.rows, r)
		}
	}
	l.view.Rows = len(l.rows)
	for _, r := range l.rows[:min(len(l.rows), sampleRows)] {
		cells := make([]string, len(headings))
		copy(cells, r.Cells)
		l.view.Sample = append(l.view.Sample, cells)
	}
	if len(l.rows) > directory.MaxImport {
		return sheet{}, fieldError("file", "file_too_large", errors.New("a list has at most "+strconv.Itoa(directory.MaxImport)+" lines"))
	}
	return l, nil
}

// missingColumn says that a list has no column for something that is needed, and among which somebody can choose.
func missingColumn(name string, headings []string) error {
	e := fieldError("match."+name, "required", errors.New("none of the columns is known as "+name+": say which one it is"))
	e.Fields[0].Params["headings"] = strings.Join(headings, "\n")
	return e
}

// findColumn is the first column with one of the headings that is not taken yet, or -1.
func findColumn(headings, wanted []string, taken map[string]int) (int, error) {
	for _, w := range wanted {
		found := -1
		for i, h := range headings {
			if db.Fold(h) != db.Fold(w) || slices.Contains(slices.Collect(maps.Values(taken)), i) {
				continue
			}
			if found >= 0 {
				return 0, errors.New("two columns are called " + strconv.Quote(w))
			}
			found = i
		}
		if found >= 0 {
			return found, nil
		}
	}
	return -1, nil
}

func (v *Imported) problem(line int, field, code string) {
	v.Wrong++
	if len(v.Problems) < shownProblems {
		v.Problems = append(v.Problems, ImportProblem{line, field, code})
	}
}

// ImportPeople makes the accounts of a list, all of them or none.
func (a *API) ImportPeople(ctx context.Context, in *ImportIn) (*Imported, error) {
	r, err := a.rooms()
	if err != nil {
		return nil, err
	}
	l, err := readList(in.Body.File, in.Body.Match, peopleFields, "identifier")
	if err != nil {
		return nil, err
	}
	people := make([]directory.Listed, 0, len(l.rows))
	for _, row := range l.rows {
		p := directory.Listed{Line: row.Line}
		p.Identifier, _ = l.cell(row, "identifier")
		p.Name, _ = l.cell(row, "name")
		p.ManagedAccount, _ = l.cell(row, "managed_account")
		p.Password, _ = l.cell(row, "password")
		people = append(people, p)
	}
	out, err := r.Directory.Import(ctx, people, in.DryRun)
	if err != nil {
		return nil, err
	}
	view := l.view
	for _, w := range out.Wrong {
		view.problem(w.Line, w.Field, importCode(w.Err))
	}
	view.Applied, view.Changed, view.There = !in.DryRun && view.Wrong == 0, len(out.Added), out.There
	if view.Applied {
		for _, p := range out.Added {
			if p.Code != "" {
				view.Codes = append(view.Codes, AdmittedPerson{p.Identifier, p.Name, p.Code.Reveal()})
			}
		}
	}
	return view, nil
}

func importCode(err error) string {
	switch {
	case errors.Is(err, directory.ErrTwice):
		return "twice"
	case errors.Is(err, directory.ErrPasswords):
		return "too_many_passwords"
	case errors.Is(err, directory.ErrNoManagedAccount):
		return "no_managed_account"
	}
	if e := errorOf(err); e != nil && len(e.Fields) > 0 {
		return e.Fields[0].Code
	}
	return "invalid"
}

// ImportRemarks writes names, tags, notes and own fields of a list, all of them or none.
func (a *API) ImportRemarks(ctx context.Context, in *ImportIn) (*Imported, error) {
	r, err := a.rooms()
	if err != nil {
		return nil, err
	}
	l, err := readList(in.Body.File, in.Body.Match, remarkFields, "phone")
	if err != nil {
		return nil, err
	}
	lines := make([]mdm.RemarkLine, 0, len(l.rows))
	for _, row := range l.rows {
		one := mdm.RemarkLine{Line: row.Line, Change: mdm.RemarksChange{Fields: map[int]string{}}}
		one.Phone, _ = l.cell(row, "phone")
		if text, ok := l.cell(row, "nickname"); ok && text != "" {
			one.Change.Nickname = &text
		}
		if text, ok := l.cell(row, "notes"); ok && text != "" {
			one.Change.Notes = &text
		}
		if text, ok := l.cell(row, "tags"); ok {
			one.Change.Tag = strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(",;|\n", r) })
		}
		for i := range mdm.OwnFields {
			if text, ok := l.cell(row, "field"+strconv.Itoa(i+1)); ok && text != "" {
				one.Change.Fields[i+1] = text
			}
		}
		lines = append(lines, one)
	}
	changed, wrong, err := r.MDM.ImportRemarks(ctx, lines, in.DryRun)
	if err != nil {
		return nil, err
	}
	for _, w := range wrong {
		l.view.problem(w.Line, w.Field, w.Problem)
	}
	l.view.Applied, l.view.Changed = !in.DryRun && l.view.Wrong == 0, changed
	return l.view, nil
}
