package store

import (
	"regexp"
	"strconv"
	"strings"
	"sync"

	"github.com/postdesk/postdesk/migrations"
)

// A statement is what a text with named parameters is made of. Of an INSERT the row is said once for each that is written; every other
// statement is one row.
type statement struct {
	head   string // before the row
	row    piece
	behind piece
	texts  sync.Map // by engine and number of rows
}

// A piece of a statement has a parameter behind each text but the last.
type piece struct {
	texts []string
	names []string
}

var (
	statements sync.Map // by text: reading the names out of one takes longer than many a statement
	parameter  = regexp.MustCompile(`:[a-z_][a-z_0-9]*`)
	valuesRow  = regexp.MustCompile(`(?i)\bVALUES\s*\(`)
)

func parsed(query string) *statement {
	if s, ok := statements.Load(query); ok {
		return s.(*statement)
	}
	s := &statement{}
	from, to := 0, len(query)
	if at := valuesRow.FindStringIndex(query); at != nil {
		from, to = at[1]-1, at[1]
		for depth := 1; depth > 0 && to < len(query); to++ {
			switch query[to] {
			case '(':
				depth++
			case ')':
				depth--
			}
		}
	}
	s.head, s.row, s.behind = query[:from], pieceOf(query[from:to]), pieceOf(query[to:])
	kept, _ := statements.LoadOrStore(query, s)
	return kept.(*statement)
}

func pieceOf(text string) (p piece) {
	at := 0
	for _, m := range parameter.FindAllStringIndex(text, -1) {
		p.texts, p.names = append(p.texts, text[at:m[0]]), append(p.names, text[m[0]+1:m[1]])
		at = m[1]
	}
	p.texts = append(p.texts, text[at:])
	return p
}

// text is the statement for so many rows. SQLite takes $1 too, and has its driver ask for that name at each use.
func (s *statement) text(engine migrations.Engine, rows int) string {
	type key struct {
		engine migrations.Engine
		rows   int
	}
	if text, ok := s.texts.Load(key{engine, rows}); ok {
		return text.(string)
	}
	var b strings.Builder
	n := 0
	say := func(p piece) {
		for i, text := range p.texts {
			b.WriteString(text)
			if i == len(p.names) {
				break
			}
			if n++; engine == migrations.SQLite {
				b.WriteByte('?')
				continue
			}
			b.WriteByte('$')
			b.WriteString(strconv.Itoa(n))
		}
	}
	b.WriteString(s.head)
	for i := range rows {
		if i > 0 {
			b.WriteString(", ")
		}
		say(s.row)
	}
	say(s.behind)
	text := b.String()
	if n <= maxParameters { // those for more rows than the driver keeps prepared are not kept here either
		s.texts.Store(key{engine, rows}, text)
	}
	return text
}

var expansions sync.Map // of IN (:ids), by query and number

func expanded(query string, n int) string {
	type key struct {
		query string
		n     int
	}
	if known, ok := expansions.Load(key{query, n}); ok {
		return known.(string)
	}
	names := make([]string, n)
	for i := range names {
		names[i] = ":id" + strconv.Itoa(i)
	}
	text := strings.Replace(query, ":ids", strings.Join(names, ", "), 1)
	expansions.Store(key{query, n}, text)
	return text
}
