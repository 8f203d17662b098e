package main

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/postdesk/postdesk/desk/policy"
	"github.com/postdesk/postdesk/templates"
)

// checkTemplates tries the operator's own mails.
func (k *checker) checkTemplates() {
	folder := k.policy.Desk.Templates
	if folder == "" {
		return
	}
	const what = "templates"
	_, err := openTemplates(folder)
	var mistakes templates.Mistakes
	if errors.As(err, &mistakes) {
		for _, m := range mistakes {
			k.tell(fail, what, m.String(), "")
		}
		return
	}
	if err != nil {
		k.tell(fail, what, err.Error(), "")
		return
	}
	yours := templates.Overridden(os.DirFS(folder))
	files := 0
	for _, name := range slices.Sorted(maps.Keys(yours)) {
		files += len(yours[name])
		var ours []string
		for _, lang := range policy.Languages {
			if !slices.Contains(yours[name], lang) {
				ours = append(ours, lang)
			}
		}
		if len(ours) > 0 && name != "parts" {
			k.tell(warn, what, fmt.Sprintf("%s is yours in %s; who reads %s gets ours", name, strings.Join(yours[name], " "), strings.Join(ours, " ")),
				fmt.Sprintf("postdesk template show %s --language %s prints one to translate", name, ours[0]))
		}
	}
	k.tell(fine, what, fmt.Sprintf("%s of your own in %s", count(files, "mail", "mails"), folder), "")
}
