package admin

import (
	"context"
	"fmt"

	"example.org/gatehouse/backend/event"
)

// Role says how much somebody may do. A greater role may do all that a smaller one may.
type Role int

// The roles, from the one who looks to the one who sets up. The zero value may do nothing.
const (
	nobody   Role = iota
	viewer        // looks
	operator      // helps people: accounts, commands, rehearsals
	admin         // changes how the server works
)

// String is the name of the role in the paper.
func (r Role) String() string {
	switch r {
	case viewer:
		return "viewer"
	case operator:
		return "operator"
	case admin:
		return "admin"
	default:
		return "nobody"
	}
}

// Identity is who asks.
type Identity struct {
	Name string
	Role Role
}

// LocalOperator is whoever sits at the computer: the window, and the command line that opened the database itself.
func LocalOperator() Identity { return Identity{Name: "admin", Role: admin} }

// AsOperator is As for the [LocalOperator].
func AsOperator(ctx context.Context) context.Context { return As(ctx, LocalOperator()) }

type identityKey struct{}

// As returns a context in which id asks.
func As(ctx context.Context, id Identity) context.Context {
	return event.WithActor(context.WithValue(ctx, identityKey{}, id), id.Name)
}

func identity(ctx context.Context) Identity {
	id, _ := ctx.Value(identityKey{}).(Identity)
	return id
}

// allowed refuses whoever has less than the role. Without an identity in the context nobody may do anything.
func allowed(ctx context.Context, need Role) error {
	if id := identity(ctx); need == nobody || id.Role < need {
		return &Error{
			Code: NotAllowed, Params: map[string]string{"need": need.String(), "have": id.Role.String()},
			err: fmt.Errorf("needs the role %s", need),
		}
	}
	return nil
}
