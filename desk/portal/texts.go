package portal

import (
	"embed"
	"fmt"
	"path"
	"strings"
	"sync"
	"time"

	"github.com/postdesk/postdesk/templates"
)

//go:embed texts
var textFiles embed.FS

// texts are the catalogues of the pages by language: files of lines "key: text", in which %s stands for a value. A language whose file is
// not there is not offered.
var texts = sync.OnceValue(func() map[string]map[string]string {
	all := map[string]map[string]string{}
	names, err := textFiles.ReadDir("texts")
	if err != nil {
		panic(fmt.Sprintf("portal: its own texts: %v", err)) // embedded
	}
	for _, n := range names {
		raw, err := textFiles.ReadFile(path.Join("texts", n.Name()))
		if err != nil {
			panic(fmt.Sprintf("portal: its own texts: %v", err))
		}
		all[strings.TrimSuffix(n.Name(), ".txt")] = catalogue(string(raw))
	}
	return all
})

// catalogue reads a file of texts. A line that begins with # is for translators.
func catalogue(raw string) map[string]string {
	all := map[string]string{}
	for line := range strings.Lines(raw) {
		key, s, ok := strings.Cut(strings.TrimSpace(line), ": ")
		if ok && !strings.HasPrefix(key, "#") {
			all[key] = strings.TrimSpace(s)
		}
	}
	return all
}

// text puts values into a text. A key that is missing is an error, which a test finds for every page and language.
func text(of map[string]string, lang, key string, values ...any) (string, error) {
	s, ok := of[key]
	if !ok {
		return "", fmt.Errorf("no text %q in language %s", key, lang)
	}
	if len(values) == 0 {
		return s, nil
	}
	for i, v := range values {
		if said, ok := v.(interface{ In(string) string }); ok {
			values[i] = said.In(lang)
		}
	}
	return fmt.Sprintf(s, values...), nil
}

// short is a moment without its weekday and its zone, for lists and the heads of messages. A deadline is written in full.
func short(of map[string]string, lang string, m templates.Moment) (string, error) {
	zone := m.Zone
	if zone == nil {
		zone = time.UTC
	}
	t := m.T.In(zone)
	months := strings.Fields(of["months"])
	if len(months) != 12 {
		return "", fmt.Errorf("%d months in language %s", len(months), lang)
	}
	return text(of, lang, "short_moment", t.Day(), months[t.Month()-1], t.Year(), t.Hour(), t.Minute())
}
