package event

import "context"

// Level says how urgent a finding is.
type Level string

// The levels, from fine to urgent.
const (
	Good      Level = "good"      // in order
	Attention Level = "attention" // somebody should look soon
	Broken    Level = "broken"    // phones cannot do something right now
)

// Finding is something that a person should know about the installation at the moment. The code becomes words at the
// screen; docs/OPERATIONS.md says what each means.
type Finding struct {
	Code   string
	Level  Level
	Params map[string]string
}

type actorKey struct{}

// WithActor names who acts in this context: "admin", or the name of an administrator.
func WithActor(ctx context.Context, name string) context.Context {
	return context.WithValue(ctx, actorKey{}, name)
}

// Actor says who acts; "system" when nobody said.
func Actor(ctx context.Context) string {
	if name, ok := ctx.Value(actorKey{}).(string); ok {
		return name
	}
	return "system"
}
