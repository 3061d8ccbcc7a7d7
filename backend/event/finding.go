package event

import "context"

// Level says how urgent a finding is.
type Level string

// The levels, from fine to urgent.
const (
	Good      Level = "good"      // in order
	Notice    Level = "notice"    // nothing is wrong; somebody may want to do something about it
	Attention Level = "attention" // somebody should look soon
	Broken    Level = "broken"    // phones cannot do something right now
)

// Urgency orders levels: what is more urgent has the larger number.
func (l Level) Urgency() int {
	switch l {
	case Broken:
		return 3
	case Attention:
		return 2
	case Notice:
		return 1
	default:
		return 0
	}
}

// NeedsPerson says whether somebody has to do something about it. A notice can wait for ever.
func (l Level) NeedsPerson() bool { return l.Urgency() > Notice.Urgency() }

// Finding is something that a person should know about the installation at the moment. The code becomes words at the
// screen; docs/OPERATIONS.md says what each means.
type Finding struct {
	Code   string
	Level  Level
	Params map[string]string
	// Filter are conditions of the list of phones, as package mdm has them, that find the phones it is about.
	Filter []string
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
