// Package portal is the pages beside the mail: what it cannot do, or what is easier to see than to read. It hides HTTP, HTML, cookies and
// uploads, asks the desk for everything, and decides nothing: a reply typed here is decided over as a mail is.
//
// Every page works without script and on a phone, and loads nothing from elsewhere. GET changes nothing (G6).
package portal

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/policy"
)

//go:embed pages style.css
var files embed.FS

// A Portal is set up by its exported fields, all of which must be set, and is then safe for concurrent use.
type Portal struct {
	Desk   *desk.Desk
	Policy func() *policy.Policy
	Now    func() time.Time
	Log    *slog.Logger
	Stir   func()          // wakes whoever sends what the desk has decided
	Wake   <-chan struct{} // rings when there may be something to mail; it may be nil
	Spool  string          // folder for what is uploaded while it is read; "" for the system's

	origin  atomic.Pointer[origin]
	asked   chan struct{}
	hashing chan struct{} // bounds how many passwords are hashed at once
	loads   chan struct{} // and how many stored mails are read
	pages   map[string]*template.Template
	style   []byte
	version string // of the stylesheet, in its address
}

// Handler gives the pages.
func (p *Portal) Handler() (http.Handler, error) {
	if p.Desk == nil || p.Policy == nil || p.Now == nil || p.Log == nil || p.Stir == nil {
		return nil, errors.New("portal: not all of its fields are set")
	}
	p.asked, p.hashing, p.loads = make(chan struct{}, 1), make(chan struct{}, 2), make(chan struct{}, 8)
	var err error
	if p.style, err = files.ReadFile("style.css"); err != nil {
		return nil, err
	}
	sum := sha256.Sum256(p.style)
	p.version = hex.EncodeToString(sum[:6])
	if p.pages, err = readPages(); err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /style.css", p.stylesheet)
	handle := func(pattern string, h func(*visit) error) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) { p.serve(w, r, h) })
	}
	handle("GET /{$}", p.home)
	handle("GET /sign-in", p.signIn)
	handle("POST /sign-in", p.askLink)
	handle("POST /sign-in/password", p.password)
	handle("GET /enter/{secret}", p.takeLink)
	handle("GET /renew/{secret}", p.takeLink)
	handle("GET /enter", p.showEnter)
	handle("POST /enter", p.enter)
	handle("POST /sign-out", p.signOut)
	handle("POST /language", p.setLanguage)
	handle("GET /lost", p.lost)
	handle("POST /lost", p.askLost)
	handle("GET /request", p.request)
	handle("POST /request", p.sendRequest)
	handle("GET /tickets", p.tickets)
	handle("GET /tickets/{ticket}", p.ticket)
	handle("GET /held", p.held)
	handle("POST /tickets/{ticket}/reply", p.reply)
	handle("POST /tickets/{ticket}/decide", button(p.decide))
	handle("POST /tickets/{ticket}/close", button(p.closeTicket))
	handle("GET /tickets/{ticket}/messages/{message}", p.message)
	handle("GET /tickets/{ticket}/messages/{message}/html", p.messageHTML)
	handle("GET /tickets/{ticket}/messages/{message}/files/{part...}", p.file)
	handle("GET /estimate/{token}", p.offer)
	handle("POST /estimate/{token}", p.decideOffer)
	handle("GET /tickets/{ticket}/access", p.access)
	handle("POST /tickets/{ticket}/access", p.handOver)
	handle("POST /tickets/{ticket}/look", p.look)
	handle("POST /held/{message}", p.decideHeld)
	handle("GET /tickets/{ticket}/merge", p.merge)
	handle("POST /tickets/{ticket}/order", p.order)
	handle("POST /tickets/{ticket}/readers", button(p.readers))
	handle("GET /account", p.account)
	handle("GET /account.csv", p.statement)
	handle("GET /settings", p.settings)
	handle("POST /settings/password", p.setPassword)
	handle("/", func(v *visit) error { return desk.ErrNotFound })
	return p.guard(mux), nil
}

// Run mails what pages were asked for, and drops what has expired, until ctx ends. What a database that is away keeps from being
// mailed stays asked for.
func (p *Portal) Run(ctx context.Context) error {
	sweep := time.NewTicker(time.Hour)
	defer sweep.Stop()
	look := time.NewTicker(30 * time.Second) // another node may have been asked
	defer look.Stop()
	for {
		if n, err := p.Desk.AnswerPleas(ctx); err != nil && ctx.Err() == nil {
			p.Log.Warn("the portal cannot mail what it was asked for", "error", err)
		} else if n > 0 {
			p.Stir()
		}
		select {
		case <-ctx.Done():
			return nil
		case <-p.asked:
			// What is done for somebody who is on file must not slow down the answer to whoever asks next, from which the time would tell (T073).
			select {
			case <-ctx.Done():
				return nil
			case <-time.After(time.Second + rand.N(time.Second)):
			}
		case <-look.C:
		case <-sweep.C:
			if err := p.Desk.Sweep(ctx); err != nil && ctx.Err() == nil {
				p.Log.Warn("the portal cannot drop what has expired", "error", err)
			}
		}
	}
}

// ask wakes Run.
func (p *Portal) ask() {
	select {
	case p.asked <- struct{}{}:
	default: // it is awake
	}
}

func (p *Portal) stylesheet(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	if r.URL.RawQuery == p.version {
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	w.Write(p.style) // a client that went away needs no answer
}

// readPages reads every page with the frame around it.
func readPages() (map[string]*template.Template, error) {
	names, err := fs.Glob(files, "pages/*.html")
	if err != nil {
		return nil, err
	}
	all := map[string]*template.Template{}
	for _, name := range names {
		if name == "pages/frame.html" || name == "pages/parts.html" {
			continue
		}
		t, err := template.ParseFS(files, "pages/frame.html", "pages/parts.html", name)
		if err != nil {
			return nil, fmt.Errorf("portal: %w", err)
		}
		all[strings.TrimSuffix(strings.TrimPrefix(name, "pages/"), ".html")] = t
	}
	return all, nil
}

// spool makes a file that is gone when it is closed.
func (p *Portal) spool() (*os.File, func(), error) {
	f, err := os.CreateTemp(p.Spool, "postdesk-portal-")
	if err != nil {
		return nil, nil, fmt.Errorf("spool: %w", err)
	}
	return f, func() {
		f.Close()
		os.Remove(f.Name())
	}, nil
}
