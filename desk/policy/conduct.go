package policy

import (
	"slices"
	"strings"
)

// Conduct are the rules of communication (C). Criticism, however sharp, is none of their business.
type Conduct struct {
	Languages  []string            // whose lexicons are asked; empty: none, and staff alone tell
	Words      map[string][]string // beside the lexicons, by language
	Allowed    []string            // words of the lexicons that are none here
	Moderators []string            // staff; all with the role unless named
	Warnings   int                 // before a ban
	Ban        Ban
	Places     []string // where an offence may have happened
}

// A Ban is what follows the last warning.
type Ban struct {
	Days    int      // 0: until an apology that a moderator accepts
	Effects []string // of BanEffects
	Auto    bool     // without a moderator's yes
}

// BanEffects are what a ban may close.
var BanEffects = []string{"sign_in", "support", "tickets"}

func readConduct(v value, desk Desk, staff []*Staff) *Conduct {
	if !v.given() {
		return nil
	}
	m := v.fields("languages", "words", "allowed", "moderators", "warnings", "ban", "places")
	c := &Conduct{
		Languages: Languages, Words: map[string][]string{}, Warnings: int(m.key("warnings").whole(1, 1, 10)),
		Allowed: each(m.key("allowed"), value.word),
		Places:  []string{"mail"},
		Ban:     Ban{Days: 14, Effects: []string{"support"}},
	}
	if l := m.key("languages"); l.given() {
		c.Languages = each(l, func(v value) (string, bool) { s := v.language(""); return s, s != "" })
	}
	for _, e := range m.key("words").entries("languages, each with its words") {
		if !slices.Contains(Languages, e.name) {
			m.key("words").at(e.key, e.name).mistake("an unknown language", "one of "+strings.Join(Languages, ", "))
			continue
		}
		c.Words[e.name] = each(e.value, value.word)
	}
	c.Moderators = each(m.key("moderators"), func(v value) (string, bool) { return v.person(staff, Moderator, "") })
	if !m.key("moderators").given() {
		for _, s := range staff {
			if s.Has(Moderator) {
				c.Moderators = append(c.Moderators, s.ID)
			}
		}
		if len(staff) > 0 && len(c.Moderators) == 0 {
			v.mistake("nobody who decides over bans", "moderators: NAME, or staff with the role moderator")
		}
	}
	if b := m.key("ban"); b.given() {
		bm := b.fields("days", "effects", "auto")
		c.Ban.Days, c.Ban.Auto = int(bm.key("days").whole(14, 0, 3660)), bm.key("auto").yes(false)
		if e := bm.key("effects"); e.given() {
			c.Ban.Effects = each(e, func(v value) (string, bool) { s := v.oneOf("", BanEffects...); return s, s != "" })
		}
		b.notYet()
	}
	if p := m.key("places"); p.given() {
		c.Places = each(p, func(v value) (string, bool) { s := v.name("a place"); return s, s != "" })
		p.notYet()
	}
	m.key("warnings").notYet()
	m.key("moderators").notYet()
	if desk.Contact == "" {
		v.mistake("no desk.contact", "one: whoever is not satisfied can always ask for it, also when he is banned")
	}
	return c
}

// word is one word, or a few, of a lexicon.
func (v value) word() (string, bool) {
	s := strings.ToLower(v.line(""))
	return s, s != ""
}

// name is one that people type.
func (v value) name(what string) string {
	s, _ := parsed(v, "", what+" of small letters, digits, - and _", func(s string) (string, error) {
		if !isName(s) {
			return "", errNoName
		}
		return s, nil
	})
	return s
}
