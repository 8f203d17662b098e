package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/postdesk/postdesk/desk/policy"
	"github.com/postdesk/postdesk/templates"
)

// A livePolicy is the policy of a desk that serves, with the operator's own mails: read again when one of their files changes or on SIGHUP.
// What has mistakes is refused, and the last good ones stand (R1).
type livePolicy struct {
	file  string
	log   *slog.Logger
	good  atomic.Pointer[policy.Policy]
	mails *templates.Set

	mu      sync.Mutex
	files   []string // that it is made of, as they were last looked at, mistakes or not
	sum     [32]byte // of their bytes
	folder  string   // of the mails, as it was last looked at; "" for none
	mailSum [32]byte // of the files in it
	refused string   // why the file as it is does not stand; "" when it does
	changes []chan<- struct{}
}

// lookAgain is how often the file is looked at.
const lookAgain = 3 * time.Second

// newLivePolicy reads the policy for the first time: with mistakes, or without the secrets that serving needs, there is no desk.
func newLivePolicy(file string, log *slog.Logger) (*livePolicy, error) {
	l := &livePolicy{file: file, log: log}
	p, err := readToServe(file)
	if err != nil {
		return nil, err
	}
	l.folder = p.Desk.Templates
	l.mailSum = sumOf(templateFiles(l.folder))
	if l.mails, err = openTemplates(l.folder); err != nil {
		return nil, err
	}
	l.good.Store(p)
	l.files = p.Files
	l.sum = sumOf(l.files)
	l.tellLater(p)
	return l, nil
}

// sumOf tells whether files are as they were. One that is not there counts too.
func sumOf(files []string) (sum [32]byte) {
	all := sha256.New()
	for _, file := range files {
		raw, err := os.ReadFile(file)
		fmt.Fprintf(all, "%s %t %x\n", file, err == nil, sha256.Sum256(raw))
	}
	return [32]byte(all.Sum(nil))
}

// tellLater says what the policy asks for and this version does not do.
func (l *livePolicy) tellLater(p *policy.Policy) {
	for _, n := range p.Later {
		l.log.Warn("the policy says what is not yet in this version", "at", fmt.Sprintf("%s:%d:%d", n.File, n.Line, n.Column), "key", n.Path)
	}
}

// readToServe reads a policy and asks for what only serving needs.
func readToServe(file string) (*policy.Policy, error) {
	p, err := policy.Read(file)
	if err != nil {
		return nil, err
	}
	if len(p.Unset) > 0 {
		return nil, fmt.Errorf("%s asks for secrets that are not there:\n%w", file, &p.Unset)
	}
	if !p.TokensSet {
		return nil, fmt.Errorf("%s: tokens has no key, so anybody could forge our reply addresses: add one such as\n  tokens: [{id: a, secret: \"${env:POSTDESK_TOKEN_KEY}\"}]", file)
	}
	if len(allAccounts(p)) > 0 && len(p.Secrets.Keys) == 0 {
		return nil, fmt.Errorf("%s: mailboxes sign in by oauth, and there is no key to seal what the providers give: %s", file, makeSecretsKey)
	}
	if p.Portal.URL != "" && len(p.Secrets.Keys) == 0 {
		return nil, fmt.Errorf("%s: the portal mails links to sign in by, and there is no key to seal them until they are sent: %s", file, makeSecretsKey)
	}
	for _, box := range p.Mailboxes {
		if box.IMAP == nil || box.SMTP == nil {
			return nil, fmt.Errorf("%s: mailboxes.%s has no imap or no smtp: a desk that serves needs both", file, box.Name)
		}
	}
	return p, nil
}

func (l *livePolicy) current() *policy.Policy { return l.good.Load() }

// smtp is where a mailbox's mail is submitted now; nil where the policy has the mailbox no more.
func (l *livePolicy) smtp(mailbox string) *policy.SMTP {
	if box := l.current().Mailbox(mailbox); box != nil {
		return box.SMTP
	}
	return nil
}

// state is why the file as it is was refused; "" when it stands.
func (l *livePolicy) state() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.refused
}

// changed gives a channel that hears of each new policy.
func (l *livePolicy) changed() <-chan struct{} {
	c := make(chan struct{}, 1)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.changes = append(l.changes, c)
	return c
}

// run looks at the file until ctx ends.
func (l *livePolicy) run(ctx context.Context) error {
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP)
	defer signal.Stop(hup)
	look := time.NewTicker(lookAgain)
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-hup:
			l.reload(true)
		case <-look.C:
			l.reload(false)
		}
	}
}

// reload takes the files if one changed and all are right. Asked by a person they are read in any case, since a secret beside them may
// have changed.
func (l *livePolicy) reload(asked bool) {
	l.mu.Lock()
	same := sumOf(l.files) == l.sum && sumOf(templateFiles(l.folder)) == l.mailSum
	folder := l.folder
	l.mu.Unlock()
	if same && !asked {
		return
	}
	// Before they are read: what changes meanwhile is then seen at the next look.
	files := policy.Files(l.file)
	sum := sumOf(files)
	p, err := readToServe(l.file)
	if err == nil {
		folder = p.Desk.Templates
	}
	mailSum := sumOf(templateFiles(folder))
	if err == nil {
		err = reloadTemplates(l.mails, folder)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.files, l.sum, l.folder, l.mailSum = files, sum, folder, mailSum
	if err != nil {
		if l.refused != err.Error() {
			l.log.Error("the policy is refused, the last good one stands", "file", l.file, "error", err)
		}
		l.refused = err.Error()
		return
	}
	l.refused = ""
	l.good.Store(p)
	l.log.Info("a new policy stands", "file", l.file)
	l.tellLater(p)
	for _, c := range l.changes {
		select {
		case c <- struct{}{}:
		default:
		}
	}
}

var errPollerEnded = errors.New("a poller ended by itself")
