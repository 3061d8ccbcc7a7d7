package sim

// dictionary reads a property list dictionary strictly and keeps the first thing that was wrong.
type dictionary struct {
	values map[string]any
	where  string
	err    error
}

func (d *dictionary) fail(key, what string) {
	if d.err == nil {
		d.err = refuse("profile-key", sourceProfile, "%s: %s %s", d.where, key, what)
	}
}

func value[T any](d *dictionary, key string, required bool, kind string) T {
	var zero T
	v, there := d.values[key]
	if !there {
		if required {
			d.fail(key, "is missing")
		}
		return zero
	}
	t, ok := v.(T)
	if !ok {
		d.fail(key, "is no "+kind)
	}
	return t
}

func (d *dictionary) text(key string, required bool) string {
	s := value[string](d, key, required, "string")
	if required && s == "" {
		d.fail(key, "is empty")
	}
	return s
}

func (d *dictionary) boolean(key string) bool { return value[bool](d, key, false, "boolean") }

func (d *dictionary) data(key string) []byte { return value[[]byte](d, key, false, "data") }

func (d *dictionary) integer(key string, required bool) int64 {
	switch n := d.values[key].(type) {
	case uint64:
		return int64(n)
	case int64:
		return n
	case nil:
		if required {
			d.fail(key, "is missing")
		}
	default:
		d.fail(key, "is no integer")
	}
	return 0
}
