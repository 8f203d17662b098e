package desk

import "testing"

func TestNearest(t *testing.T) {
	for _, tt := range []struct{ name, word, want string }{
		{"a letter missing", "spnt", "spent"},
		{"two letters swapped", "sepnt", "spent"},
		{"a letter too many", "assingn", "assign"},
		{"another ending", "resolved", "resolve"},
		{"a longer ending", "closing", ""},
		{"like none", "payout", ""},
		{"short words are not guessed", "hi", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := nearest(tt.word); got != tt.want {
				t.Errorf("nearest(%q) = %q, want %q", tt.word, got, tt.want)
			}
		})
	}
}
