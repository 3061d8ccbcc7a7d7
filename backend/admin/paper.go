package admin

import (
	"encoding/json"
	"net/http"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

// mount registers the operations at a mux and returns the paper that describes them.
func (a *API) mount(mux *http.ServeMux) *huma.OpenAPI {
	// huma's own pages (documentation from another host, schemas, YAML) are left out: the paper is served by us.
	api := humago.New(mux, huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info: &huma.Info{
				Title:       "Gatehouse",
				Version:     "1",
				Description: "Everything an administrator can do. Errors are problem documents with a code; the words live in the screens.",
			},
			Components: &huma.Components{
				Schemas: huma.NewMapRegistry("#/components/schemas/", schemaName),
				SecuritySchemes: map[string]*huma.SecurityScheme{
					"token": {Type: "http", Scheme: "bearer", Description: "printed by serve with the admin address"},
				},
			},
			Security: []map[string][]string{{"token": {}}},
		},
		Formats:                      huma.DefaultFormats,
		DefaultFormat:                "application/json",
		RejectUnknownQueryParameters: true,
	})
	a.routes(door{api, a.problem, a.changed})
	return api.OpenAPI()
}

// schemaName keeps the nouns of the settings apart from those of the screens: both have an Enrollment.
func schemaName(t reflect.Type, hint string) string {
	name := huma.DefaultSchemaNamer(t, hint)
	if strings.HasSuffix(t.PkgPath(), "/settings") && !strings.HasPrefix(name, "Settings") {
		return "Settings" + name
	}
	return name
}

// OpenAPI is the paper of this door: OpenAPI 3.1 as JSON.
func OpenAPI() ([]byte, error) {
	paper := new(API).mount(http.NewServeMux())
	return json.MarshalIndent(paper, "", "  ")
}
