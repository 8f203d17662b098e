package policy

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// A Mistake is one thing wrong with a file that an operator wrote: where it stands, what is there, and what should be. It never holds
// the value of a secret.
type Mistake struct {
	File         string
	Line, Column int    // from 1, the column in characters
	Path         string // of keys, such as classes.installation.estimate; list elements count from 1
	Found, Want  string
}

// String puts the mistake on one line, in the form that editors know how to jump to.
func (m Mistake) String() string {
	path := ""
	if m.Path != "" {
		path = m.Path + ": "
	}
	return fmt.Sprintf("%s:%d:%d: %sfound %s, expected %s", m.File, m.Line, m.Column, path, m.Found, m.Want)
}

// Mistakes are all of a file's, in the order of its lines. A pointer to them is what Read and its like return as an error.
type Mistakes []Mistake

// Error prints one mistake a line.
func (ms Mistakes) Error() string {
	lines := make([]string, len(ms))
	for i, m := range ms {
		lines[i] = m.String()
	}
	return strings.Join(lines, "\n")
}

// A Notice is something right that this version does not do: the file may say it, and nobody is to believe that it is done.
type Notice struct {
	File         string
	Line, Column int
	Path         string
}

// String puts the notice on one line.
func (n Notice) String() string {
	return fmt.Sprintf("%s:%d:%d: %s: not yet in this version", n.File, n.Line, n.Column, n.Path)
}

// sort puts mistakes into the order of the files and of their lines.
func (d *document) sort(ms Mistakes) {
	file := func(name string) int {
		return slices.IndexFunc(d.sources, func(s *sourceFile) bool { return s.file == name })
	}
	slices.SortStableFunc(ms, func(a, b Mistake) int {
		return cmp.Or(cmp.Compare(file(a.File), file(b.File)), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
}

// notYet records that this version does not do what stands there.
func (v value) notYet() {
	if v.given() {
		v.later = append(v.later, Notice{v.from(v.node).file, v.node.Line, v.node.Column, v.path})
	}
}

// didYouMean adds the nearest of the options to what was expected, where one is near.
func didYouMean(word string, options []string) string {
	best, least := "", min(3, len(word)/2+1)
	for _, o := range options {
		if d := distance(strings.ToLower(word), o); d < least {
			best, least = o, d
		}
	}
	if best == "" {
		return ""
	}
	return " (did you mean " + best + "?)"
}

// distance counts the letters to add, drop, change or swap with their neighbour on the way from a to b. Words are short here; of longer
// ones only the beginning counts.
func distance(a, b string) int {
	x, y := []rune(a), []rune(b)
	x, y = x[:min(len(x), 40)], y[:min(len(y), 40)]
	rows := make([][]int, len(x)+1)
	for i := range rows {
		rows[i] = make([]int, len(y)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(x); i++ {
		for j := 1; j <= len(y); j++ {
			change := rows[i-1][j-1]
			if x[i-1] != y[j-1] {
				change++
			}
			d := min(change, rows[i-1][j]+1, rows[i][j-1]+1)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				d = min(d, rows[i-2][j-2]+1)
			}
			rows[i][j] = d
		}
	}
	return rows[len(x)][len(y)]
}
