package admin

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/mdm"
)

// SavedView is a list of phones that administrators keep under a name, for all of them.
type SavedView struct {
	ID      string       `json:"id"`
	Name    string       `json:"name"`
	View    ListView     `json:"view"`
	Columns []ViewColumn `json:"columns"`
}

// ViewColumn is a column of a view, in its place.
type ViewColumn struct {
	Name  string `json:"name" maxLength:"40"`
	Width int    `json:"width,omitempty" minimum:"0" maximum:"4000" doc:"pixels; 0: as wide as it likes"`
}

// SavedViews are all, by name.
type SavedViews struct {
	Views []SavedView `json:"views"`
}

// ViewIn is a view to keep.
type ViewIn struct {
	Body ViewBody
}

// ChangeViewIn is a view to keep in place of another.
type ChangeViewIn struct {
	ID   string `path:"id" maxLength:"100"`
	Body ViewBody
}

// ViewBody is what a view consists of.
type ViewBody struct {
	Name    string       `json:"name" minLength:"1" maxLength:"80"`
	View    ListView     `json:"view"`
	Columns []ViewColumn `json:"columns" maxItems:"60"`
}

// ViewNamed names a view.
type ViewNamed struct {
	ID string `path:"id" maxLength:"100"`
}

// Views are the lists that administrators keep under a name.
func (a *API) Views(ctx context.Context, _ *None) (*SavedViews, error) {
	view := &SavedViews{Views: []SavedView{}}
	err := a.DB.View(ctx, func(tx *db.Tx) error {
		rows, err := tx.Rows(`SELECT id, document FROM views ORDER BY folded`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var v SavedView
			var document string
			if err := rows.Scan(&v.ID, &document); err != nil {
				return err
			}
			var body ViewBody
			if err := json.Unmarshal([]byte(document), &body); err != nil {
				return fmt.Errorf("read view %s: %w", v.ID, err)
			}
			v.Name, v.View, v.Columns = body.Name, body.View, append([]ViewColumn{}, body.Columns...)
			view.Views = append(view.Views, v)
		}
		return rows.Err()
	})
	return view, err
}

// SaveView keeps a list under a name.
func (a *API) SaveView(ctx context.Context, in *ViewIn) (*SavedView, error) {
	return a.keepView(ctx, db.NewID(), in.Body)
}

// ChangeView replaces a list that is kept.
func (a *API) ChangeView(ctx context.Context, in *ChangeViewIn) (*SavedView, error) {
	return a.keepView(ctx, in.ID, in.Body)
}

func (a *API) keepView(ctx context.Context, id string, body ViewBody) (*SavedView, error) {
	body.Name = strings.Join(strings.Fields(body.Name), " ")
	if body.Name == "" {
		return nil, fieldError("name", "required", nil)
	}
	if _, err := body.View.query(); err != nil {
		return nil, err
	}
	for _, c := range body.Columns {
		if _, ok := mdm.ColumnNamed(c.Name); !ok {
			return nil, fieldError("columns", "not_choice", nil)
		}
	}
	document, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	err = a.DB.Update(ctx, func(tx *db.Tx) error {
		var taken int
		if err := tx.Row(`SELECT COUNT(*) FROM views WHERE folded = $1 AND id <> $2`, db.Fold(body.Name), id).Scan(&taken); err != nil {
			return err
		}
		if taken > 0 {
			return fieldError("name", "taken", nil)
		}
		_, err := tx.Exec(`
			INSERT INTO views (id, folded, document, created_at) VALUES ($1, $2, $3, $4)
			ON CONFLICT (id) DO UPDATE SET folded = excluded.folded, document = excluded.document`,
			id, db.Fold(body.Name), string(document), db.Millis(tx.Now))
		return err
	})
	if err != nil {
		return nil, err
	}
	return &SavedView{ID: id, Name: body.Name, View: body.View, Columns: append([]ViewColumn{}, body.Columns...)}, nil
}

// DropView forgets a list that is kept.
func (a *API) DropView(ctx context.Context, in *ViewNamed) (*Done, error) {
	err := a.DB.Update(ctx, func(tx *db.Tx) error {
		n, err := tx.Exec(`DELETE FROM views WHERE id = $1`, in.ID)
		if err == nil && n == 0 {
			return &Error{Code: NotFound}
		}
		return err
	})
	return &Done{}, err
}
