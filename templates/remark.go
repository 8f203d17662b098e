package templates

import "fmt"

// A Remark is a phrase with what goes into it. It has no language before somebody reads it: the same remark goes into the journal in
// English and into a mail in its reader's language. The zero Remark says nothing.
type Remark struct {
	phrase Phrase
	values []any
}

// With puts values into a phrase, in the order of its constant's comment: a string, or what has a form in every language, such as Minutes,
// Credits, another Remark or a title of the policy.
func (p Phrase) With(values ...any) Remark { return Remark{p, values} }

// In writes the remark in a language, which Pick chooses.
func (r Remark) In(lang string) string {
	if r.phrase == 0 {
		return ""
	}
	l := languageOf(Pick(lang))
	values := make([]any, len(r.values))
	for i, v := range r.values {
		values[i] = v
		if v, ok := v.(interface{ In(lang string) string }); ok {
			values[i] = v.In(l.code)
		}
	}
	return fmt.Sprintf(l.phrases[r.phrase], values...)
}

// Minutes are a value of a Remark: "45 minutes", "1 h 15 min".
type Minutes int

// In writes the minutes in a language.
func (m Minutes) In(lang string) string { return Span(lang, int(m), "minute") }

// In writes a day in a language.
func (d Day) In(lang string) string { return languageOf(Pick(lang)).formatDay(d) }

// In writes the moment in a language, with its zone; "" where there is none.
func (m Moment) In(lang string) string {
	s, err := languageOf(Pick(lang)).formatMoment(m)
	if err != nil {
		return ""
	}
	return s
}

// In writes the range in a language: "2 credits", "1–3 credits".
func (r Range) In(lang string) string {
	s, err := languageOf(Pick(lang)).creditRange(r)
	if err != nil {
		return fmt.Sprint(r.Max)
	}
	return s
}

// Credits are a value of a Remark: "1 credit", "3 credits".
type Credits int64

// In writes the credits in a language.
func (c Credits) In(lang string) string {
	s, err := languageOf(Pick(lang)).credits(int64(c))
	if err != nil { // a row of languages that lacks a form, which its test finds
		return fmt.Sprint(int64(c))
	}
	return s
}
