package templates

import (
	"errors"
	"flag"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"unicode/utf8"
)

var update = flag.Bool("update", false, "rewrite testdata/*.want")

func newSet(t testing.TB) *Set {
	t.Helper()
	s, err := New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// dataFor returns the one of the two that the mail is made from.
func dataFor(name string, c *Customer, s *Staff) any {
	if audiences[name] == toStaff {
		return s
	}
	return c
}

// What people get, to be read by people: a changed file is reviewed like a changed page.
func TestMails(t *testing.T) {
	set := newSet(t)
	for _, lang := range set.Languages() {
		for golden, change := range goldens {
			t.Run(golden+"."+lang, func(t *testing.T) {
				name, _, _ := strings.Cut(golden, "-")
				c, s := anna(t, lang), bo(t, lang)
				if change != nil {
					change(t, lang, c, s)
				}
				m, err := set.Render(name, lang, dataFor(name, c, s))
				if err != nil {
					t.Fatal(err)
				}
				got := "Subject: " + m.Subject + "\n\n" + m.Text
				file := filepath.Join("testdata", golden+"."+lang+".want")
				if *update {
					if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
						t.Fatal(err)
					}
				}
				want, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				if got != string(want) {
					t.Errorf("%s differs (-update rewrites it); got\n%s", file, got)
				}
			})
		}
	}
}

// Every mail has a golden file, and what stands there is fit to be sent.
func TestMailsAreWhole(t *testing.T) {
	set := newSet(t)
	for _, lang := range set.Languages() {
		for _, name := range set.Names() {
			if _, ok := goldens[name]; !ok {
				t.Errorf("%s: no golden file", name)
			}
			for what, data := range map[string]any{
				"full":    dataFor(name, fullCustomer(), fullStaff()),
				"minimal": dataFor(name, &Customer{Number: 1}, &Staff{Number: 1}),
			} {
				m, err := set.Render(name, lang, data)
				if err != nil {
					t.Errorf("%s %s %s: %v", name, lang, what, err)
					continue
				}
				for _, bad := range []string{"<no value>", "<nil>", "{{", "}}", "%!", "**", "  \n", " ,", "::"} {
					if strings.Contains(m.Subject+"\n"+m.Text, bad) {
						t.Errorf("%s %s %s: holds %q:\n%s", name, lang, what, bad, m.Text)
					}
				}
				for l := range strings.Lines(m.Text) {
					if n := utf8.RuneCountInString(strings.TrimSuffix(l, "\n")); n > columns && !strings.Contains(l, "https://") {
						t.Errorf("%s %s %s: line of %d columns: %q", name, lang, what, n, l)
					}
				}
			}
		}
	}
}

// All mails about a ticket have one subject, so that clients which group by it show one conversation: those to the customer one that
// stands after what he wrote, and those that hand the ticket to staff. What asks staff for something else says so after the tag.
func TestOneSubjectForATicket(t *testing.T) {
	set := newSet(t)
	for _, tt := range []struct {
		lang, subject, customer, staff string
	}{
		{"en", "Import stops", "Re: Import stops [#7]", "[#7] Import stops"},
		{"de", "Import bricht ab", "Re: Import bricht ab [#7]", "[#7] Import bricht ab"},
		{"en", "", "Re: Your request [#7]", "[#7] (no subject)"},
		{"es", "", "Re: Su solicitud [#7]", "[#7] (sin asunto)"},
		{"fr", "", "Re: Votre demande [#7]", "[#7] (sans objet)"},
		{"it", "", "Re: La Sua richiesta [#7]", "[#7] (senza oggetto)"},
		{"nl", "", "Re: Uw aanvraag [#7]", "[#7] (zonder onderwerp)"},
		{"pl", "", "Re: Państwa zgłoszenie [#7]", "[#7] (bez tematu)"},
		{"ru", "", "Re: Ваше обращение [#7]", "[#7] (без темы)"},
		{"de", "", "Re: Ihre Anfrage [#7]", "[#7] (ohne Betreff)"},
	} {
		for _, name := range set.Names() {
			c, s := fullCustomer(), fullStaff()
			c.Number, c.Subject, s.Number, s.Subject = 7, tt.subject, 7, tt.subject
			m, err := set.Render(name, tt.lang, dataFor(name, c, s))
			if err != nil {
				t.Fatal(err)
			}
			switch {
			case name == "acknowledgement_unverified", name == "aside": // repeat nothing, not even the subject
			case slices.Contains(ticketless, name):
			case audiences[name] == toCustomer && m.Subject != tt.customer:
				t.Errorf("%s %s: subject %q, want %q", name, tt.lang, m.Subject, tt.customer)
			case slices.Contains(handsOver, name) && m.Subject != tt.staff:
				t.Errorf("%s %s: subject %q, want %q", name, tt.lang, m.Subject, tt.staff)
			case audiences[name] == toStaff && !slices.Contains(handsOver, name) && !strings.Contains(m.Subject, ": "):
				t.Errorf("%s %s: subject %q does not say what it is for", name, tt.lang, m.Subject)
			}
		}
	}
}

func TestEmbeddedFilesAreMails(t *testing.T) {
	for _, lang := range codes() {
		files, err := embedded.ReadDir("mails/" + lang)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, f := range files {
			got = append(got, strings.TrimSuffix(f.Name(), ".md"))
		}
		want := append(slices.Collect(maps.Keys(audiences)), partsFile)
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("mails/%s has %v, want %v", lang, got, want)
		}
	}
}

// THREATS G7: staff's data does not get into a customer's mail, by type and by value.
func TestMailsKeepToTheirReaders(t *testing.T) {
	set := newSet(t)
	for _, tt := range []struct {
		what, name string
		data       any
	}{
		{"customer mail from staff data", "reply", fullStaff()},
		{"staff mail from customer data", "assigned", fullCustomer()},
		{"data by value", "reply", *fullCustomer()},
		{"a map", "reply", map[string]any{"Number": 1}},
		{"nothing", "reply", nil},
		{"a nil customer", "reply", (*Customer)(nil)},
		{"a nil engineer", "assigned", (*Staff)(nil)},
	} {
		if m, err := set.Render(tt.name, "en", tt.data); err == nil {
			t.Errorf("%s: got a mail %q, want an error", tt.what, m.Subject)
		}
	}

	internal := reflect.TypeFor[InternalText]()
	var look func(path string, ty reflect.Type)
	look = func(path string, ty reflect.Type) {
		switch {
		case ty == internal:
			t.Errorf("%s holds internal text", path)
		case ty.PkgPath() != internal.PkgPath() && ty.Name() != "":
			// Of the standard library.
		case ty.Kind() == reflect.Struct:
			for i := range ty.NumField() {
				look(path+"."+ty.Field(i).Name, ty.Field(i).Type)
			}
		case ty.Kind() == reflect.Pointer || ty.Kind() == reflect.Slice || ty.Kind() == reflect.Map:
			look(path, ty.Elem())
		}
	}
	look("Customer", reflect.TypeFor[Customer]())

	vs := &values{lang: languageOf("en"), audience: toCustomer}
	if _, err := vs.put(InternalText("between us")); err == nil {
		t.Error("internal text was put into a mail to a customer")
	}
}

// THREATS, the acknowledgement to an unverified sender: nothing of the mail comes back.
func TestUnverifiedAcknowledgementRepeatsNothing(t *testing.T) {
	set := newSet(t)
	for _, lang := range set.Languages() {
		full, err := set.Render("acknowledgement_unverified", lang, fullCustomer())
		if err != nil {
			t.Fatal(err)
		}
		bare, err := set.Render("acknowledgement_unverified", lang, &Customer{Desk: fullCustomer().Desk, Number: 123})
		if err != nil {
			t.Fatal(err)
		}
		if full != bare {
			t.Errorf("%s: differs by the sender's data:\n%s\n%s", lang, full.Text, bare.Text)
		}
	}
}

// Staff are warned of a sender who is not proven (THREATS, levels), and of one nobody looked at.
func TestBanner(t *testing.T) {
	set := newSet(t)
	for _, tt := range []struct {
		level, from string
		want        bool
	}{
		{"X", "Anna", true}, {"A0", "Anna", true}, {"", "Anna", true}, {"a2", "Anna", true},
		{"A1s", "Anna", false}, {"A1", "Anna", false}, {"A2", "Anna", false}, {"A3", "Anna", false},
		{"", "", false}, // nobody wrote
	} {
		for _, name := range []string{"assigned", "new_words", "unassigned", "estimate_needed"} {
			m, err := set.Render(name, "en", &Staff{Number: 1, From: tt.from, Level: tt.level})
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Contains(m.Text, "! The sender is not proven."); got != tt.want {
				t.Errorf("%s from %q at level %q: warning %t, want %t", name, tt.from, tt.level, got, tt.want)
			}
		}
	}
}

func TestTextAlone(t *testing.T) {
	whole, alone := newSet(t), newSet(t)
	alone.TextAlone = true
	for _, name := range []string{"estimate", "assigned"} {
		data := dataFor(name, anna(t, "de"), bo(t, "de"))
		want, err := whole.Render(name, "de", data)
		if err != nil {
			t.Fatal(err)
		}
		got, err := alone.Render(name, "de", data)
		if want.HTML == "" || err != nil || got != (Mail{Subject: want.Subject, Text: want.Text}) {
			t.Errorf("%s: got %+v, %v; want the same subject and text, and no HTML", name, got, err)
		}
	}
}

func TestUnknownNames(t *testing.T) {
	set := newSet(t)
	for _, tt := range []struct{ name, lang string }{
		{"replly", "en"}, {"reply", "tlh"}, {"", "en"}, {"reply", ""}, {partsFile, "en"}, {"../en/reply", "en"},
	} {
		if _, err := set.Render(tt.name, tt.lang, fullCustomer()); err == nil {
			t.Errorf("Render(%q, %q): no error", tt.name, tt.lang)
		}
	}
}

func TestPick(t *testing.T) {
	for _, tt := range []struct {
		what string
		want []string
		pick string
	}{
		{"the first we write", []string{"de", "en"}, "de"},
		{"not the ones we do not", []string{"tlh", "", "de"}, "de"},
		{"region aside", []string{"de-AT"}, "de"},
		{"underscore and case aside", []string{"DE_ch"}, "de"},
		{"no near miss", []string{"den"}, "en"},
		{"English in the end", nil, "en"},
	} {
		if got := Pick(tt.want...); got != tt.pick {
			t.Errorf("%s: Pick(%q) = %q, want %q", tt.what, tt.want, got, tt.pick)
		}
	}
}

func TestOverride(t *testing.T) {
	set, err := New(fstest.MapFS{
		"README.md":   {Data: []byte("Our own mails.")},
		"en/reply.md": {Data: []byte("\ufeffSubject: Re: {{.Subject}}\r\n\r\nDear {{.Name}},\r\n\r\n{{.Words}}\r\n")},
	})
	if err != nil {
		t.Fatal(err)
	}
	m, err := set.Render("reply", "en", &Customer{Subject: "Rows", Name: "Anna", Words: "Done."})
	if err != nil {
		t.Fatal(err)
	}
	if want := "Re: Rows"; m.Subject != want {
		t.Errorf("subject %q, want %q", m.Subject, want)
	}
	if want := "Dear Anna,\n\nDone.\n"; m.Text != want {
		t.Errorf("text %q, want %q", m.Text, want)
	}
	other, err := set.Render("reply", "de", &Customer{Number: 7, Words: "Fertig."})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(other.Text, "zurückschreiben") {
		t.Errorf("the German reply is not the embedded one: %q", other.Text)
	}
}

func TestOverrideMistakes(t *testing.T) {
	for _, tt := range []struct{ what, file, src, want string }{
		{"a name that no mail has", "en/replly.md", "Subject: x\n\ny", "en/replly.md"},
		{"a language that we do not write", "xx/reply.md", "Subject: x\n\ny", "xx/reply.md"},
		{"no language", "reply.md", "Subject: x\n\ny", "reply.md"},
		{"an action that is not closed", "en/reply.md", "Subject: x\n\n{{if .Name}}y", "en/reply.md:3"},
		{"a field that there is not", "en/reply.md", "Subject: x\n\ny\n{{.Nmae}}", "en/reply.md:4"},
		{"a field that is not always there", "de/estimate.md", "Subject: x\n\n{{.Estimate.Max}}", "de/estimate.md:3: {{.Estimate.Max}}: it is not always there"},
		{"a value that cannot be printed", "en/reply.md", "Subject: x\n\n{{.Promised}}", "en/reply.md:3: .Promised is yes or no, which cannot be printed"},
		{"a number that may not be there", "en/reply.md", "Subject: x\n\n{{.Balance}}", "en/reply.md:3: .Balance is a number that may not be there"},
		{"a list", "en/reply.md", "Subject: x\n\n{{.Kept}}", "en/reply.md:3: .Kept is a list, which cannot be printed"},
		{"a field of the staff's in a mail to customers", "en/reply.md", "Subject: x\n\n{{.Words}}{{.Note}}", "en/reply.md:3: {{.Note}}: there is no field Note here"},
		{"a field where no try leads", "en/awaiting_reminder.md", "Subject: x\n\ny\n{{if eq .Awaiting \"nothing\"}}\n{{.Custmer}}{{end}}",
			"en/awaiting_reminder.md:5: {{.Custmer}}: there is no field Custmer here"},
		{"a field of a field", "en/reply.md", "Subject: x\n\ny\n{{with .Spent}}{{.Total}}{{end}}", "en/reply.md:4: {{.Total}}: there is no field Total here"},
		{"a field of a number", "en/reply.md", "Subject: x\n\n{{.Number.Of}}", "en/reply.md:3: {{.Number.Of}}: a number has no fields"},
		{"a field in a list", "en/assigned.md", "Subject: x\n\ny\n{{range .History}}{{.Words}}{{end}}", "en/assigned.md:4: {{.Words}}: there is no field Words"},
		{"a slip in a field", "en/reply.md", "Subject: x\n\n{{.Sujbect}}", "the nearest is Subject"},
		{"a moment that is not there", "en/reply.md", "Subject: x\n\n{{.Resolution}}", "with"},
		{"a function that there is not", "en/reply.md", "Subject: x\n\n{{shout .Name}}", "en/reply.md:3: there is no function \"shout\""},
		{"a part that there is not", "en/reply.md", "Subject: x\n\n{{template \"hug\" .}}", "en/reply.md:3: there is no part \"hug\""},
		{"the printer by its name", "en/reply.md", "Subject: x\n\n{{" + printer + " .Name}}", printer},
		{"too few forms of a noun", "en/reply.md", "Subject: x\n\n{{plural 2 \"day\"}}", "forms"},
		{"no subject", "en/reply.md", "Hello,\n\ny", "Subject"},
		{"no empty line", "en/reply.md", "Subject: x\ny", "Subject"},
		{"two subjects", "en/reply.md", "Subject: x\nSubject: y\n\nz", "Subject"},
		{"no text", "en/reply.md", "Subject: x\n\n{{if not .Words}}y{{end}}", "en/reply.md"},
		{"an image", "en/reply.md", "Subject: x\n\n![logo](https://desk.example/l.png)", "Image"},
		{"a placeholder", "en/reply.md", "Subject: x\n\n\U000F0000", "private use"},
		{"a mistake in a shared part", "en/parts.md", "{{define \"greeting\"}}", "en/parts.md"},
	} {
		_, err := New(fstest.MapFS{tt.file: {Data: []byte(tt.src)}})
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error %v, want one with %q", tt.what, err, tt.want)
		}
	}
}

// All mistakes are told at once, each once, in the order of the files.
func TestAllMistakesAreTold(t *testing.T) {
	_, err := New(fstest.MapFS{
		"de/parts.md": {Data: []byte(`{{define "greeting"}}{{.Nmae}}{{end}}`)},
		"en/reply.md": {Data: []byte("Subject: {{.Subjct}}\n\n{{.Wrds}}")},
		"en/rely.md":  {Data: []byte("x")},
	})
	var ms Mistakes
	if !errors.As(err, &ms) {
		t.Fatalf("got %v, want mistakes", err)
	}
	var got []string
	for _, m := range ms {
		s := m.String()
		if strings.HasPrefix(s, "de/") && strings.Contains(s, "there is no part") {
			continue // that file had many more
		}
		got = append(got, s[:strings.LastIndex(s, ": ")])
	}
	want := []string{"de/parts.md:1: {{.Nmae}}", "en/rely.md", "en/reply.md:1: {{.Subjct}}", "en/reply.md:3: {{.Wrds}}"}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// A set takes changed files as a whole, and none of them where one has a mistake.
func TestReload(t *testing.T) {
	folder := fstest.MapFS{"en/reply.md": {Data: []byte("Subject: one\n\n{{.Words}}")}}
	set, err := New(folder)
	if err != nil {
		t.Fatal(err)
	}
	subject := func(want string) {
		t.Helper()
		if m, err := set.Render("reply", "en", &Customer{Words: "x"}); err != nil || m.Subject != want {
			t.Errorf("subject %q, %v, want %q", m.Subject, err, want)
		}
	}
	subject("one")
	folder["en/reply.md"] = &fstest.MapFile{Data: []byte("Subject: two\n\n{{.Words}}")}
	subject("one")
	folder["de/reply.md"] = &fstest.MapFile{Data: []byte("Subject: {{.Oops}}\n\nx")}
	if err := set.Reload(folder); err == nil {
		t.Error("a folder with a mistake was taken")
	}
	subject("one")
	delete(folder, "de/reply.md")
	if err := set.Reload(folder); err != nil {
		t.Error(err)
	}
	subject("two")
	if got := Overridden(folder); len(got) != 1 || !slices.Equal(got["reply"], []string{"en"}) {
		t.Errorf("overridden are %v", got)
	}
	if err := set.Reload(nil); err != nil {
		t.Error(err)
	}
	subject("Re: Your request [#0]")
}

func TestShapesAreBounded(t *testing.T) {
	set := newSet(t)
	tmpl, err := (*set.mails.Load())["en/assigned"]()
	if err != nil {
		t.Fatal(err)
	}
	s := fullStaff()
	for range 3 * maxShapes {
		s.Attachments = append(s.Attachments, "one more.txt")
		m, err := set.Render("assigned", "en", s)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := strings.Count(m.Text, "- one more.txt\n"), len(s.Attachments)-2; got != want {
			t.Fatalf("%d files in the mail, want %d", got, want)
		}
	}
	if n := len(tmpl.shapes); n > maxShapes {
		t.Errorf("%d shapes are kept, want at most %d", n, maxShapes)
	}
}

func TestRenderSideBySide(t *testing.T) {
	set := newSet(t)
	names := []string{"Anna", "Ben", "Chiara", "Dov"}
	done := make(chan string, len(names))
	for _, name := range names {
		go func() {
			for range 50 {
				m, err := set.Render("acknowledgement", "en", &Customer{Number: 1, Name: name})
				if err != nil || !strings.HasPrefix(m.Text, "Hello "+name+",\n") {
					done <- name + " got: " + m.Text
					return
				}
			}
			done <- ""
		}()
	}
	for range names {
		if got := <-done; got != "" {
			t.Error(got)
		}
	}
}

func BenchmarkRender(b *testing.B) {
	set := newSet(b)
	for _, name := range []string{"acknowledgement", "estimate", "assigned"} {
		b.Run(name, func(b *testing.B) {
			data := dataFor(name, fullCustomer(), fullStaff())
			b.ReportAllocs()
			for b.Loop() {
				if _, err := set.Render(name, "en", data); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkNew(b *testing.B) {
	for b.Loop() {
		newSet(b)
	}
}
