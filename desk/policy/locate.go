package policy

import (
	"strings"

	"go.yaml.in/yaml/v4"
)

// locate finds the place in the file of a place inside of a text, both as line and column from 1. YAML folds lines, takes out
// indentation and knows escapes, so the text is laid beside the source, letter by letter.
func (v value) locate(line, column int) (int, int) {
	text := []rune(v.node.Value)
	target := 0
	for i := 1; i < line && target < len(text); target++ {
		if text[target] == '\n' {
			i++
		}
	}
	target = min(target+column-1, len(text))

	at := v.start()
	for i := 0; i < target; i++ {
		at = v.past(at, text[i])
	}
	if target < len(text) {
		at = v.skip(at, text[target])
	}
	return at.line + 1, at.column + 1
}

// cutByComment tells whether the text stands without quotes and was cut off at a # that was meant to be part of it.
func (v value) cutByComment() bool {
	return v.node.Style == 0 && v.node.LineComment != "" && strings.Count(v.node.Value, "(") > strings.Count(v.node.Value, ")")
}

// A spot is a place in the source, from 0.
type spot struct{ line, column int }

// start is where the text begins: behind the quote, or on the line below the sign of a block.
func (v value) start() spot {
	at := spot{v.node.Line - 1, v.node.Column - 1}
	switch {
	case v.node.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		return spot{at.line + 1, 0}
	case v.node.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) != 0:
		at.column++
	}
	return at
}

// rest is what stands on the spot's line from it on; ok is false past the end of the file.
func (v value) rest(at spot) (rest []rune, ok bool) {
	lines := v.from(v.node).lines
	if at.line >= len(lines) {
		return nil, false
	}
	line := []rune(strings.TrimSuffix(lines[at.line], "\r"))
	return line[min(at.column, len(line)):], true
}

// skip goes over what the source has and the text has not: indentation, the ends of folded lines.
func (v value) skip(at spot, r rune) spot {
	for {
		rest, ok := v.rest(at)
		switch {
		case !ok:
			return at
		case len(rest) == 0:
			if r == '\n' || r == ' ' {
				return at
			}
			at = spot{at.line + 1, 0}
		case rest[0] != r && (rest[0] == ' ' || rest[0] == '\t'):
			at.column++
		default:
			return at
		}
	}
}

// past is the spot behind one letter of the text.
func (v value) past(at spot, r rune) spot {
	at = v.skip(at, r)
	rest, ok := v.rest(at)
	if !ok {
		return at
	}
	if len(rest) == 0 {
		next := spot{at.line + 1, 0}
		if line, ok := v.rest(next); ok { // its indentation is no part of the text
			next.column = len(line) - len([]rune(strings.TrimLeft(string(line), " \t")))
		}
		return next
	}
	width := 1
	switch {
	case v.node.Style&yaml.SingleQuotedStyle != 0 && r == '\'':
		width = 2
	case v.node.Style&yaml.DoubleQuotedStyle != 0 && rest[0] == '\\' && len(rest) > 1:
		width = map[rune]int{'x': 4, 'u': 6, 'U': 10}[rest[1]]
		if width == 0 {
			width = 2
		}
	}
	return spot{at.line, at.column + width}
}
