package message

import (
	"encoding/binary"
	"errors"
	"strings"
	"testing"
	"time"
)

var now = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

func testRing() *Keyring {
	return &Keyring{
		Keys: []Key{
			{ID: 2, Secret: []byte("a secret of thirty-two bytes, 2.")},
			{ID: 1, Secret: []byte("a secret of thirty-two bytes, 1."), Retired: now.AddDate(0, 0, -30)},
		},
		Epoch: "first",
	}
}

func TestTokenComesBack(t *testing.T) {
	r := testRing()
	tests := []struct {
		name string
		tok  Token
	}{
		{"reply", Token{PurposeReply, 123, 0}},
		{"estimate", Token{PurposeEstimate, 123, 2}},
		{"staff", Token{PurposeStaff, 1, 0}},
		{"note", Token{PurposeNote, 70_000, 0}},
		{"bounce of a busy desk", Token{PurposeBounce, 9_000_000, 90_000_000}},
		{"the highest numbers", Token{PurposeReply, 1<<63 - 1, 1<<63 - 1}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := r.Mint(tt.tok, "kim@cust.example")
			got, err := r.Read(s, now)
			if err != nil || got.Token != tt.tok || got.Old || got.KeyID != 2 {
				t.Errorf("Read(%q) = %+v, %v, want %+v", s, got, err, tt.tok)
			}
			if !r.For(s, "Kim@Cust.example") {
				t.Error("it is not for the address that it was made for")
			}
			if len(s) > maxTokenLen {
				t.Errorf("%q has %d characters", s, len(s))
			}
			if again := r.Mint(tt.tok, "KIM@cust.example"); again != s {
				t.Errorf("made again it is %q, want %q", again, s)
			}
		})
	}
	if s := r.Mint(Token{PurposeReply, 5000, 0}, "kim@cust.example"); len(s) > 34 {
		t.Errorf("a usual token has %d characters", len(s))
	}
}

func TestT021OneCharacterChanged(t *testing.T) {
	r := testRing()
	for ticket := range int64(300) { // several lengths, and with them several numbers of spare bits
		s := r.Mint(Token{PurposeReply, ticket, 0}, "kim@cust.example")
		for i := range s {
			for _, c := range "abz27018-" {
				if changed := s[:i] + string(c) + s[i+1:]; changed != s {
					if claim, err := r.Read(changed, now); err == nil {
						t.Fatalf("%q instead of %q is read as %+v", changed, s, claim)
					}
					if r.For(changed, "kim@cust.example") {
						t.Fatalf("%q instead of %q is for the same recipient", changed, s)
					}
				}
			}
		}
	}
}

func TestT021WhatIsWrong(t *testing.T) {
	r := testRing()
	s := r.Mint(Token{PurposeReply, 5, 0}, "kim@cust.example")

	other := testRing()
	other.Keys[0].ID = 9
	unknown := other.Mint(Token{PurposeReply, 5, 0}, "kim@cust.example")
	other = testRing()
	other.Keys[0].Secret = []byte("another secret")
	forged := other.Mint(Token{PurposeReply, 5, 0}, "kim@cust.example")

	// The number 5 in two bytes, with a MAC that is right.
	long := append([]byte{2, byte(PurposeReply), 0x85, 0x00, 0x00}, make([]byte, recipientLen)...)
	long = append(long, hash(&r.Keys[0], r.Epoch, "token", long, "")[:macLen]...)

	tests := []struct {
		name, token string
		want        error
	}{
		{"ours", s, nil},
		{"empty", "", ErrMalformed},
		{"a word", "sales", ErrMalformed},
		{"cut to almost nothing", s[:20], ErrMalformed},
		{"line end inside", s[:8] + "\r\n" + s[8:], ErrMalformed},
		{"padding", s + "=", ErrMalformed},
		{"very long", strings.Repeat("a", 1<<20), ErrMalformed},
		{"a number with a long form", encoding.EncodeToString(long), ErrMalformed},
		{"another desk's key", unknown, ErrUnknownKey},
		{"another desk's secret", forged, ErrForged},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := r.Read(tt.token, now)
			if !errors.Is(err, tt.want) || (err == nil) != (tt.want == nil) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
}

func TestT021CutOrLonger(t *testing.T) {
	r := testRing()
	s := r.Mint(Token{PurposeReply, 5, 0}, "kim@cust.example")
	for i := range s {
		for _, changed := range []string{s[:i], s[i+1:], s + s[:i+1]} {
			if claim, err := r.Read(changed, now); err == nil {
				t.Errorf("%q instead of %q is read as %+v", changed, s, claim)
			}
		}
	}
}

func TestT021WrongRecipient(t *testing.T) {
	r := testRing()
	s := r.Mint(Token{PurposeReply, 5, 0}, "kim@cust.example")
	for _, addr := range []string{"lee@cust.example", "kim+x@cust.example", "\u212Aim@cust.example", "kim@cust.example\n", ""} {
		if r.For(s, addr) {
			t.Errorf("the token of kim@cust.example is for %q", addr)
		}
	}
	if r.For("", "") {
		t.Error("no token is for nobody")
	}
}

func TestT021PurposesAreApart(t *testing.T) {
	r := testRing()
	s := r.Mint(Token{PurposeReply, 5, 0}, "kim@cust.example")
	b, err := encoding.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	b[1] = byte(PurposeStaff)
	if claim, err := r.Read(encoding.EncodeToString(b), now); !errors.Is(err, ErrForged) {
		t.Errorf("a reply token made into a staff token is read as %+v, %v", claim, err)
	}
}

func TestT022UpperCase(t *testing.T) {
	r := testRing()
	addr := WithToken("support@desk.example", r.Mint(Token{PurposeReply, 5, 0}, "kim@cust.example"))
	got, ok := TokenOf(strings.ToUpper(addr), "support@desk.example")
	if !ok {
		t.Fatalf("no token in %q", strings.ToUpper(addr))
	}
	for _, s := range []string{got, strings.ToUpper(got)} {
		if claim, err := r.Read(s, now); err != nil || claim.Ticket != 5 || !r.For(s, "KIM@cust.example") {
			t.Errorf("Read(%q) = %+v, %v", s, claim, err)
		}
	}
}

func TestT113RetiredKey(t *testing.T) {
	r := testRing()
	before := &Keyring{Keys: []Key{{ID: 1, Secret: r.Keys[1].Secret}}, Epoch: r.Epoch}
	s := before.Mint(Token{PurposeEstimate, 5, 1}, "kim@cust.example")
	retired := r.Keys[1].Retired
	tests := []struct {
		name string
		now  time.Time
		old  bool
		err  error
	}{
		{"before it was retired", retired.Add(-time.Hour), false, nil},
		{"from that moment", retired, true, nil},
		{"ninety days later", retired.Add(keyLife), true, nil},
		{"after ninety days", retired.Add(keyLife + time.Second), false, ErrExpiredKey},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := r.Read(s, tt.now)
			if got.Old != tt.old || !errors.Is(err, tt.err) || (err == nil) != (tt.err == nil) {
				t.Errorf("got %+v, %v, want old %v, %v", got, err, tt.old, tt.err)
			}
		})
	}
	if !r.For(s, "kim@cust.example") {
		t.Error("a retired key does not know its recipient any more")
	}
}

// After a restore, ticket 5 is another ticket, unless the backup had it: then the token still leads there, and gives no power.
func TestF15RestoredDatabase(t *testing.T) {
	r := testRing()
	s := r.Mint(Token{PurposeReply, 5, 0}, "kim@cust.example")
	restored := testRing()
	restored.Epoch = "second"
	if claim, err := restored.Read(s, now); !errors.Is(err, ErrForged) {
		t.Errorf("the restored desk reads %+v, %v", claim, err)
	}
	if restored.For(s, "kim@cust.example") {
		t.Error("the restored desk knows the recipient")
	}
	restored.Former = []Former{{r.Epoch, 4}}
	if claim, err := restored.Read(s, now); !errors.Is(err, ErrLost) {
		t.Errorf("from a backup with 4 tickets it reads %+v, %v", claim, err)
	}
	restored.Former = []Former{{"first of all", 1}, {r.Epoch, 5}}
	if claim, err := restored.Read(s, now); err != nil || !claim.Old || claim.Ticket != 5 {
		t.Errorf("from a backup with 5 tickets it reads %+v, %v", claim, err)
	}
	if !restored.For(s, "kim@cust.example") || restored.For(s, "ann@acme.example") {
		t.Error("it does not know whom the token was made for")
	}
	if fresh := restored.Mint(Token{PurposeReply, 5, 0}, "kim@cust.example"); fresh == s {
		t.Error("it makes the tokens of the other epoch")
	}
}

// The hash decides, not the number: what is right for one ticket says nothing about another.
func TestF16HashOfAnotherTicket(t *testing.T) {
	r := testRing()
	mine, err := encoding.DecodeString(r.Mint(Token{PurposeReply, 5, 0}, "kim@cust.example"))
	if err != nil {
		t.Fatal(err)
	}
	for ticket := range uint64(1000) {
		if ticket == 5 {
			continue
		}
		b := binary.AppendUvarint([]byte{mine[0], mine[1]}, ticket)
		b = append(b, mine[3:]...)
		s := encoding.EncodeToString(b)
		if claim, err := r.Read(s, now); err == nil {
			t.Fatalf("the hash of ticket 5 opens %+v", claim)
		}
		if r.For(s, "kim@cust.example") {
			t.Fatalf("the recipient of ticket 5 is that of ticket %d", ticket)
		}
	}

	seen := map[string]int64{}
	for ticket := range int64(20_000) {
		s := r.Mint(Token{PurposeReply, ticket, 0}, "kim@cust.example")
		if first, ok := seen[s]; ok {
			t.Fatalf("tickets %d and %d have one token", first, ticket)
		}
		seen[s] = ticket
	}
}

func TestTokenOf(t *testing.T) {
	token := testRing().Mint(Token{PurposeReply, 5, 0}, "kim@cust.example")
	tests := []struct {
		name, addr, base string
		want             string
	}{
		{"ours", "support+" + token + "@desk.example", "support@desk.example", token},
		{"of a base with a tag", "support+eu+" + token + "@desk.example", "support+eu@desk.example", token},
		{"another mailbox of ours", "sales+" + token + "@desk.example", "support@desk.example", ""},
		{"a longer name", "mysupport+" + token + "@desk.example", "support@desk.example", ""},
		{"another domain", "support+" + token + "@evil.example", "support@desk.example", ""},
		{"another tag", "support+sales@desk.example", "support@desk.example", ""},
		{"no tag", "support@desk.example", "support@desk.example", ""},
		{"no address", "", "support@desk.example", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := TokenOf(tt.addr, tt.base)
			if ok != (tt.want != "") || ok && got != tt.want {
				t.Errorf("TokenOf(%q, %q) = %q, %v, want %q", tt.addr, tt.base, got, ok, tt.want)
			}
		})
	}
}

func TestTokenOfID(t *testing.T) {
	r := testRing()
	token := r.Mint(Token{PurposeEstimate, 5, 2}, "kim@cust.example")
	id := NewID(token, "20260302.0001", "desk.example")
	if again := ParseIDs(id.Header()); len(again) != 1 || again[0] != id {
		t.Fatalf("%q comes back as %q", id, again)
	}
	tests := []struct {
		name string
		id   ID
		ok   bool
	}{
		{"ours", id, true},
		{"in capitals", ID(strings.ToUpper(string(id))), true},
		{"another domain", NewID(token, "1", "evil.example"), false},
		{"no dot", ID(token + "@desk.example"), false},
		{"no token", "20260302.1@desk.example", false},
		{"no id", "", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got, ok := TokenOfID(tt.id, "Desk.example"); ok != tt.ok || ok && got != token {
				t.Errorf("TokenOfID(%q) = %q, %v, want %v", tt.id, got, ok, tt.ok)
			}
		})
	}
}

func TestMintNeedsAKey(t *testing.T) {
	for _, r := range []*Keyring{{}, {Keys: []Key{{ID: 1}}}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%+v mints a token that nothing signs", r)
				}
			}()
			r.Mint(Token{PurposeReply, 5, 0}, "kim@cust.example")
		}()
		if _, err := r.Read(testRing().Mint(Token{PurposeReply, 5, 0}, "kim@cust.example"), now); !errors.Is(err, ErrUnknownKey) {
			t.Errorf("without a key: %v", err)
		}
	}
}

func FuzzRead(f *testing.F) {
	r := testRing()
	f.Add(r.Mint(Token{PurposeReply, 5, 0}, "kim@cust.example"))
	f.Add(strings.Repeat("a", 32))
	f.Add("sales")
	f.Fuzz(func(t *testing.T, s string) {
		claim, err := r.Read(s, now)
		if err != nil {
			if r.For(s, "kim@cust.example") {
				t.Errorf("%q is for somebody, but %v", s, err)
			}
			return
		}
		if claim.KeyID == r.Keys[0].ID && r.For(s, "kim@cust.example") && r.Mint(claim.Token, "kim@cust.example") != lowerASCII(s) {
			t.Errorf("%q is a second spelling of a token", s)
		}
	})
}
