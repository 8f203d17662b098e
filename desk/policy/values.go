package policy

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/postdesk/postdesk/desk/calendar"
	"github.com/postdesk/postdesk/desk/message"
)

// This file has one reader for each type of value that a file may hold, each with its default.

// parsed reads a scalar, or gives the default where the key is missing. Where it does not parse, ok is false, and it has been told.
func parsed[T any](v value, other T, want string, parse func(string) (T, error)) (t T, ok bool) {
	if v.node == nil {
		return other, true
	}
	if v.node.Kind != yaml.ScalarNode || v.null() {
		v.expected(want)
		return other, false
	}
	s, missing := v.expand(v.node.Value)
	if missing != "" {
		v.mistake("${env:"+missing+"}, which is not set", want)
		return other, false
	}
	t, err := parse(s)
	if err != nil {
		v.expected(want)
		return other, false
	}
	return t, true
}

// expand puts in the environment's values. A name that is not set is returned.
func (v value) expand(s string) (expanded, missing string) {
	for {
		before, rest, found := strings.Cut(s, "${env:")
		expanded += before
		if !found {
			return expanded, missing
		}
		name, after, closed := strings.Cut(rest, "}")
		val, err := v.look("env:" + name)
		if (err != nil || !closed) && missing == "" {
			missing = name
		}
		expanded += string(val)
		s = after
	}
}

func (v value) text(other string) string {
	s, _ := parsed(v, other, "a text", func(s string) (string, error) {
		if s = strings.TrimSpace(s); s == "" {
			return "", errors.New("empty")
		}
		return s, nil
	})
	return s
}

// line is a text that stands on one line of a mail: a name, a title.
func (v value) line(other string) string {
	s, _ := parsed(v, other, "a text on one line", func(s string) (string, error) {
		if s = strings.TrimSpace(s); s == "" || len(s) > 200 || strings.ContainsAny(s, "\r\n\t") {
			return "", errors.New("not one line")
		}
		return s, nil
	})
	return s
}

func (v value) whole(other, least, most int64) int64 {
	n, _ := parsed(v, other, fmt.Sprintf("a whole number from %d to %d", least, most), func(s string) (int64, error) {
		n, err := strconv.ParseInt(s, 10, 64)
		if err == nil && (n < least || n > most || v.node.ShortTag() != "!!int") {
			err = strconv.ErrRange
		}
		return n, err
	})
	return n
}

func (v value) yes(other bool) bool {
	b, _ := parsed(v, other, "true or false", func(s string) (bool, error) {
		if v.node.ShortTag() != "!!bool" {
			return false, strconv.ErrSyntax
		}
		return strconv.ParseBool(s)
	})
	return b
}

// oneOf is one of a few words.
func (v value) oneOf(other string, words ...string) string {
	want := "one of " + strings.Join(words, ", ")
	if v.given() {
		want += didYouMean(v.node.Value, words)
	}
	s, _ := parsed(v, other, want, func(s string) (string, error) {
		if !slices.Contains(words, s) {
			return "", errors.New("another word")
		}
		return s, nil
	})
	return s
}

// ref is the name of something that the file or its policy defines, "" where the key is missing or the name unknown.
func (v value) ref(kind string) string {
	known := v.names[kind]
	want := "a " + kind + " of " + v.where + ": " + strings.Join(known, ", ")
	if kind == "staff" {
		want = "one of the staff: " + strings.Join(known, ", ")
	}
	if len(known) == 0 {
		want = "a " + kind + ", and " + v.where + " has none"
	}
	if v.given() {
		want += didYouMean(v.node.Value, known)
	}
	s, _ := parsed(v, "", want, func(s string) (string, error) {
		if !slices.Contains(known, s) {
			return "", errors.New("unknown")
		}
		return s, nil
	})
	return s
}

func (v value) refs(kind string) []string {
	return each(v, func(v value) (string, bool) { s := v.ref(kind); return s, s != "" })
}

// theOnly is ref for a key that needs not be given where the file defines just one.
func (v value) theOnly(kind string) string {
	known := v.names[kind]
	switch {
	case v.given():
		return v.ref(kind)
	case len(known) == 1:
		return known[0]
	case len(known) == 0:
		return "" // told already: see define
	}
	v.expected("one of " + strings.Join(known, ", "))
	return ""
}

func (v value) address() (string, bool) {
	return parsed(v, "", "an address such as support@desk.example", message.Canonical)
}

// ownAddress is an address that leads to one mailbox, contact or person.
func (v value) ownAddress() (string, bool) {
	addr, ok := v.address()
	if !ok || addr == "" {
		return "", false
	}
	other, taken := v.owners[addr]
	if base, tag := message.SplitTag(addr); !taken && tag != "" && strings.HasPrefix(v.owners[base], "mailboxes.") {
		other, taken = v.owners[base], true // all that follows the plus there is ours
	}
	if taken {
		v.mistake(fmt.Sprintf("%s, which is %s too", quote(addr), other), "an address of its own")
		return "", false
	}
	v.owners[addr] = v.path
	return addr, true
}

func (v value) domain() (string, bool) {
	return parsed(v, "", "a domain such as desk.example", message.CanonicalDomain)
}

func (v value) language(other string) string { return v.oneOf(other, Languages...) }

func (v value) zone(other *time.Location) *time.Location {
	z, _ := parsed(v, other, "a time zone such as Europe/Berlin", func(s string) (*time.Location, error) {
		if s == "" || s == "Local" { // what the machine's own zone is may not decide over anything
			return nil, errors.New("no name")
		}
		return time.LoadLocation(s)
	})
	return z
}

func (v value) date() (calendar.Date, bool) {
	return parsed(v, calendar.Date{}, "a day that exists, such as 2026-12-25", calendar.ParseDate)
}

// translated is a text in several languages, or one text for all of them.
func (v value) translated(other Text) Text {
	if v.node == nil {
		return other
	}
	if v.node.Kind != yaml.MappingNode {
		return Text{"en": v.text("")}
	}
	t := Text{}
	for _, e := range v.entries("") {
		if !slices.Contains(Languages, e.name) {
			v.at(e.key, e.name).mistake("an unknown language", "one of "+strings.Join(Languages, ", "))
			continue
		}
		t[e.name] = e.text("")
	}
	if len(t) == 0 {
		v.expected("a text, or one for each language: {en: ..., de: ...}")
	}
	return t
}

// secret is a password or a key, written into the file, taken from the environment, or from a file of its own named by the key
// with _file at its end. One that this machine does not hold is no mistake of the file: it is kept apart.
func (m mapping) secret(name string, required bool) Secret {
	v, file := m.key(name), m.key(name+"_file")
	want := "a secret, such as ${env:POSTDESK_SECRET}, or " + name + "_file"
	switch {
	case v.given() && file.given():
		file.mistake("both "+name+" and "+name+"_file", "one of them")
		return ""
	case file.given():
		path := file.text("")
		if path == "" {
			return ""
		}
		data, err := v.look(path)
		secret := strings.TrimSpace(string(data))
		if err != nil || secret == "" {
			file.lacking("a file that cannot be read, or is empty")
			return ""
		}
		return Secret(secret)
	case !v.given():
		if required {
			v.must(want)
		}
		return ""
	}
	if v.node.Kind != yaml.ScalarNode || v.null() || v.node.Value == "" {
		v.mistake("no text", want)
		return ""
	}
	s, missing := v.expand(v.node.Value)
	if missing != "" {
		v.lacking("${env:" + missing + "}, which is not set")
		return ""
	}
	if s == "" {
		v.lacking(v.node.Value + ", which is empty")
	}
	return Secret(s)
}

// lacking records that a secret is not there.
func (v value) lacking(found string) {
	v.unset = append(v.unset, Mistake{v.from(v.node).file, v.node.Line, v.node.Column, v.path, found, "a secret that is there"})
}
