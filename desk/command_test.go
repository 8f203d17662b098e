package desk

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode"
)

func TestSplitCommands(t *testing.T) {
	tests := []struct {
		name, words string
		cmds        []string // "line verb arguments"
		rest        string
	}{
		{"words only", "Hello Kim,\n\nit works now.", nil, "Hello Kim,\n\nit works now."},
		{"nothing", "", nil, ""},
		{"blank lines", "\n \n\t\n", nil, ""},
		{"at the end", "It works now.\n\n/spent 45m\n/resolve", []string{"3 spent 45m", "4 resolve "}, "It works now."},
		{"at the start", "/spent 45m\n\nIt works now.", []string{"1 spent 45m"}, "It works now."},
		{"at both", "/note\nHe is upset.\n/spent 5m", []string{"1 note ", "3 spent 5m"}, "He is upset."},
		{"blank lines between them", "\n\n/spent 45m\n\n/wait\n\nWhich version?\n\n\n/assign eve\n\n", []string{"3 spent 45m", "5 wait ", "10 assign eve"}, "Which version?"},
		{"only commands", "/spent 45m\n/close", []string{"1 spent 45m", "2 close "}, ""},
		{"in the middle they are text", "Please enter\n/close\nand press return.", nil, "Please enter\n/close\nand press return."},
		{"a line in the middle does not reach the end", "Enter\n/close\nthen wait.\n/wait", []string{"4 wait "}, "Enter\n/close\nthen wait."},
		{"a path is text", "Look at\n/var/log/x", nil, "Look at\n/var/log/x"},
		{"a path with a space is text", "/var/log x", nil, "/var/log x"},
		{"a word with a digit is text", "/close2", nil, "/close2"},
		{"a lone slash is text", "/", nil, "/"},
		{"two slashes are text", "//close", nil, "//close"},
		{"a web address is text", "https://desk.example/close", nil, "https://desk.example/close"},
		{"with a colon it is one to refuse", "/note: he is upset", []string{"1 note: "}, ""},
		{"in bold it is one to refuse", "He is upset.\n*/note*", []string{"2 note: "}, "He is upset."},
		{"letters outside of ASCII are text", "/schließen\n/сlose", nil, "/schließen\n/сlose"},
		{"a word that is no command is one to refuse", "Done.\n/finish", []string{"2 finish "}, "Done."},
		{"any case", "/SPENT 45M", []string{"1 spent 45M"}, ""},
		{"indented", "Done.\n   /spent \t 45m   on it ", []string{"2 spent 45m on it"}, "Done."},
		{"spaces that do not break", "Done.\n\u00a0/spent\u00a045m\u2003on\u00a0it", []string{"2 spent 45m on it"}, "Done."},
		{"marks without width", "Done.\n\u200b/wait\ufeff", []string{"2 wait "}, "Done."},
		{"line ends of Windows", "Done.\r\n/spent 45m\r\n", []string{"2 spent 45m"}, "Done."},
		{"a fenced block is text", "Run\n```\n/close\n```", nil, "Run\n```\n/close\n```"},
		{"a quoted line is text", "> /close", nil, "> /close"},
		{"a list's line is text", "- /close", nil, "- /close"},
		{"below a closing it is found, above it it is text", "/wait\nBest\n/spent 5m\nEve", []string{"1 wait "}, "Best\n/spent 5m\nEve"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cmds, rest := splitCommands(tt.words)
			var got []string
			for _, c := range cmds {
				got = append(got, fmt.Sprintf("%d %s %s", c.Line, c.Verb, c.Args))
			}
			if !slices.Equal(got, tt.cmds) {
				t.Errorf("commands %q, want %q", got, tt.cmds)
			}
			if rest = strings.TrimSpace(rest); rest != tt.rest {
				t.Errorf("words %q, want %q", rest, tt.rest)
			}
		})
	}
}

func TestParseMinutes(t *testing.T) {
	const no = -1 << 20
	tests := []struct {
		in   string
		want int
	}{
		{"45m", 45}, {"45 m", 45}, {"45min", 45}, {"1h 30m", 90}, {"1h30m", 90}, {"1h", 60}, {"2 h", 120}, {"1:30", 90}, {"0:05", 5},
		{"1.5h", 90}, {"1,5h", 90}, {"1.25 h", 75}, {"0.1h", 6}, {"90", 90}, {"0", 0}, {"0m", 0}, {"45M", 45}, {"1H", 60}, {" 45m ", 45},
		{"-15m", -15}, {"-1:30", -90}, {"-90", -90}, {"100h", 6000}, {"6000", 6000},
		{"", no}, {"-", no}, {"h", no}, {"m", no}, {"h m", no}, {"1.5", no}, {"1:60", no}, {"1:3", no}, {"1:30h", no}, {"45x", no}, {"45s", no},
		{"1d", no}, {"--15m", no}, {"+15m", no}, {"–15m", no}, {"−15m", no}, {"1e2", no}, {"0x10", no}, {"٤٥m", no}, {"４５m", no}, {"45m\n/close", no},
		{"100h 1m", no}, {"6001", no}, {"99999", no}, {"9999999999999999999", no}, {"9999h 99999m", no}, {"-6001", no}, {"1.555h", no}, {"1h 1h", no},
	}
	for _, tt := range tests {
		got, ok := parseMinutes(tt.in)
		if !ok {
			got = no
		}
		if got != tt.want {
			t.Errorf("%q is %d minutes, want %d", tt.in, got, tt.want)
		}
	}
}

func TestSpentArgs(t *testing.T) {
	tests := []struct {
		in      string
		minutes int
		what    string
		ok      bool
	}{
		{"45m", 45, "", true},
		{"45m on the phone", 45, "on the phone", true},
		{"1h 30m the import", 90, "the import", true},
		{"1h30m the import", 90, "the import", true},
		{"1:30 the import", 90, "the import", true},
		{"1.5h the import", 90, "the import", true},
		{"90 the import", 90, "the import", true},
		{"-15m I was wrong", -15, "I was wrong", true},
		{"2 h the import", 120, "the import", true},
		{"45m 2 servers", 45, "2 servers", true},
		{"10 dashboards", 10, "dashboards", true},
		{"", 0, "", false},
		{"the import", 0, "", false},
		{"the import 45m", 0, "", false},
		{"45mon the phone", 0, "", false},
		{"1.5 the import", 0, "", false},
		{"1h30", 0, "", false},
		{"two hours", 0, "", false},
		{"2 hours", 0, "", false},
		{"2 Hours on the phone", 0, "", false},
		{"1 hour 30 minutes", 0, "", false},
		{"45 minutes", 0, "", false},
		{"2 Stunden", 0, "", false},
		{"2 days", 0, "", false},
		{"1h 30", 0, "", false},
		{"1h 30 on the phone", 0, "", false},
		{"101h", 0, "", false},
	}
	for _, tt := range tests {
		minutes, what, ok := spentArgs(tt.in)
		if ok != tt.ok || ok && (minutes != tt.minutes || what != tt.what) {
			t.Errorf("%q is %d minutes, %q, %v; want %d, %q, %v", tt.in, minutes, what, ok, tt.minutes, tt.what, tt.ok)
		}
	}
}

func TestParseRange(t *testing.T) {
	tests := []struct {
		in     string
		lo, hi int64
		ok     bool
	}{
		{"3", 3, 3, true}, {"2-3", 2, 3, true}, {"2 - 3", 2, 3, true}, {"2–3", 2, 3, true}, {"2 to 3", 2, 3, true}, {"2-2", 2, 2, true},
		{"999999", 999999, 999999, true},
		{"", 0, 0, false}, {"0", 0, 0, false}, {"0-3", 0, 0, false}, {"3-2", 0, 0, false}, {"-3", 0, 0, false}, {"2-", 0, 0, false},
		{"1.5", 0, 0, false}, {"2-3-4", 0, 0, false}, {"3 credits", 0, 0, false}, {"three", 0, 0, false}, {"1000000", 0, 0, false},
		{"1h", 0, 0, false}, {"３", 0, 0, false},
	}
	for _, tt := range tests {
		lo, hi, ok := parseRange(tt.in)
		if ok != tt.ok || ok && (lo != tt.lo || hi != tt.hi) {
			t.Errorf("%q is %d-%d, %v; want %d-%d, %v", tt.in, lo, hi, ok, tt.lo, tt.hi, tt.ok)
		}
	}
}

// Every command is listed in /help with a form that the desk takes.
func TestHelpShowsFormsThatWork(t *testing.T) {
	for _, v := range verbs {
		cmds, rest := splitCommands(strings.ReplaceAll(strings.ReplaceAll(v.form, "NAME", "eve"), "[what you did]", "the import"))
		if len(cmds) != 1 || rest != "" || cmds[0].Verb != v.name {
			t.Errorf("%q is read as %v and %q", v.form, cmds, rest)
		}
		if formOf(v.name) != v.form {
			t.Errorf("%q has no form", v.name)
		}
	}
}

// FuzzCommands: whatever is written, the commands are lines of it, and no letter of the other lines is lost.
func FuzzCommands(f *testing.F) {
	for _, s := range []string{"Done.\n/spent 45m\n/resolve", "/note\nx\n/close", "/var/log\n/x", "\u200b/wait\u00a0", "/spent -1h 30m", "/estimate 2–3", "```\n/close\n```", "\r\n/a\r"} {
		f.Add(s)
	}
	letters := func(s string) string {
		return strings.Map(func(r rune) rune {
			if unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) {
				return -1
			}
			return r
		}, s)
	}
	f.Fuzz(func(t *testing.T, words string) {
		words = strings.ToValidUTF8(words, "?") // as reading a mail leaves it
		cmds, rest := splitCommands(words)
		lines := strings.Split(words, "\n")
		last := 0
		for _, c := range cmds {
			if c.Line <= last || c.Line > len(lines) || letters(lines[c.Line-1]) != letters(c.Text) {
				t.Fatalf("line %d of %q is no %q", c.Line, words, c.Text)
			}
			if verb := strings.TrimSuffix(c.Verb, ":"); verb == "" || strings.Trim(verb, "abcdefghijklmnopqrstuvwxyz") != "" {
				t.Fatalf("%q of %q is a verb", c.Verb, words)
			}
			lines[c.Line-1], last = "", c.Line
			if minutes, _, ok := spentArgs(c.Args); ok && (minutes > maxMinutes || minutes < -maxMinutes) {
				t.Fatalf("%q is %d minutes", c.Args, minutes)
			}
			if lo, hi, ok := parseRange(c.Args); ok && (lo < 1 || hi < lo) {
				t.Fatalf("%q is %d to %d credits", c.Args, lo, hi)
			}
		}
		if got, want := letters(rest), letters(strings.Join(lines, "\n")); got != want {
			t.Fatalf("of %q the words %q are left, want %q", words, got, want)
		}
	})
}
