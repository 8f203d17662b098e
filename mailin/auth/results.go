package auth

import (
	"errors"
	"strings"
)

// Results is one Authentication-Results field (RFC 8601, 2.2), read but not believed.
type Results struct {
	Server  string // authserv-id as written; "" in Microsoft's form, which names none
	Clauses []Clause
}

// A Clause is what one method found, with the properties that belong to it and to no other (T007).
type Clause struct {
	Method, Result string            // lower case, such as "dkim" and "pass"
	Props          map[string]string // keys such as "header.d" in lower case; "reason" is one of them
	Comments       []string          // what stood in parentheses, for policies such as (p=reject)

	// Broken tells that something in the clause could not be read, or was said twice in different ways. It proves nothing then.
	Broken bool
}

var errSyntax = errors.New("it cannot be read")

// maxClauses is far above what servers write and bounds the work on one field (G9).
const maxClauses = 100

// ParseResults reads the value of an Authentication-Results field. It is strict about what holds a field together, comments, quotes
// and semicolons, since a stranger's words stand between them, and gives an error where these do not close. It is written here because
// splitting at each semicolon, as the library does, lets a quoted local part speak for the server (T007).
func ParseResults(value string) (Results, error) {
	var r Results
	s := &scanner{rest: value}
	if err := s.space(nil); err != nil {
		return r, err
	}

	begin := s.rest
	s.key()
	if err := s.space(nil); err != nil {
		return r, err
	}
	microsoft := s.take('=') // it begins with the first result
	s.rest = begin
	if !microsoft {
		if err := s.server(&r); err != nil {
			return r, err
		}
	}
	for s.rest != "" {
		c, err := s.clause()
		if err != nil {
			return r, err
		}
		if c.Method != "" {
			r.Clauses = append(r.Clauses, c)
		}
		if len(r.Clauses) > maxClauses {
			return r, errSyntax
		}
	}
	return r, nil
}

// server reads the authserv-id and the version, up to and past the semicolon.
func (s *scanner) server(r *Results) (err error) {
	if r.Server, err = s.value(); err != nil {
		return err
	}
	if err := s.space(nil); err != nil {
		return err
	}
	version, err := s.value()
	if err != nil || version != "" && version != "1" {
		return errSyntax // another version is not for us to read
	}
	if err := s.space(nil); err != nil {
		return err
	}
	if s.rest != "" && !s.take(';') {
		return errSyntax
	}
	return nil
}

// A scanner walks through a structured field value.
type scanner struct{ rest string }

// take goes past c if it is next.
func (s *scanner) take(c byte) bool {
	if s.rest == "" || s.rest[0] != c {
		return false
	}
	s.rest = s.rest[1:]
	return true
}

// space goes past white space and comments, which nest (RFC 5322, 3.2.2), and keeps the comments where somebody wants them.
func (s *scanner) space(comments *[]string) error {
	for {
		s.rest = strings.TrimLeft(s.rest, " \t\r\n")
		if s.rest == "" || s.rest[0] != '(' {
			return nil
		}
		depth, i := 0, 0
		for ; i < len(s.rest); i++ {
			switch s.rest[i] {
			case '\\':
				i++
			case '(':
				depth++
			case ')':
				depth--
			}
			if depth == 0 {
				break
			}
		}
		if i >= len(s.rest) {
			return errSyntax
		}
		if comments != nil {
			*comments = append(*comments, s.rest[1:i])
		}
		s.rest = s.rest[i+1:]
	}
}

// key reads a keyword up to a sign that cannot be in one.
func (s *scanner) key() string {
	i := strings.IndexAny(s.rest, " \t\r\n;=()/\"")
	if i < 0 {
		i = len(s.rest)
	}
	k := s.rest[:i]
	s.rest = s.rest[i:]
	return strings.ToLower(k)
}

// value reads a property's value: runs of plain characters and of quoted ones, as in "kim lee"@cust.example. An equals sign belongs to it,
// since senders' bounce addresses have them.
func (s *scanner) value() (string, error) {
	var b strings.Builder
	for s.rest != "" {
		switch c := s.rest[0]; {
		case c == '"':
			if err := s.quoted(&b); err != nil {
				return "", err
			}
		case strings.IndexByte(" \t\r\n;()", c) >= 0:
			return b.String(), nil
		case c == '=' && b.Len() == 0:
			return "", nil
		default:
			b.WriteByte(c)
			s.rest = s.rest[1:]
		}
	}
	return b.String(), nil
}

func (s *scanner) quoted(b *strings.Builder) error {
	for i := 1; i < len(s.rest); i++ {
		switch s.rest[i] {
		case '"':
			s.rest = s.rest[i+1:]
			return nil
		case '\\':
			if i++; i == len(s.rest) {
				return errSyntax
			}
		}
		b.WriteByte(s.rest[i])
	}
	return errSyntax
}

// clause reads up to and past the next semicolon. "none", which stands for no result at all, gives a clause without a method.
func (s *scanner) clause() (Clause, error) {
	c := Clause{Props: map[string]string{}}
	if err := s.space(&c.Comments); err != nil {
		return c, err
	}
	c.Method = s.key()
	if err := s.space(&c.Comments); err != nil {
		return c, err
	}
	if s.take('/') { // the version of the method
		if err := s.space(&c.Comments); err != nil {
			return c, err
		}
		if s.key() != "1" {
			c.Broken = true
		}
		if err := s.space(&c.Comments); err != nil {
			return c, err
		}
	}
	if !s.take('=') {
		if c.Method == "none" || c.Method == "" {
			c.Method = ""
			if s.rest == "" || s.take(';') {
				return c, nil
			}
		}
		return c, errSyntax
	}
	if err := s.space(&c.Comments); err != nil {
		return c, err
	}
	c.Result = s.key()

	for {
		if err := s.space(&c.Comments); err != nil {
			return c, err
		}
		if s.rest == "" || s.take(';') {
			return c, nil
		}
		k := s.key()
		if err := s.space(&c.Comments); err != nil {
			return c, err
		}
		if !s.take('=') {
			// A word that is no property: either the server's own way, or a stranger's words that it should have quoted.
			c.Broken = true
			if k == "" {
				if err := s.odd(); err != nil {
					return c, err
				}
			}
			continue
		}
		if err := s.space(&c.Comments); err != nil {
			return c, err
		}
		v, err := s.value()
		if err != nil {
			return c, err
		}
		if before, twice := c.Props[k]; k == "" || twice && before != v {
			c.Broken = true
			continue
		}
		c.Props[k] = v
	}
}

// odd goes past a sign where none belongs. A parenthesis that closes nothing means that comments are not what they seem.
func (s *scanner) odd() error {
	switch s.rest[0] {
	case ')':
		return errSyntax
	case '"':
		return s.quoted(new(strings.Builder))
	}
	s.rest = s.rest[1:]
	return nil
}
