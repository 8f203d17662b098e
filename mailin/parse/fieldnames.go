package parse

import (
	"fmt"
	"strings"
	"sync"
)

// Programs give themselves away by fields of their own, of which there are more than anybody can list. What they have in common are their
// names: each maker's begin alike, and responders and bulk senders call a thing by its name, as in X-Acme-Autoreply. A program that sends
// for people too, such as a desk's or a shop's mail service, has no place here.

// A maker is the kind of program that the name of a field gives away.
type maker int

const (
	ofResponder maker = iota
	ofBulk
	ofSystem
	makers
)

var fieldNames = [makers]struct {
	begin []string // of the name, behind its X-
	hold  []string // anywhere in it
}{
	ofResponder: {hold: []string{"autoreply", "auto-reply", "auto_reply", "autorespon", "auto-respon"}},
	ofBulk: {
		begin: []string{"list-", "listm", "lists", "listn", "beenthere", "mailman", "mailing-list", "mlserver", "ml-name", "ml-count", "mlmmj", "ecartis", "google-group-id", "egroups-", "mc-user", "roving-",
			"phplist", "emv-", "emarsys", "nl2go", "sfmc-", "kmail-", "klaviyo", "cleverreach", "mw-", "inxmail", "elq", "mktmailid", "mktarchive", "marketo", "iterable", "getresponse", "mailpoet"},
		hold: []string{"campaign", "newsletter", "unsubscribe", "subscriber", "listserv", "mailinglist", "bulkmail", "massmail"},
	},
	ofSystem: {begin: []string{"github-", "gitlab-", "gitea-", "forgejo-", "gerrit-", "phabricator-", "launchpad-", "bugzilla-", "redmine-", "trac-", "mantis-", "debian-pr-", "jira-",
		"jenkins-", "hudson-", "teamcity-", "travis-", "circleci-", "buildbot", "sentry-", "pagerduty", "opsgenie", "nagios", "zabbix", "grafana", "servicenow-", "asterisk-", "discourse-",
		"facebook", "twitter", "linkedin-"}},
}

// notInName are words in names that are about such mail: X-Auto-Response-Suppress stands on a person's.
var notInName = []string{"suppress", "no-auto", "noauto", "inhibit", "disable", "prevent", "ignore"}

// fieldNameWords are the words of all the tables, to tell at once that a name has none.
var fieldNameWords = sync.OnceValues(func() (*headSet, *wordSet) {
	begin := &headSet{width: 1}
	var hold []word
	for _, names := range fieldNames {
		begin.words = append(begin.words, names.begin...)
		for _, w := range names.hold {
			hold = append(hold, word{text: w})
		}
	}
	begin.build()
	return begin, newWordSet(hold)
})

// readNames looks at the names of the fields for what they tell.
func (e *evidence) readNames() {
	begin, hold := fieldNameWords()
	for i := range e.h.fields {
		f := &e.h.fields[i]
		if len(f.name) < 4 || f.name[0]|0x20 != 'x' || f.name[1] != '-' {
			continue
		}
		rest := f.name[2:]
		if !begin.begins(rest) && !hold.some(rest) || !says(strings.ToLower(strings.TrimSpace(f.value))) {
			continue
		}
		rest = strings.ToLower(rest)
		if holdsAny(rest, notInName) {
			continue
		}
		for k := range makers {
			if e.madeBy[k] == "" && (beginsWithAny(rest, fieldNames[k].begin) || holdsAny(rest, fieldNames[k].hold)) {
				e.madeBy[k] = fmt.Sprintf("%s: %s", clip(f.name, 60), clip(oneLine(strings.ToLower(f.value)), 80))
			}
		}
	}
}

func beginsWithAny(s string, words []string) bool {
	for _, w := range words {
		if strings.HasPrefix(s, w) {
			return true
		}
	}
	return false
}

func holdsAny(s string, words []string) bool {
	for _, w := range words {
		if strings.Contains(s, w) {
			return true
		}
	}
	return false
}

// nameSign is found when the name of a field tells so.
func nameSign(k maker) sign {
	return seenIn(func(e *evidence) string {
		if !e.namesRead {
			e.namesRead = true
			e.readNames()
		}
		return e.madeBy[k]
	})
}
