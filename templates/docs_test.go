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
		&staff:     {reflect.TypeFor[Staff](), reflect.TypeFor[Line](), reflect.TypeFor[CommandLine](), reflect.TypeFor[Help]()},
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

// A preview shows each mail with data that go together.
func TestSamples(t *testing.T) {
	set := newSet(t)
	for _, lang := range set.Languages() {
		for _, name := range set.Names() {
			m, err := set.Render(name, lang, Sample(name, lang))
			if err != nil {
				t.Errorf("%s %s: %v", name, lang, err)
				continue
			}
			if name != "refused_command" && strings.Contains(m.HTML, `class="warn"`) && audiences[name] == toStaff && name != "clock_breach" {
				t.Errorf("%s %s warns:\n%s", name, lang, m.Text)
			}
		}
	}
}
