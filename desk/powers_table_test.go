package desk

import (
	"testing"

	"github.com/postdesk/postdesk/desk/message"
)

// TestT001Table compares the table with the one of THREATS.md, written out here a second time: a change of a power is then a change in two
// places, which nobody makes by accident (T120).
func TestT001Table(t *testing.T) {
	want := []struct {
		wish   string
		grants [6]string // X, A0, A1s, A1, A2, A3
	}{
		{"be stored and seen by engineers", [6]string{"held", "unverified", "yes", "yes", "yes", "yes"}},
		{"open a ticket as a known contact", [6]string{"held", "unverified", "yes", "yes", "yes", "yes"}},
		{"get an acknowledgement", [6]string{"no", "fixed text, 1 a day", "yes", "yes", "yes", "yes"}},
		{"join a ticket as participant", [6]string{"held", "unverified", "yes", "yes", "yes", "yes"}},
		{"join as non-participant, with a token", [6]string{"held", "linked", "linked", "held", "yes", "if invited"}},
		{"join as non-participant, without a token", [6]string{"held", "linked", "linked", "linked", "linked", "if invited"}},
		{"add a participant", [6]string{"no", "no", "no", "proposal", "account owner, from now on", "yes"}},
		{"close, reopen", [6]string{"held", "ask", "ask", "yes", "yes", "yes"}},
		{"confirm an estimate up to the limit", [6]string{"held", "link", "link", "link", "yes", "yes"}},
		{"spend above the limit, transfer, refund", [6]string{"no", "link", "link", "link", "link", "owner or billing role"}},
		{"engineer: internal note", [6]string{"held + alert", "no", "no", "notice", "yes", "yes"}},
		{"engineer: public answer, time, status", [6]string{"held + alert", "no", "no", "no", "yes", "yes"}},
		{"roles, rules, ledger fixes, exports", [6]string{"never", "never", "never", "never", "never", "with second factor"}},
		{"relay to the other party", [6]string{"held", "held + notice", "held", "yes", "yes", "yes"}},
	}
	if len(powers) != len(want) {
		t.Errorf("the table has %d wishes, want %d", len(powers), len(want))
	}
	for _, row := range want {
		for i, g := range row.grants {
			level := message.LevelX + message.Level(i)
			if got := may(wish(row.wish), level); string(got) != g {
				t.Errorf("%s at %s: got %q, want %q", row.wish, level, got, g)
			}
		}
	}
	// What the table does not name is refused.
	for _, level := range []message.Level{-1, message.LevelX, message.LevelA3, message.LevelA3 + 1} {
		if got := may("fly", level); got != no {
			t.Errorf("an unknown wish at %s gets %q", level, got)
		}
	}
	for _, level := range []message.Level{-1, message.LevelA3 + 1} {
		if got := may(wishStore, level); got != no {
			t.Errorf("level %d gets %q", level, got)
		}
	}
}
