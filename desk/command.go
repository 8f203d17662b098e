package desk

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/postdesk/postdesk/templates"
)

// A command is one line of a staff mail that the desk carries out (S2).
type command struct {
	Line int    // in the new words, from 1
	Text string // as written
	Verb string // without the slash, lower case
	Args string // what follows, white space folded
}

// A CommandError says which line of a staff mail cannot be carried out, and how to put it.
type CommandError struct {
	Line  int
	Text  string
	Wrong templates.Remark // what is wrong with it, in the language of whoever reads it
	Want  string           // such as "/spent 45m"; "" where no other way to put it would do
}

func (e *CommandError) Error() string {
	s := fmt.Sprintf("line %d, %q: %s", e.Line, e.Text, e.Wrong.In("en"))
	if e.Want != "" {
		s += "; write it as " + e.Want
	}
	return s
}

// A verb is a command that the desk knows.
type verb struct {
	name    string
	form    string // how to put it, the same in all languages
	meaning templates.Phrase
}

// verbs are the commands of this version, in the order in which /help shows them.
var verbs = []verb{
	{"spent", "/spent 45m", templates.HelpSpent},
	{"estimate", "/estimate 2-3", templates.HelpEstimate},
	{"assign", "/assign NAME", templates.HelpAssign},
	{"note", "/note", templates.HelpNote},
	{"wait", "/wait", templates.HelpWait},
	{"resolve", "/resolve", templates.HelpResolve},
	{"close", "/close", templates.HelpClose},
	{"reopen", "/reopen", templates.HelpReopen},
	{"forward", "/forward ADDRESS", templates.HelpForward},
	{"invite", "/invite ADDRESS", templates.HelpInvite},
	{"remove", "/remove ADDRESS", templates.HelpRemove},
	{"class", "/class NAME", templates.HelpClass},
	{"queue", "/queue NAME", templates.HelpQueue},
	{"priority", "/priority high", templates.HelpPriority},
	{"remind", "/remind 2d", templates.HelpRemind},
	{"merge", "/merge 123", templates.HelpMerge},
	{"link", "/link 123", templates.HelpLink},
	{"split", "/split", templates.HelpSplit},
	{"spam", "/spam", templates.HelpSpam},
	{"release", "/release 31", templates.HelpRelease},
	{"join", "/join 31 123", templates.HelpJoin},
	{"discard", "/discard 31", templates.HelpDiscard},
	{"help", "/help", templates.HelpHelp},
}

// later are commands that a version to come will carry out: what they are for, such as sanctions or the goods of a marketplace, is not here.
var later = []string{"status", "shipped", "vague", "abuse", "pardon", "ban"}

// formOf is how to put a command, "" for a word that is none.
func formOf(name string) string {
	for _, v := range verbs {
		if v.name == name {
			return v.form
		}
	}
	return ""
}

// nearest is the command that a mistyped word most likely means, "" when it is like none: at most two letters wrong, swapped, missing or
// too many, and no two commands as near.
func nearest(word string) string {
	best, found := 3, ""
	for _, v := range verbs {
		switch d := distance(word, v.name); {
		case d < best && d < len(v.name)-1:
			best, found = d, v.name
		case d == best:
			found = ""
		}
	}
	return found
}

// distance counts the letters to change, add or take away between two short words.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

// commandLine is a slash and letters only: a path such as /var/log/x is text ("Commands" of MISSION.md).
var commandLine = regexp.MustCompile(`^/([A-Za-z]+)(?:\s+(.*))?$`)

// almostCommand is a line that somebody meant for a command: in bold or in quotes, with another slash, a space behind that, or a mark
// behind the word.
var almostCommand = regexp.MustCompile(`^[/／\\⁄∕]\s?([A-Za-z]+)\s*(?:[:;,.!?–—-].*)?$`)

// nearCommand reads a line that is no command and was meant for one. As text it would go to the customer, and what was to stay inside
// with it, so it is a command that nobody knows: the colon behind its verb is in no list (T034, T079).
func nearCommand(n int, line string) (command, bool) {
	m := almostCommand.FindStringSubmatch(strings.Trim(line, "*_`'\"“”„‘’«» "))
	if m == nil || formOf(strings.ToLower(m[1])) == "" {
		return command{}, false
	}
	return command{n, line, strings.ToLower(m[1]) + ":", ""}, true
}

// splitCommands takes the block of command lines at the start and at the end of the new words, and returns the words between. A
// command line anywhere else is text.
func splitCommands(words string) (cmds []command, rest string) {
	lines := strings.Split(strings.TrimRight(words, "\n"), "\n")
	read := func(i int) (command, bool) {
		line := plain(lines[i])
		m := commandLine.FindStringSubmatch(line)
		if m == nil {
			return nearCommand(i+1, line)
		}
		return command{i + 1, line, strings.ToLower(m[1]), strings.Join(strings.Fields(m[2]), " ")}, true
	}
	from, to := 0, len(lines)
	for i := 0; i < len(lines); i++ {
		if plain(lines[i]) == "" {
			continue
		}
		c, ok := read(i)
		if !ok {
			break
		}
		cmds, from = append(cmds, c), i+1
	}
	var tail []command
	for i := len(lines) - 1; i >= from; i-- {
		if plain(lines[i]) == "" {
			continue
		}
		c, ok := read(i)
		if !ok {
			break
		}
		tail, to = append(tail, c), i
	}
	slices.Reverse(tail)
	return append(cmds, tail...), strings.Trim(strings.Join(lines[from:to], "\n"), " \t\n")
}

// plain is a line as its writer sees it: mail programs put spaces that do not break, and marks that have no width, where somebody typed
// an ordinary space or nothing.
func plain(line string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.Is(unicode.Cf, r):
			return -1
		}
		return r
	}, line))
}

var (
	hoursMinutes = regexp.MustCompile(`^(?:(\d{1,4})\s*h)?\s*(?:(\d{1,5})\s*m(?:in)?)?$`)
	clockForm    = regexp.MustCompile(`^(\d{1,4}):([0-5]\d)$`)
	decimalHours = regexp.MustCompile(`^(\d{1,4})[.,](\d{1,2})\s*h$`)
	bareMinutes  = regexp.MustCompile(`^\d{1,5}$`)
	durationHead = regexp.MustCompile(`^-?(?:\d+:\d+|\d+[.,]\d+\s*h|\d+\s*h(?:\s*\d+\s*m(?:in)?)?|\d+\s*m(?:in)?|\d+)(?:\s|$)`)
	// What stands behind a time and makes another one of it: "2 hours" is not two minutes of something called hours, nor "1h 30" an hour.
	otherUnit  = regexp.MustCompile(`(?i)^(?:h|hrs?|hours?|mins|minutes?|s|secs?|seconds?|d|days?|w|weeks?|std|stunden?|minuten?|tage?n?|wochen?)\b`)
	loneNumber = regexp.MustCompile(`^\d+(?:\s|$)`)
)

// maxMinutes is the most that one /spent may record: more is a slip of the key.
const maxMinutes = 100 * 60

// parseMinutes reads a duration in one of the forms of MISSION.md: 45m, 1h 30m, 1:30, 1.5h, 90. A leading minus takes time back.
func parseMinutes(s string) (int, bool) {
	s = strings.ToLower(strings.TrimSpace(s))
	sign := 1
	if rest, ok := strings.CutPrefix(s, "-"); ok {
		s, sign = rest, -1
	}
	atoi := func(s string) int { n, _ := strconv.Atoi(s); return n } // the expressions let nothing but a few digits through
	minutes := 0
	switch {
	case bareMinutes.MatchString(s):
		minutes = atoi(s)
	case clockForm.MatchString(s):
		m := clockForm.FindStringSubmatch(s)
		minutes = atoi(m[1])*60 + atoi(m[2])
	case decimalHours.MatchString(s):
		m := decimalHours.FindStringSubmatch(s)
		hundredths := atoi((m[2] + "0")[:2])
		minutes = atoi(m[1])*60 + (hundredths*60+50)/100
	case s != "" && hoursMinutes.MatchString(s):
		m := hoursMinutes.FindStringSubmatch(s)
		minutes = atoi(m[1])*60 + atoi(m[2])
	default:
		return 0, false
	}
	if minutes > maxMinutes {
		return 0, false
	}
	return sign * minutes, true
}

// spentArgs parts "45m on the phone" into minutes and what was done.
func spentArgs(args string) (minutes int, what string, ok bool) {
	head := durationHead.FindString(args)
	if head == "" {
		return 0, "", false
	}
	minutes, ok = parseMinutes(head)
	what = strings.TrimSpace(args[len(head):])
	if otherUnit.MatchString(what) || strings.Contains(head, "h") && loneNumber.MatchString(what) {
		return 0, "", false
	}
	return minutes, what, ok
}

var rangeForm = regexp.MustCompile(`^(\d{1,6})(?:\s*(?:-|–|to)\s*(\d{1,6}))?$`)

// parseRange reads "3" or "2-3", credits.
func parseRange(s string) (lo, hi int64, ok bool) {
	m := rangeForm.FindStringSubmatch(s)
	if m == nil {
		return 0, 0, false
	}
	lo, _ = strconv.ParseInt(m[1], 10, 64)
	hi = lo
	if m[2] != "" {
		hi, _ = strconv.ParseInt(m[2], 10, 64)
	}
	return lo, hi, lo >= 1 && hi >= lo
}
