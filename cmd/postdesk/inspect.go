package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/postdesk/postdesk/desk/message"
	"github.com/postdesk/postdesk/mailin/auth"
	"github.com/postdesk/postdesk/mailin/parse"
)

type inspectCmd struct {
	JSON      bool     `help:"Print one JSON object a line instead of a page for people."`
	FilesFrom string   `placeholder:"LIST" help:"Take the names of the files from this one, a name a line; - is the standard input."`
	DNS       string   `name:"dns" placeholder:"ZONE.json" help:"TXT records to verify DKIM signatures by, {\"name\": [\"value\"]}, instead of the network, which is never asked. A value TEMPERROR or PERMERROR stands for a server that answers so."`
	Threads   bool     `help:"The files are mboxes: take their mails in order as the mail of one mailbox, and tell which belong together."`
	Files     []string `arg:"" optional:"" name:"file" help:"A mail, or with --threads an mbox."`
}

// Run shows what the desk reads in each file. A file that cannot be read is told in its place, and the others are still shown.
func (c inspectCmd) Run(ctx context.Context) error {
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	return c.run(ctx, out)
}

func (c inspectCmd) run(ctx context.Context, out *bufio.Writer) error {
	files := c.Files
	if c.FilesFrom != "" {
		more, err := readNames(c.FilesFrom)
		if err != nil {
			return err
		}
		files = append(files, more...)
	}
	if len(files) == 0 {
		return errors.New("inspect: no file is named; want a mail, or --files-from LIST")
	}
	p := &inspectPrinter{out: out, json: c.JSON}
	if c.DNS != "" {
		zone, err := readZone(c.DNS)
		if err != nil {
			return err
		}
		p.dkim = &auth.Checker{LookupTXT: zone.LookupTXT}
	}
	if c.Threads {
		for _, file := range files {
			if err := p.threads(ctx, file); err != nil {
				return err
			}
		}
		return p.end()
	}
	for _, file := range files {
		if err := ctx.Err(); err != nil {
			return err
		}
		src := &watchedSource{Source: parse.File(file)}
		m := parse.Parse(src)
		if src.err != nil {
			if err := p.unread(file, src.err); err != nil {
				return err
			}
			continue
		}
		in := newInspection(file, m)
		if err := p.sign(ctx, &in, src.Source); err != nil {
			return err
		}
		if err := p.mail(in, m); err != nil {
			return err
		}
	}
	return p.end()
}

// readZone reads TXT records by name.
func readZone(file string) (auth.Zone, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("--dns: %w", err)
	}
	var records auth.Zone
	if err := json.Unmarshal(b, &records); err != nil {
		return nil, fmt.Errorf("--dns %s: want TXT records by name such as {\"a._domainkey.desk.example\": [\"v=DKIM1; p=...\"]}: %w", file, err)
	}
	zone := auth.Zone{}
	for name, txts := range records {
		zone[strings.ToLower(strings.TrimSuffix(name, "."))] = txts
	}
	return zone, nil
}

// sign adds what the signatures are worth, where there is a zone to verify them by.
func (p *inspectPrinter) sign(ctx context.Context, in *inspection, src message.Source) error {
	if p.dkim == nil {
		return nil
	}
	signatures, err := p.dkim.Signatures(ctx, src)
	if err != nil {
		return fmt.Errorf("%s: %w", in.File, err)
	}
	all := []inspectedSignature{}
	for _, s := range signatures {
		all = append(all, inspectedSignature{s.Domain, s.Selector, s.Result, s.Why})
	}
	in.DKIM = &all
	return nil
}

// readNames reads a list of files, one a line, since a command line has an end.
func readNames(list string) ([]string, error) {
	in := io.Reader(os.Stdin)
	if list != "-" {
		f, err := os.Open(list)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		in = f
	}
	b, err := io.ReadAll(in)
	if err != nil {
		return nil, fmt.Errorf("--files-from %s: %w", list, err)
	}
	var names []string
	for line := range strings.Lines(string(b)) {
		if name := strings.TrimRight(line, "\r\n"); name != "" {
			names = append(names, name)
		}
	}
	return names, nil
}

// A watchedSource remembers why it could not be read. To the parser that is one more thing that a mail may have; to somebody who named
// a file it is a mistake.
type watchedSource struct {
	message.Source
	err error
}

func (s *watchedSource) Open() (io.ReadCloser, error) {
	r, err := s.Source.Open()
	if err != nil {
		s.err = err
		return nil, err
	}
	return &watchedReader{r, s}, nil
}

type watchedReader struct {
	io.ReadCloser
	source *watchedSource
}

func (r *watchedReader) Read(p []byte) (int, error) {
	n, err := r.ReadCloser.Read(p)
	if err != nil && err != io.EOF {
		r.source.err = err
	}
	return n, err
}

// An inspectPrinter writes what was found, as JSON lines or as pages, and counts what could not be read.
type inspectPrinter struct {
	out    *bufio.Writer
	json   bool
	failed int
	dkim   *auth.Checker // nil without --dns
}

func (p *inspectPrinter) mail(in inspection, m *message.Message) error {
	if p.json {
		return p.line(in)
	}
	in.page(p.out, m)
	return p.out.Flush() // a slow mail must not hold back the ones before it
}

func (p *inspectPrinter) unread(file string, why error) error {
	p.failed++
	var pathErr *os.PathError
	if errors.As(why, &pathErr) {
		why = pathErr.Err // the name stands beside it
	}
	if p.json {
		return p.line(struct {
			File  string `json:"file"`
			Error string `json:"error"`
		}{file, why.Error()})
	}
	_, err := fmt.Fprintf(p.out, "%s\n    cannot be read: %v\n\n", clean(file), why)
	return err
}

func (p *inspectPrinter) line(v any) error {
	enc := json.NewEncoder(p.out)
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// end is the exit status: broken mail is no failure, a file that is not there is one.
func (p *inspectPrinter) end() error {
	if p.failed > 0 {
		return fmt.Errorf("%d of the files could not be read", p.failed)
	}
	return nil
}
