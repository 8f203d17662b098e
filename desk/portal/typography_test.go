package portal

import (
	"regexp"
	"strings"
	"testing"
)

// Each language has its own quotation marks and apostrophe; French sets a no-break space before what stands high, and inside its marks.
func TestTypography(t *testing.T) {
	marks := map[string]string{"de": "„“", "en": "“”", "es": "«»", "fr": "«»", "it": "«»", "nl": "“”", "pl": "„”", "ru": "«»"}
	others := regexp.MustCompile(`["„“”«»]`)
	french := regexp.MustCompile(`[^\x{a0}\s/\d][:;?!»]|« | [:;?!»]|«[^\x{a0}]`)
	for lang, all := range texts() {
		if marks[lang] == "" {
			t.Errorf("no marks of %s are known here", lang)
		}
		for key, text := range all {
			for _, mark := range others.FindAllString(text, -1) {
				if !strings.Contains(marks[lang], mark) {
					t.Errorf("%s: %s has the mark %s, want %s", lang, key, mark, marks[lang])
				}
			}
			if strings.Contains(text, "'") {
				t.Errorf("%s: %s has a typewriter's apostrophe: %q", lang, key, text)
			}
			if at := french.FindString(text); lang == "fr" && at != "" && key != "short_moment" {
				t.Errorf("%s: %s has %q in %q, want a no-break space", lang, key, at, text)
			}
		}
	}
}
