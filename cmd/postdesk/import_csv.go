package main

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/calendar"
	"github.com/postdesk/postdesk/desk/message"
	"github.com/postdesk/postdesk/desk/policy"
)

// A csvTable is one kind of table that a shop tells: its columns, and how a row of them is read.
type csvTable struct {
	columns  []string
	required []string
	row      func(*csvRow) desk.Row
}

// csvRead is what a file holds.
type csvRead struct {
	rows   []desk.Row // those without a mistake
	wrong  policy.Mistakes
	broken bool // it cannot be told where its rows begin and end, so that none of them can be trusted

	header []string
	places map[int][]int // by line of a row: the column at which each of its cells begins
}

// column is where a cell begins.
func (c csvRead) column(line int, key string) int {
	if i := slices.Index(c.header, key); i >= 0 && i < len(c.places[line]) {
		return c.places[line][i]
	}
	return 1
}

// read reads a file as spreadsheets and shops write it. Its mistakes are found all at once.
func (t csvTable) read(name string, data []byte, p *policy.Policy) csvRead {
	c := csvRead{places: map[int][]int{}}
	broken := func(line, column int, found, want string) csvRead {
		c.wrong = append(c.wrong, policy.Mistake{File: name, Line: line, Column: column, Found: found, Want: want})
		c.rows, c.broken = nil, true
		return c
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	if line, ok := notUTF8(data); !ok {
		return broken(line, 1, "bytes that are no UTF-8", "UTF-8; spreadsheets call it CSV UTF-8")
	}
	r := csv.NewReader(bytes.NewReader(data))
	r.FieldsPerRecord = -1
	r.Comma = separator(data)
	for first := true; ; first = false {
		cells, err := r.Read()
		var bad *csv.ParseError
		switch {
		case errors.Is(err, io.EOF) && first:
			return broken(1, 1, "nothing", "a first line with the columns "+strings.Join(t.columns, ", "))
		case errors.Is(err, io.EOF):
			return c
		case errors.As(err, &bad):
			return broken(bad.StartLine, 1, bad.Err.Error(), `cells with quotes around all of them, and quotes inside twice: "like ""this"""`)
		case err != nil:
			return broken(1, 1, err.Error(), "a CSV file")
		}
		line, _ := r.FieldPos(0)
		places := make([]int, len(cells))
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
			_, places[i] = r.FieldPos(i)
		}
		c.places[line] = places
		if first {
			c.header = cells
			if c.wrong = t.checkHeader(name, line, cells, places); len(c.wrong) > 0 {
				c.broken = true
				return c
			}
			continue
		}
		if !slices.ContainsFunc(cells, func(s string) bool { return s != "" }) {
			continue // what spreadsheets leave below a table
		}
		row := &csvRow{name: name, line: line, policy: p, read: &c, cells: map[string]string{}}
		before := len(c.wrong)
		if len(cells) != len(c.header) {
			c.wrong = append(c.wrong, policy.Mistake{File: name, Line: line, Column: 1, Found: count(len(cells), "cell", "cells"), Want: fmt.Sprintf("%d, as in the first line", len(c.header))})
			continue
		}
		for i, key := range c.header {
			row.cells[key] = cells[i]
		}
		for _, key := range t.required {
			if row.cells[key] == "" {
				row.mistake(key, "a value in each row")
			}
		}
		told := t.row(row)
		told.Line = line
		if len(c.wrong) == before {
			c.rows = append(c.rows, told)
		}
	}
}

// checkHeader sees to it that every column is known, there once, and none is missing.
func (t csvTable) checkHeader(name string, line int, cells []string, places []int) (wrong policy.Mistakes) {
	for i, key := range cells {
		cells[i] = strings.ToLower(key)
		found := ""
		switch {
		case !slices.Contains(t.columns, cells[i]):
			found = fmt.Sprintf("the column %q", brief(key, 40))
		case slices.Contains(cells[:i], cells[i]):
			found = fmt.Sprintf("the column %s a second time", cells[i])
		default:
			continue
		}
		wrong = append(wrong, policy.Mistake{File: name, Line: line, Column: places[i], Found: found, Want: "some of " + strings.Join(t.columns, ", ")})
	}
	for _, key := range t.required {
		if !slices.Contains(cells, key) {
			wrong = append(wrong, policy.Mistake{File: name, Line: line, Column: 1, Found: "no column " + key, Want: "at least " + strings.Join(t.required, ", ")})
		}
	}
	return wrong
}

// separator is what parts the cells of the first line: spreadsheets of many countries write semicolons.
func separator(data []byte) rune {
	line, _, _ := bytes.Cut(data, []byte("\n"))
	best, most := ',', bytes.Count(line, []byte(","))
	for _, c := range []rune{';', '\t'} {
		if n := bytes.Count(line, []byte(string(c))); n > most {
			best, most = c, n
		}
	}
	return best
}

// notUTF8 gives the first line that is no UTF-8, or true where all is. A NUL is a letter of UTF-16.
func notUTF8(data []byte) (line int, ok bool) {
	for l := range bytes.Lines(data) {
		line++
		if !utf8.Valid(l) || bytes.IndexByte(l, 0) >= 0 {
			return line, false
		}
	}
	return 0, true
}

// A csvRow is one row while it is read. An empty cell says nothing, and a mistake of a required one has been told.
type csvRow struct {
	name   string
	line   int
	policy *policy.Policy
	read   *csvRead
	cells  map[string]string
}

// mistake tells that a cell is not what it should be.
func (r *csvRow) mistake(key, want string) {
	r.mistakenFor(key, fmt.Sprintf("%q", brief(r.cells[key], 80)), want)
}

func (r *csvRow) mistakenFor(key, found, want string) {
	if r.cells[key] == "" {
		found = "nothing"
	}
	r.read.wrong = append(r.read.wrong, policy.Mistake{File: r.name, Line: r.line, Column: r.read.column(r.line, key), Path: key, Found: found, Want: want})
}

// cell reads a cell that is not empty.
func cell[T any](r *csvRow, key, want string, parse func(string) (T, error)) (v T, said bool) {
	s := r.cells[key]
	if s == "" {
		return v, false
	}
	v, err := parse(s)
	if err != nil {
		r.mistake(key, want)
		return v, false
	}
	return v, true
}

var errCell = errors.New("no such thing")

// form is a text of some form alone.
func form(is func(string) bool) func(string) (string, error) {
	return func(s string) (string, error) {
		if !is(s) {
			return "", errCell
		}
		return s, nil
	}
}

func (r *csvRow) text(key string) string {
	s, _ := cell(r, key, "a text on one line of at most 200 characters", form(func(s string) bool {
		return utf8.RuneCountInString(s) <= 200 && clean(s) == s && !strings.ContainsAny(s, "\n\t")
	}))
	return s
}

// only tells whether s is made of some letters alone.
func only(s, letters string) bool { return strings.Trim(s, letters) == "" }

const (
	small    = "abcdefghijklmnopqrstuvwxyz"
	capitals = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
)

func (r *csvRow) id(key string) string {
	s, _ := cell(r, key, "an id of at most 40 letters, digits, - and _", form(func(s string) bool {
		return len(s) <= 40 && s[0] != '-' && only(s, small+capitals+"0123456789-_")
	}))
	return s
}

func (r *csvRow) language() string {
	s, _ := cell(r, "language", "a language such as de", form(func(s string) bool { return len(s) == 2 && only(s, small) }))
	return s
}

func (r *csvRow) market() string {
	s, _ := cell(r, "market", "a country such as DE", form(func(s string) bool { return len(s) == 2 && only(s, capitals) }))
	return s
}

func (r *csvRow) zone() string {
	s, _ := cell(r, "zone", "a time zone such as Europe/Berlin", func(s string) (string, error) {
		if s == "Local" { // whatever the machine's own is
			return "", errCell
		}
		_, err := time.LoadLocation(s)
		return s, err
	})
	return s
}

func (r *csvRow) yes(key string) (is, said bool) {
	return cell(r, key, "true or false", func(s string) (bool, error) {
		switch strings.ToLower(s) {
		case "true", "yes", "1":
			return true, nil
		case "false", "no", "0":
			return false, nil
		}
		return false, errCell
	})
}

func (r *csvRow) date(key string) calendar.Date {
	d, _ := cell(r, key, "a day that exists, such as 2026-12-25", calendar.ParseDate)
	return d
}

func (r *csvRow) product() string {
	var names []string
	for _, p := range r.policy.Products {
		names = append(names, p.Name)
	}
	want := "a product of the policy: " + strings.Join(names, ", ")
	if len(names) == 0 {
		want = "a product of the policy, which has none"
	}
	s, _ := cell(r, "product", want, form(func(s string) bool { return r.policy.Product(s) != nil }))
	return s
}

// customersAddress is one that is not ours: a desk that wrote to itself would never end.
func (r *csvRow) customersAddress() string {
	const want = "an address such as anna@acme.example"
	address, ok := cell(r, "address", want, message.Canonical)
	if !ok {
		return ""
	}
	if box := r.policy.MailboxOf(address); box != nil {
		r.mistakenFor("address", fmt.Sprintf("%q, which is the mailbox %s of the policy", address, box.Name), "an address of the customer's own")
	} else if s := r.policy.StaffByAddress(address); s != nil {
		r.mistakenFor("address", fmt.Sprintf("%q, which is %s of the staff", address, s.ID), "an address of the customer's own")
	}
	return address
}
