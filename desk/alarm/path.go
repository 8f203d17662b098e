package alarm

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"time"
)

// A Command is a program that is run for each report: it gets the text on its standard input and the subject as POSTDESK_SUBJECT.
type Command struct {
	Args  []string // the program first; no shell reads them
	Again time.Duration
}

func (c Command) String() string { return "alarm.command " + c.Args[0] }

// Tell runs the program. A status other than 0 is an error.
func (c Command) Tell(ctx context.Context, r Report) error {
	cmd := exec.CommandContext(ctx, c.Args[0], c.Args[1:]...)
	cmd.Stdin = strings.NewReader(r.Text(c.Again))
	cmd.WaitDelay = time.Second // for what it leaves running
	// What the desk knows of secrets by its environment is none of the program's business.
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"), "LANG=C.UTF-8", "POSTDESK_SUBJECT=" + r.Subject()}
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &limited{&out, 1000}, &limited{&out, 1000}
	if err := cmd.Run(); err != nil {
		if said := cut(out.String(), 200); said != "" {
			err = fmt.Errorf("%w: %s", err, said)
		}
		return err
	}
	return nil
}

// limited keeps the first bytes of what is written.
type limited struct {
	to   io.Writer
	left int
}

func (l *limited) Write(p []byte) (int, error) {
	keep := p[:min(len(p), l.left)]
	l.left -= len(keep)
	if _, err := l.to.Write(keep); err != nil {
		return 0, err
	}
	return len(p), nil
}

// A Webhook gets each report by POST as JSON, with the text as "text", which chat programs show.
type Webhook struct {
	URL    string // often with a secret in it, and so never shown
	Again  time.Duration
	Client *http.Client // nil: one that follows nowhere
}

func (Webhook) String() string { return "alarm.webhook" }

// Tell posts the report.
func (h Webhook) Tell(ctx context.Context, r Report) error {
	body, err := json.Marshal(struct {
		Text    string `json:"text"`
		Subject string `json:"subject"`
		Report
	}{r.Text(h.Again), r.Subject(), r})
	if err != nil {
		return err
	}
	return ask(ctx, h.Client, http.MethodPost, h.URL, body)
}

// Beat tells a service that waits for it that all is well: a page that is fetched, or a file whose time is looked at.
func Beat(ctx context.Context, to string, client *http.Client) error {
	if strings.HasPrefix(to, "http://") || strings.HasPrefix(to, "https://") {
		return ask(ctx, client, http.MethodGet, to, nil)
	}
	f, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(f, time.Now().UTC().Format(time.RFC3339))
	return errors.Join(err, f.Close())
}

// ask makes one request. Its errors never hold the address.
func ask(ctx context.Context, client *http.Client, method, address string, body []byte) error {
	if client == nil {
		client = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	}
	req, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err != nil {
		return errors.New("the address cannot be read")
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	req.Header.Set("User-Agent", "postdesk")
	resp, err := client.Do(req)
	if err != nil {
		if own := (*url.Error)(nil); errors.As(err, &own) {
			err = own.Err
		}
		return err
	}
	defer resp.Body.Close()
	io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<16)) // so that the line can be used again
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("it answers %s", resp.Status)
	}
	return nil
}
