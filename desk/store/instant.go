package store

import (
	"database/sql/driver"
	"fmt"
	"time"
)

// An instant is a point in time as the database keeps it: timestamptz in PostgreSQL, fixed-width UTC text in SQLite. Both sort
// alike, both keep microseconds, and a person can read both. The zero instant is NULL.
type instant time.Time

// never comes before every other instant: when what may happen at once may happen, in columns that are compared and so cannot be
// NULL.
var never = time.Date(1970, 1, 1, 0, 0, 0, 0, time.UTC)

// instantForm is 27 characters wide for every year that it can hold.
const instantForm = "2006-01-02T15:04:05.000000Z"

// stored is a time as the database has it.
func stored(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }

func (i instant) time() time.Time { return time.Time(i) }

// Value implements driver.Valuer. The text serves both engines; it is cut to microseconds here, since PostgreSQL would round them.
func (i instant) Value() (driver.Value, error) {
	t := time.Time(i)
	if t.IsZero() {
		return nil, nil
	}
	t = t.UTC()
	if y := t.Year(); y < 1 || y > 9999 {
		return nil, fmt.Errorf("time %v: its year does not fit four digits", t)
	}
	return t.Format(instantForm), nil
}

// Scan implements sql.Scanner.
func (i *instant) Scan(src any) error {
	switch v := src.(type) {
	case nil:
		*i = instant{}
	case time.Time:
		*i = instant(v.UTC())
	case string:
		t, err := time.Parse(instantForm, v)
		if err != nil {
			return fmt.Errorf("stored time %q: want the form %s", v, instantForm)
		}
		*i = instant(t)
	case []byte:
		return i.Scan(string(v))
	default:
		return fmt.Errorf("stored time of type %T: want a time or text", src)
	}
	return nil
}
