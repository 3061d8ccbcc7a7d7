package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/spf13/cobra"

	"example.org/gatehouse/backend/export"
	"example.org/gatehouse/backend/settings"
)

func (p *program) settingsCommand() *cobra.Command {
	c := &cobra.Command{
		Use:     "settings",
		Short:   "Every setting the screens have",
		Example: `  gatehoused settings set organization.support_email it@example.com`,
	}
	get := &cobra.Command{
		Use:   "get [KEY]",
		Short: "Show one setting, or all of them",
		Example: `  gatehoused settings get
  gatehoused settings get url`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return p.with(c.Context(), func(d *door) error { return p.getSettings(c.Context(), d, args) })
		},
	}
	var force bool
	set := &cobra.Command{
		Use:   "set KEY VALUE",
		Short: "Change one setting; lists are separated by commas",
		Example: `  gatehoused settings set domains example.com,example.org
  gatehoused settings set enrollment.open false`,
		Args: cobra.ExactArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			return p.with(c.Context(), func(d *door) error { return p.setSetting(c.Context(), d, args[0], args[1], force) })
		},
	}
	forced(set, &force)
	dump := &cobra.Command{
		Use:     "export",
		Short:   "Print all settings as one JSON document, secrets apart",
		Example: `  gatehoused settings export > settings.json`,
		RunE: func(c *cobra.Command, _ []string) error {
			return p.with(c.Context(), func(d *door) error {
				now, err := call[settings.Settings](c.Context(), d, http.MethodGet, "/settings", nil)
				if err != nil {
					return err
				}
				return p.document(now)
			})
		},
	}
	load := &cobra.Command{
		Use:     "import FILE",
		Short:   "Take over settings that were exported; what the file leaves out stays as it is",
		Example: `  gatehoused settings import settings.json`,
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			b, err := readFile(args[0])
			if err != nil {
				return err
			}
			return p.with(c.Context(), func(d *door) error { return p.importSettings(c.Context(), d, b, force) })
		},
	}
	forced(load, &force)
	c.AddCommand(get, set, dump, load)
	return c
}

func forced(c *cobra.Command, force *bool) {
	c.Flags().BoolVar(force, "force", false, "also when it cuts off enrolled phones")
}

func (p *program) getSettings(ctx context.Context, d *door, args []string) error {
	now, err := call[settings.Settings](ctx, d, http.MethodGet, "/settings", nil)
	if err != nil {
		return err
	}
	if len(args) == 0 {
		if p.json {
			return p.document(now)
		}
		rows := [][]any{}
		for _, k := range settings.Keys() {
			value, err := settings.GetKey(*now, k.Name)
			if err != nil {
				return err
			}
			rows = append(rows, []any{k.Name, value})
		}
		return p.table([]export.Column{{Name: "key", Title: "Setting"}, {Name: "value", Title: "Value"}}, rows)
	}
	value, err := settings.GetKey(*now, args[0])
	if err != nil {
		return unknownKey(args[0])
	}
	return p.show(map[string]string{"key": args[0], "value": value}, func() { p.printf("%s\n", value) })
}

func unknownKey(key string) error {
	return fmt.Errorf("there is no setting %q; settings get lists them", key)
}

func (p *program) setSetting(ctx context.Context, d *door, key, value string, force bool) error {
	now, err := call[settings.Settings](ctx, d, http.MethodGet, "/settings", nil)
	if err != nil {
		return err
	}
	if _, err := settings.GetKey(*now, key); err != nil {
		return unknownKey(key)
	}
	if err := settings.SetKey(now, key, value); err != nil {
		return err
	}
	stored, err := putSettings(ctx, d, now, force)
	if err != nil {
		return err
	}
	if value, err = settings.GetKey(*stored, key); err != nil {
		return err
	}
	return p.show(map[string]string{"key": key, "value": value}, func() { p.say("%s = %s", key, value) })
}

func (p *program) importSettings(ctx context.Context, d *door, document []byte, force bool) error {
	now, err := call[settings.Settings](ctx, d, http.MethodGet, "/settings", nil)
	if err != nil {
		return err
	}
	reader := json.NewDecoder(bytes.NewReader(document))
	reader.DisallowUnknownFields() // a name that is wrong would change nothing, unseen
	if err := reader.Decode(now); err != nil {
		return fmt.Errorf("the file is not a document of settings: %w", err)
	}
	stored, err := putSettings(ctx, d, now, force)
	if err != nil {
		return err
	}
	return p.show(stored, func() { p.say("The settings are taken over.") })
}

func putSettings(ctx context.Context, d *door, s *settings.Settings, force bool) (*settings.Settings, error) {
	path := "/settings"
	if force {
		path += "?force=true"
	}
	return call[settings.Settings](ctx, d, http.MethodPut, path, s)
}
