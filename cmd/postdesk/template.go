package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/mail"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/message"
	"github.com/postdesk/postdesk/desk/policy"
	"github.com/postdesk/postdesk/mailout"
	"github.com/postdesk/postdesk/templates"
)

type templateCmd struct {
	List    templateListCmd    `cmd:"" help:"List the mails that the desk sends, and which of them are yours."`
	Show    templateShowCmd    `cmd:"" help:"Print our text of a mail, to start your own from."`
	Preview templatePreviewCmd `cmd:"" help:"Show a mail as it would be sent, with sample data."`
}

// A templateFolder is where the operator's own mails are.
type templateFolder struct {
	Policy    string `env:"POSTDESK_POLICY" type:"path" placeholder:"FILE" help:"The policy file, whose desk.templates names the folder with your own mails."`
	Templates string `placeholder:"DIR" help:"That folder itself, where there is no policy yet."`
}

// folder is "" where the operator has no mails of his own.
func (f templateFolder) folder() (string, error) {
	if f.Templates != "" || f.Policy == "" {
		return f.Templates, nil
	}
	p, err := policy.Read(f.Policy)
	if err != nil {
		return "", err
	}
	return p.Desk.Templates, nil
}

type templateListCmd struct {
	templateFolder
	JSON bool `help:"One JSON object a line."`
}

// Help is printed below the usage.
func (templateListCmd) Help() string {
	return `Every mail is one file for each language. A file of the same name in your own folder, which the policy names under desk.templates, stands
in the place of ours: the German reply is de/reply.md. "parts" are the pieces that the mails of a language share.

For example:

    postdesk template list --policy policy.yaml`
}

// A templateLine is one mail of the list.
type templateLine struct {
	Name      string   `json:"name"`
	Audience  string   `json:"audience"`
	Languages []string `json:"languages"`
	Yours     []string `json:"yours"` // the languages in which the operator's own file stands
}

// Run lists the mails.
func (c templateListCmd) Run() error {
	folder, err := c.folder()
	if err != nil {
		return err
	}
	return c.list(folder, os.Stdout)
}

func (c templateListCmd) list(folder string, out io.Writer) error {
	set, err := templates.New(nil)
	if err != nil {
		return err
	}
	yours := map[string][]string{}
	if folder != "" {
		if _, err := os.Stat(folder); err != nil {
			return err
		}
		yours = templates.Overridden(os.DirFS(folder))
	}
	var lines []templateLine
	for _, name := range append(set.Names(), "parts") {
		audience := templates.Audience(name)
		if audience == "" {
			audience = "all"
		}
		lines = append(lines, templateLine{name, audience, set.Languages(), append([]string{}, yours[name]...)})
	}
	if c.JSON {
		return jsonLines(out, lines)
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "NAME\tTO\tLANGUAGES\tYOURS")
	for _, l := range lines {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", l.Name, l.Audience, strings.Join(l.Languages, " "), cmp.Or(strings.Join(l.Yours, " "), "-"))
	}
	return w.Flush()
}

type templateShowCmd struct {
	Name     string `arg:"" help:"The mail's name, as in the list, or parts."`
	Language string `default:"en" help:"One of de, en, es, fr, it, nl, pl, ru."`
}

// Help is printed below the usage.
func (templateShowCmd) Help() string {
	return `Prints the file as it is in this program. What may stand in it is told in docs/templates.md.

For example:

    mkdir -p mails/de && postdesk template show reply --language de > mails/de/reply.md`
}

// Run prints a source.
func (c templateShowCmd) Run() error {
	src, err := templates.Source(c.Language, c.Name)
	if err != nil {
		return err
	}
	_, err = io.WriteString(os.Stdout, src)
	return err
}

type templatePreviewCmd struct {
	templateFolder
	Name     string `arg:"" help:"The mail's name, as in the list."`
	Language string `default:"en" help:"One of de, en, es, fr, it, nl, pl, ru."`
	As       string `enum:"text,html,eml" default:"text" help:"text, html, or eml: a file that mail programs open."`
}

// Help is printed below the usage.
func (templatePreviewCmd) Help() string {
	return `Mistakes in your own files are told first, all of them, each with file and line; the status is then 2.

For example:

    postdesk template preview estimate --language de --policy policy.yaml
    postdesk template preview estimate --as html > estimate.html`
}

// Run prints a preview.
func (c templatePreviewCmd) Run(ctx context.Context) error {
	folder, err := c.folder()
	if err != nil {
		return err
	}
	return c.preview(folder, os.Stdout)
}

func (c templatePreviewCmd) preview(folder string, out io.Writer) error {
	set, err := openTemplates(folder)
	if err != nil {
		return err
	}
	if templates.Audience(c.Name) == "" || !slices.Contains(set.Languages(), c.Language) {
		_, err := templates.Source(c.Language, c.Name)
		if err == nil {
			err = fmt.Errorf("%s is no mail but what mails share: preview one that uses it, such as reply", c.Name)
		}
		return err
	}
	m, err := set.Render(c.Name, c.Language, templates.Sample(c.Name, c.Language))
	if err != nil {
		return err
	}
	switch c.As {
	case "html":
		_, err = io.WriteString(out, m.HTML)
	case "eml":
		err = writePreview(out, c.Name, c.Language, m)
	default:
		_, err = fmt.Fprintf(out, "Subject: %s\n\n%s", m.Subject, m.Text)
	}
	return err
}

// writePreview makes a whole mail, as the sender would.
func writePreview(out io.Writer, name, lang string, m templates.Mail) error {
	to := message.Address{Name: "Anna Muster", Addr: "anna@cust.example"}
	if templates.Audience(name) == "staff" {
		to = message.Address{Name: "Bo", Addr: "bo@desk.example"}
	}
	var b bytes.Buffer
	err := mailout.Compose(&b, &desk.Mail{
		MessageID: message.ID("preview." + name + "." + lang + "@desk.example"),
		From:      message.Address{Name: "Acme Support", Addr: "support@desk.example"}, To: to,
		Subject: m.Subject, Text: m.Text, HTML: m.HTML, Language: lang, Automatic: true,
		At: time.Date(2026, time.November, 23, 9, 0, 0, 0, time.UTC),
	}, nil)
	if err != nil {
		return err
	}
	if _, err := mail.ReadMessage(bytes.NewReader(b.Bytes())); err != nil {
		return fmt.Errorf("preview of %s: %w", name, err)
	}
	_, err = out.Write(b.Bytes())
	return err
}

// openTemplates takes the operator's own templates, where the policy names a folder.
func openTemplates(folder string) (*templates.Set, error) {
	set, err := templates.New(nil)
	if err != nil {
		return nil, err
	}
	return set, reloadTemplates(set, folder)
}

// reloadTemplates takes the folder as it is now. Mistakes in it name the files as the operator would open them.
func reloadTemplates(set *templates.Set, folder string) error {
	if folder == "" {
		return set.Reload(nil)
	}
	err := set.Reload(os.DirFS(folder))
	var ms templates.Mistakes
	if errors.As(err, &ms) {
		for i := range ms {
			ms[i].File = filepath.Join(folder, ms[i].File)
		}
	}
	return err
}

// templateFiles are the files of a folder of templates, in order; what cannot be read is left to whoever reads them.
func templateFiles(folder string) []string {
	var files []string
	if folder == "" {
		return nil
	}
	filepath.WalkDir(folder, func(name string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() && filepath.Ext(name) == ".md" {
			files = append(files, name)
		}
		return nil
	})
	return files
}
