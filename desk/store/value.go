package store

import (
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"time"
)

// plain makes a value fit for both drivers: texts are cleaned, times become instants, and types of the desk what they are made of.
func plain(v any) any {
	switch v := v.(type) {
	case nil, []byte, bool, int64, instant:
		return v
	case string:
		return clean(v)
	case time.Time:
		return instant(v)
	}
	switch r := reflect.ValueOf(v); r.Kind() {
	case reflect.String:
		return clean(r.String())
	default:
		return v // integers and driver.Valuers are the drivers' business
	}
}

// clean replaces NUL and bytes that are no UTF-8, which PostgreSQL refuses. A replaced character shows that something stood there,
// and keeps its neighbours apart: taking it out could make another word of them.
func clean(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}

// null is how "there is none" of a column that points elsewhere is kept: as NULL, which points at nothing.
func null[T comparable](v T) any {
	var zero T
	if v == zero {
		return nil
	}
	return v
}

// value reads what null wrote.
func value[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}

// A document is a value kept as JSON in a text column, since it is only ever read and written whole. An empty one is NULL.
type document[T any] struct{ v T }

// Value gives the JSON as a string: PostgreSQL would take bytes for a bytea.
func (d document[T]) Value() (driver.Value, error) {
	b, err := json.Marshal(d.v)
	if err != nil || string(b) == "null" {
		return nil, err
	}
	return string(b), nil
}

// Scan implements sql.Scanner.
func (d *document[T]) Scan(src any) error {
	var zero T
	d.v = zero
	switch src := src.(type) {
	case nil:
		return nil
	case string:
		return json.Unmarshal([]byte(src), &d.v)
	case []byte:
		return json.Unmarshal(src, &d.v)
	}
	return fmt.Errorf("stored document of type %T: want text", src)
}
