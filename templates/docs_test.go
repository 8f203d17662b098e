package templates

import (
	"os"
	"reflect"
	"strings"
	"testing"
)

// docs/templates.md is what an operator writes by: it has every mail and every field, each in the part about its readers.
func TestDocsAreComplete(t *testing.T) {
	page, err := os.ReadFile("../docs/templates.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(page), "## Mails to customers")
	customers, staff, ok := strings.Cut(rest, "## Mails to staff")
	if !ok {
		t.Fatal("the parts about customers and staff are not there")
	}
	for name, a := range audiences {
		part := customers
		if a == toStaff {
			part = staff
		}
		if !strings.Contains(part, "`"+name+"`") {
			t.Errorf("the mail %s is not among those to %s", name, a)
		}
	}
	for part, types := range map[*string][]reflect.Type{
		&customers: {reflect.TypeFor[Customer](), reflect.TypeFor[Spent](), reflect.TypeFor[Range]()},
		&staff:     {reflect.TypeFor[Staff](), reflect.TypeFor[Owned](), reflect.TypeFor[Line](), reflect.TypeFor[CommandLine](), reflect.TypeFor[Help](), reflect.TypeFor[Item]()},
	} {
		for _, typ := range types {
			for i := range typ.NumField() {
				if field := typ.Field(i).Name; !strings.Contains(*part, "`."+field+"`") {
					t.Errorf("%s.%s is not there", typ.Name(), field)
				}
			}
		}
	}
}

// A preview shows something of each mail.
func TestSamples(t *testing.T) {
	set := newSet(t)
	for _, lang := range set.Languages() {
		for _, name := range set.Names() {
			if m, err := set.Render(name, lang, Sample(name, lang)); err != nil || len(m.Text) < 100 {
				t.Errorf("%s %s: %v, %q", name, lang, err, m.Text)
			}
		}
	}
}
