package templates

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// columns is where lines of text end, as RFC 3676 (4.2) advises: there is room for some levels of quoting.
const columns = 72

// maxLabel is the widest label that moves the column of all facts in a list. Longer ones get a line of their own.
const maxLabel = 24

// hardBlank stands for a blank at which a line must not end, as within a command or inside « ». Values hold no control
// characters, so it cannot come from one.
const hardBlank = "\x00"

// renderText writes a mail as plain text. Words keep the lines they came with, everything else is wrapped.
func renderText(doc []block, vs *values) string {
	p := plain{vs}
	return strings.Join(p.blocks(doc, columns), "\n") + "\n"
}

type plain struct{ vs *values }

// maxPreview is how much of a mail a list of mails has room for, in characters.
const maxPreview = 140

// preview is what the mail says first, after its greeting, on one line: a warning, else, where it is asked for, the first words quoted.
func (p plain) preview(doc []block, quoted bool) string {
	for i, b := range doc {
		warned := slices.ContainsFunc(doc[:i], func(b block) bool { _, ok := b.(warning); return ok })
		if q, ok := b.(quote); quoted && !warned && ok && len(q.blocks) == 1 {
			if v, ok := q.blocks[0].(verbatim); ok {
				return line(p.vs.all[v.value], maxPreview)
			}
		}
	}
	for i, b := range doc {
		var lines []string
		switch b := b.(type) {
		case paragraph, verbatim:
			lines = p.block(b, columns)
		case warning:
			lines = p.blocks(b.blocks, columns)
		}
		s := line(strings.Join(lines, " "), maxPreview)
		if greeting := i == 0 && strings.HasSuffix(s, ","); s != "" && !greeting {
			return s
		}
	}
	return ""
}

// blocks returns lines of at most width columns, with an empty one between two blocks.
func (p plain) blocks(all []block, width int) []string {
	var lines []string
	for _, b := range all {
		ls := p.block(b, width)
		if len(ls) > 0 && len(lines) > 0 {
			lines = append(lines, "")
		}
		lines = append(lines, ls...)
	}
	return lines
}

func (p plain) block(b block, width int) []string {
	switch b := b.(type) {
	case paragraph:
		return wrap(p.runs(b.runs), width)
	case heading:
		lines := wrap(p.runs(b.runs), width)
		longest := 0
		for _, l := range lines {
			longest = max(longest, utf8.RuneCountInString(l))
		}
		return append(lines, strings.Repeat("-", longest))
	case quote:
		return prefix(p.blocks(b.blocks, width-2), "> ", "> ")
	case warning:
		return prefix(p.blocks(b.blocks, width-2), "! ", "! ")
	case list:
		return p.list(b, width)
	case facts:
		return p.facts(b.facts, width)
	case code:
		var lines []string
		for _, l := range b.lines {
			lines = append(lines, "    "+p.vs.fill(l))
		}
		return lines
	case verbatim:
		if s := p.vs.all[b.value]; s != "" {
			return strings.Split(s, "\n")
		}
		return nil
	case button:
		return wrap(p.runs([]run{b.link}), width)
	case rule:
		return []string{strings.Repeat("-", 24)}
	}
	return nil
}

func (p plain) list(l list, width int) []string {
	var lines []string
	roomy := false
	for _, item := range l.items {
		roomy = roomy || len(item) > 1
	}
	for i, item := range l.items {
		if roomy && i > 0 {
			lines = append(lines, "")
		}
		mark := "- "
		if l.ordered {
			mark = strconv.Itoa(i+1) + ". "
		}
		indent := strings.Repeat(" ", len(mark))
		lines = append(lines, prefix(p.blocks(item, width-len(mark)), mark, indent)...)
	}
	return lines
}

// facts puts labels into one column and what they say into the next.
func (p plain) facts(all []fact, width int) []string {
	labels := make([]string, len(all))
	column := 0
	for i, f := range all {
		labels[i] = p.vs.fill(f.label.text)
		if !f.command {
			labels[i] += ":"
		}
		if w := utf8.RuneCountInString(labels[i]); w <= maxLabel {
			column = max(column, w)
		}
	}
	indent := strings.Repeat(" ", column+2)
	var lines []string
	for i, f := range all {
		value := wrap(p.runs(f.value), width-len(indent))
		if room := column - utf8.RuneCountInString(labels[i]); room >= 0 {
			lines = append(lines, prefix(value, labels[i]+indent[:room+2], indent)...)
		} else {
			lines = append(append(lines, labels[i]), prefix(value, indent, indent)...)
		}
	}
	return lines
}

// runs joins runs to a text without styles. A link is followed by where it leads.
func (p plain) runs(all []run) string {
	var b strings.Builder
	for _, r := range all {
		s := strings.ReplaceAll(p.vs.fill(r.text), "\u00a0", hardBlank)
		if r.style&monospace != 0 {
			s = strings.ReplaceAll(s, " ", hardBlank)
		}
		b.WriteString(s)
		if target, ok := p.vs.target(r.href); ok && target != s {
			colon := ":"
			if p.vs.lang.colon != "" {
				colon = strings.ReplaceAll(p.vs.lang.colon, "\u00a0", hardBlank)
			}
			b.WriteString(colon + " " + target)
		}
	}
	return b.String()
}

// wrap breaks s at blanks, so that lines have at most width characters where their words allow it.
func wrap(s string, width int) []string {
	var lines []string
	for para := range strings.SplitSeq(s, "\n") {
		var b strings.Builder
		used := 0
		for word := range strings.FieldsSeq(para) {
			n := utf8.RuneCountInString(word)
			switch {
			case used > 0 && used+1+n > width:
				lines = append(lines, b.String())
				b.Reset()
				used = 0
			case used > 0:
				b.WriteByte(' ')
				used++
			}
			b.WriteString(word)
			used += n
		}
		if used > 0 {
			lines = append(lines, b.String())
		}
	}
	for i := range lines {
		lines[i] = strings.ReplaceAll(lines[i], hardBlank, " ")
	}
	return lines
}

// prefix starts the first line with first and the others with rest. No line ends in a blank of the prefix.
func prefix(lines []string, first, rest string) []string {
	out := make([]string, len(lines))
	for i, l := range lines {
		out[i] = first + l
		if l == "" {
			out[i] = strings.TrimRight(first, " ")
		}
		first = rest
	}
	return out
}
