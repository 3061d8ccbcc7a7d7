package settings

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// Key is one setting as the command line knows it.
type Key struct {
	Name string // "organization.name"
	Doc  string // what it means
}

// Keys lists every setting.
func Keys() []Key {
	var keys []Key
	walk(reflect.ValueOf(&Settings{}).Elem(), "", func(name string, f reflect.StructField, _ reflect.Value) {
		keys = append(keys, Key{Name: name, Doc: f.Tag.Get("doc")})
	})
	return keys
}

// GetKey returns one setting as text; lists are separated by commas.
func GetKey(s Settings, key string) (string, error) {
	text, found := "", false
	walk(reflect.ValueOf(&s).Elem(), "", func(name string, _ reflect.StructField, v reflect.Value) {
		if name == key {
			text, found = format(v), true
		}
	})
	if !found {
		return "", &Invalid{key, "not_known", ""}
	}
	return text, nil
}

// SetKey sets one setting from text. Validation comes with the change.
func SetKey(s *Settings, key, value string) error {
	err := error(&Invalid{key, "not_known", value})
	walk(reflect.ValueOf(s).Elem(), "", func(name string, _ reflect.StructField, v reflect.Value) {
		if name == key {
			err = parse(key, v, value)
		}
	})
	return err
}

func walk(v reflect.Value, prefix string, see func(name string, f reflect.StructField, v reflect.Value)) {
	for i := range v.NumField() {
		f := v.Type().Field(i)
		name := prefix + f.Tag.Get("json")
		if f.Type.Kind() == reflect.Struct {
			walk(v.Field(i), name+".", see)
			continue
		}
		see(name, f, v.Field(i))
	}
}

func format(v reflect.Value) string {
	switch v.Kind() {
	case reflect.Bool:
		return strconv.FormatBool(v.Bool())
	case reflect.Slice:
		return strings.Join(v.Interface().([]string), ",")
	default:
		return v.String()
	}
}

func parse(key string, v reflect.Value, value string) error {
	switch v.Kind() {
	case reflect.Bool:
		b, err := strconv.ParseBool(value)
		if err != nil {
			return &Invalid{key, "not_boolean", value}
		}
		v.SetBool(b)
	case reflect.Slice:
		list := slices.DeleteFunc(strings.Split(value, ","), func(s string) bool { return strings.TrimSpace(s) == "" })
		for i := range list {
			list[i] = strings.TrimSpace(list[i])
		}
		v.Set(reflect.ValueOf(list))
	case reflect.String:
		v.SetString(value)
	default:
		return fmt.Errorf("setting %s has a kind that text cannot set", key)
	}
	return nil
}

// difference lists the keys whose values differ.
func difference(a, b Settings) ([]string, error) {
	var keys []string
	for _, k := range Keys() {
		x, err := GetKey(a, k.Name)
		if err != nil {
			return nil, err
		}
		y, err := GetKey(b, k.Name)
		if err != nil {
			return nil, err
		}
		if x != y {
			keys = append(keys, k.Name)
		}
	}
	return keys, nil
}
