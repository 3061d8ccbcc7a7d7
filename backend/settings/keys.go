package settings

import (
	"encoding/json"
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

// GetKey returns one setting as text; lists are separated by commas, groups are JSON.
func GetKey(s Settings, key string) (string, error) {
	text, found := "", false
	walk(reflect.ValueOf(&s).Elem(), "", func(name string, _ reflect.StructField, v reflect.Value) {
		if name == key {
			text, found = format(v), true
		}
	})
	if !found {
		return "", invalid(key, "not_known", "")
	}
	return text, nil
}

// SetKey sets one setting from text. Validation comes with the change.
func SetKey(s *Settings, key, value string) error {
	err := error(invalid(key, "not_known", value))
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
	case reflect.Int:
		return strconv.FormatInt(v.Int(), 10)
	case reflect.Slice:
		if list, ok := v.Interface().([]string); ok {
			return strings.Join(list, ",")
		}
		b, err := json.Marshal(v.Interface())
		if err != nil {
			panic(err) // a document of plain values
		}
		return string(b)
	default:
		return v.String()
	}
}

func parse(key string, v reflect.Value, value string) error {
	switch v.Kind() {
	case reflect.Bool:
		b, err := strconv.ParseBool(value)
		if err != nil {
			return invalid(key, "not_boolean", value)
		}
		v.SetBool(b)
	case reflect.Int:
		n, err := strconv.Atoi(strings.TrimSpace(value))
		if err != nil {
			return invalid(key, "not_number", value)
		}
		v.SetInt(int64(n))
	case reflect.Slice:
		if v.Type().Elem().Kind() != reflect.String {
			return parseJSON(key, v, value)
		}
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

// parseJSON reads a list of more than words. What the form does not know is a slip of the pen.
func parseJSON(key string, v reflect.Value, value string) error {
	list := reflect.New(v.Type())
	d := json.NewDecoder(strings.NewReader(value))
	d.DisallowUnknownFields()
	if err := d.Decode(list.Interface()); err != nil {
		return invalid(key, "not_json", err.Error())
	}
	v.Set(list.Elem())
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
