package parse

import (
	"strings"
	"unicode"

	"github.com/abadojack/whatlanggo"
)

// spoken are the languages of the desk (M9).
var spoken = map[whatlanggo.Lang]string{
	whatlanggo.Eng: "en", whatlanggo.Deu: "de", whatlanggo.Spa: "es", whatlanggo.Fra: "fr",
	whatlanggo.Nld: "nl", whatlanggo.Ita: "it", whatlanggo.Rus: "ru", whatlanggo.Pol: "pl",
}

var onlySpoken = func() whatlanggo.Options {
	o := whatlanggo.Options{Whitelist: map[whatlanggo.Lang]bool{}}
	for lang := range spoken {
		o.Whitelist[lang] = true
	}
	return o
}()

const (
	minLetters    = 20  // of a text whose language can be told
	minConfidence = 0.3 // below it the guess among our languages was wrong at times
	sampleText    = 4 << 10
)

// language is the ISO 639-1 code of the text among the desk's languages, "" when it is too short to tell or surely another one.
func language(text string) string {
	text = clip(text, sampleText)
	letters := 0
	for _, r := range text {
		if unicode.IsLetter(r) {
			letters++
		}
	}
	if letters < minLetters || len(strings.Fields(text)) < 3 {
		return ""
	}
	if any := whatlanggo.Detect(text); any.IsReliable() && spoken[any.Lang] == "" {
		return ""
	}
	info := whatlanggo.DetectWithOptions(text, onlySpoken)
	if info.Confidence < minConfidence {
		return ""
	}
	return spoken[info.Lang]
}
