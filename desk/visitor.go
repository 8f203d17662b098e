package desk

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/postdesk/postdesk/desk/message"
	"github.com/postdesk/postdesk/desk/policy"
	"github.com/postdesk/postdesk/templates"
)

// How people come in to the portal. A link is mailed to the address on file, and whoever presses the button behind it proves that he reads
// that mailbox: level A3. Its secret works once, for half an hour. So does a password, for those who have set one. Neither secret is
// in the database: only what it hashes to.

const (
	linkLife    = 30 * time.Minute
	sessionLife = 14 * 24 * time.Hour
	draftLife   = 24 * time.Hour
)

// A Guest is who a session or a link is for, by the ids on file.
type Guest struct {
	Contact int64  // 0 for staff
	Staff   string // "" for a contact
	Expires time.Time
}

// A Visitor is somebody who is signed in at the portal: a contact, or one of us.
type Visitor struct {
	Contact *Contact      // nil for staff
	Staff   *policy.Staff // nil for a contact
}

// A PleaPurpose is what somebody asks the portal to mail him.
type PleaPurpose string

// The purposes of pleas.
const (
	PleaSignIn PleaPurpose = "sign_in" // a link to sign in by
	PleaLost   PleaPurpose = "lost"    // that, and his user names (A7)
)

// A Plea is what somebody has asked for, before anybody has looked whether there is such a person: nothing about it depends on that,
// so nobody can learn from it who is on file (T073).
type Plea struct {
	Purpose PleaPurpose
	Address string // as it was typed
	At      time.Time
}

// maxTyped is how much of a typed address is kept.
const maxTyped = 320

// Ask keeps a plea. AnswerPleas answers it.
func (d *Desk) Ask(ctx context.Context, purpose PleaPurpose, address string) error {
	p := Plea{Purpose: purpose, Address: address[:min(len(address), maxTyped)], At: d.Now().UTC()}
	return d.Store.Update(ctx, func(tx Tx) error { return tx.AddPlea(ctx, p) })
}

// maxLinks is how many links an address is sent in an hour, whoever asks for them.
const maxLinks = 3

var errNoPlea = errors.New("no plea")

// AnswerPleas mails what people have asked for, to addresses on file alone (G3), and tells how many pleas there were.
func (d *Desk) AnswerPleas(ctx context.Context) (n int, err error) {
	for ctx.Err() == nil {
		err := d.update(ctx, func(t *turn) error {
			p, err := t.tx.TakePlea(ctx)
			if errors.Is(err, ErrNotFound) {
				return errNoPlea
			}
			if err != nil {
				return err
			}
			return t.answerPlea(p)
		})
		if errors.Is(err, errNoPlea) {
			return n, nil
		}
		if err != nil {
			return n, fmt.Errorf("answer what the portal was asked for: %w", err)
		}
		n++
	}
	return n, ctx.Err()
}

// answerPlea sends the link, if there is somebody to send it to.
func (t *turn) answerPlea(p Plea) error {
	if t.p.Portal.URL == "" {
		return nil
	}
	to, g, err := t.guestOf(p.Address)
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	switch n, err := t.tx.Try(t.ctx, "link:"+to.Address, time.Hour); {
	case err != nil:
		return err
	case n > maxLinks:
		return nil
	}
	secret, err := t.oneTime(g)
	if err != nil {
		return err
	}
	lang := templates.Pick(to.Language, t.p.Desk.Language)
	data := &templates.Customer{
		Desk: t.p.Desk.Name, Name: to.Name, OneTimeURL: t.p.Portal.URL + "/enter/" + secret, LinkMinutes: int(linkLife / time.Minute),
	}
	template := "sign_in_link"
	if p.Purpose == PleaLost && g.Staff == "" {
		template, data.Users, data.OneTimeURL = "lost_credentials", UserNames(to), t.p.Portal.URL+"/renew/"+secret
	}
	return t.send(letter{template: template, to: to, language: lang, automatic: true, asked: true, data: data})
}

// LinkFor makes a link to sign in by without mailing it, for whoever has the mailbox at hand anyway: the demo, whose people are made up.
func (d *Desk) LinkFor(ctx context.Context, address string) (link string, err error) {
	err = d.update(ctx, func(t *turn) error {
		_, g, err := t.guestOf(address)
		if err != nil {
			return err
		}
		secret, err := t.oneTime(g)
		link = t.p.Portal.URL + "/enter/" + secret
		return err
	})
	return link, err
}

// UserNames are the names by which a contact signs in to his Customer Area: his account's, where he may act for it, and his address.
func UserNames(c Contact) []string {
	names := []string{c.Address}
	if c.Customer != "" && c.MaySpend {
		names = append([]string{c.Customer}, names...)
	}
	return names
}

// guestOf finds who is meant by an address or a user name. An address of ours is staff's, whoever else it may be.
func (t *turn) guestOf(typed string) (Contact, Guest, error) {
	typed = strings.TrimSpace(typed)
	if addr, err := message.Canonical(typed); err == nil {
		if s := t.p.StaffByAddress(addr); s != nil {
			return Contact{Address: s.Address, Name: s.Name, Language: t.languageOf(s)}, Guest{Staff: s.ID}, nil
		}
		c, err := t.tx.ContactOf(t.ctx, addr)
		if err != nil {
			return Contact{}, Guest{}, err
		}
		return t.written(*c), Guest{Contact: c.ID}, nil
	}
	owner, err := ownerOf(t.ctx, t.tx, typed)
	if err != nil {
		return Contact{}, Guest{}, err
	}
	return t.written(*owner), Guest{Contact: owner.ID}, nil
}

// written is a contact with the language that we write to him in.
func (t *turn) written(c Contact) Contact {
	if c.Language == "" && c.Customer != "" {
		if customer, err := t.tx.Customer(t.ctx, c.Customer); err == nil {
			c.Language = customer.Language
		}
	}
	return c
}

// ownerOf is whom a user name stands for: the account of that id is signed in to by the first of its contacts who may spend.
func ownerOf(ctx context.Context, tx Tx, name string) (*Contact, error) {
	if name == "" || len(name) > maxTyped {
		return nil, ErrNotFound
	}
	customer, err := tx.CustomerLike(ctx, name)
	if err != nil {
		return nil, err
	}
	all, err := tx.Contacts(ctx, customer.ID)
	if err != nil {
		return nil, err
	}
	for _, c := range all {
		if c.MaySpend {
			return c, nil
		}
	}
	return nil, ErrNotFound
}

// oneTime makes a one-use secret.
func (t *turn) oneTime(g Guest) (secret string, err error) {
	now, err := t.tx.Now(t.ctx)
	if err != nil {
		return "", err
	}
	g.Expires = now.Add(linkLife)
	secret, hash, err := t.d.secret()
	if err != nil {
		return "", err
	}
	return secret, t.tx.AddLink(t.ctx, hash, g)
}

// secret draws 256 bits, as text, and what they hash to.
func (d *Desk) secret() (text string, hash []byte, err error) {
	var b [32]byte
	if _, err := io.ReadFull(d.Rand, b[:]); err != nil {
		return "", nil, fmt.Errorf("draw a secret: %w", err)
	}
	text = base64.RawURLEncoding.EncodeToString(b[:])
	return text, hashOf(text), nil
}

// hashOf is what is kept of a secret. A secret of 256 bits needs no slow hash.
func hashOf(secret string) []byte {
	sum := sha256.Sum256([]byte(secret))
	return sum[:]
}

// Knock tells who a link is for, and changes nothing: programs that look at links in mails use none up (G6). ErrNotFound for one that was
// used, has expired, or never was.
func (d *Desk) Knock(ctx context.Context, secret string) (v Visitor, err error) {
	err = d.Store.View(ctx, func(tx Tx) error {
		g, err := tx.Link(ctx, hashOf(secret))
		if err != nil {
			return err
		}
		v, err = d.visitor(ctx, tx, g)
		return err
	})
	return v, err
}

// Enter uses a link up and begins a session.
func (d *Desk) Enter(ctx context.Context, secret string) (session string, v Visitor, err error) {
	session, hash, err := d.secret()
	if err != nil {
		return "", v, err
	}
	err = d.Store.Update(ctx, func(tx Tx) error {
		g, err := tx.UseLink(ctx, hashOf(secret))
		if err != nil {
			return err
		}
		if v, err = d.visitor(ctx, tx, g); err != nil {
			return err
		}
		return d.admit(ctx, tx, hash, g)
	})
	return session, v, err
}

// admit begins a session.
func (d *Desk) admit(ctx context.Context, tx Tx, hash []byte, g Guest) error {
	now, err := tx.Now(ctx)
	if err != nil {
		return err
	}
	g.Expires = now.Add(sessionLife)
	return tx.AddSession(ctx, hash, g)
}

// visitor is who a guest is now: rights are those of the present policy and of the present world.
func (d *Desk) visitor(ctx context.Context, tx Tx, g Guest) (Visitor, error) {
	if g.Staff != "" {
		s := d.Policy().StaffByID(g.Staff)
		if s == nil {
			return Visitor{}, ErrNotFound
		}
		return Visitor{Staff: s}, nil
	}
	c, err := tx.Contact(ctx, g.Contact)
	if err == nil && c.Language == "" && c.Customer != "" { // "Language" of MISSION.md: the contact's, else the account's
		var account Customer
		if account, err = tx.Customer(ctx, c.Customer); err == nil {
			c.Language = account.Language
		}
	}
	return Visitor{Contact: c}, err
}

// Visitor is who a session is of, ErrNotFound when it has ended.
func (d *Desk) Visitor(ctx context.Context, session string) (v Visitor, err error) {
	err = d.Store.View(ctx, func(tx Tx) error {
		g, err := tx.Session(ctx, hashOf(session))
		if err != nil {
			return err
		}
		v, err = d.visitor(ctx, tx, g)
		return err
	})
	return v, err
}

// Leave ends a session.
func (d *Desk) Leave(ctx context.Context, session string) error {
	return d.Store.Update(ctx, func(tx Tx) error { return tx.DropSession(ctx, hashOf(session)) })
}

// Credentials are what a sign-in by password is checked against: whose, and the hash that was kept. Both are empty where there is nobody
// of that name, or nobody who has set a password; whoever checks should take as long for that.
func (d *Desk) Credentials(ctx context.Context, name string) (contact int64, hash string, err error) {
	err = d.Store.View(ctx, func(tx Tx) error {
		c, err := contactNamed(ctx, tx, strings.TrimSpace(name))
		if err != nil {
			return err
		}
		if hash, err = tx.Password(ctx, c.ID); err != nil {
			return err
		}
		contact = c.ID
		return nil
	})
	if errors.Is(err, ErrNotFound) {
		return 0, "", nil
	}
	return contact, hash, err
}

func contactNamed(ctx context.Context, tx Tx, name string) (*Contact, error) {
	if addr, err := message.Canonical(name); err == nil {
		return tx.ContactOf(ctx, addr)
	}
	return ownerOf(ctx, tx, name)
}

// Admit begins a session for a contact whose password was right.
func (d *Desk) Admit(ctx context.Context, contact int64) (session string, err error) {
	session, hash, err := d.secret()
	if err != nil {
		return "", err
	}
	return session, d.Store.Update(ctx, func(tx Tx) error { return d.admit(ctx, tx, hash, Guest{Contact: contact}) })
}

// SetPassword keeps the hash of a new password, ends every session and link of the contact, since one of them may be a thief's, and begins
// another for whoever set it. A password is set by somebody who has proven himself; the old one is not asked for.
func (d *Desk) SetPassword(ctx context.Context, contact int64, hash string) (session string, err error) {
	session, sum, err := d.secret()
	if err != nil {
		return "", err
	}
	return session, d.Store.Update(ctx, func(tx Tx) error {
		if err := tx.DropSessionsOf(ctx, contact); err != nil {
			return err
		}
		if err := tx.SavePassword(ctx, contact, hash, d.Now().UTC()); err != nil {
			return err
		}
		return d.admit(ctx, tx, sum, Guest{Contact: contact})
	})
}

// HasPassword tells whether a contact has set one.
func (d *Desk) HasPassword(ctx context.Context, contact int64) (has bool, err error) {
	err = d.Store.View(ctx, func(tx Tx) error {
		_, err := tx.Password(ctx, contact)
		return err
	})
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// Tries counts one more try of what the name says, over all nodes, and gives how many there were within the time.
func (d *Desk) Tries(ctx context.Context, name string, within time.Duration) (n int, err error) {
	err = d.Store.Update(ctx, func(tx Tx) error {
		n, err = tx.Try(ctx, name, within)
		return err
	})
	return n, err
}

// KeepDraft keeps words that somebody typed whose session had ended, and gives the secret by which his browser gets them back. Who signs
// in next is not known yet, so nothing else leads to them.
func (d *Desk) KeepDraft(ctx context.Context, ticket int64, words string) (secret string, err error) {
	secret, hash, err := d.secret()
	if err != nil {
		return "", err
	}
	return secret, d.Store.Update(ctx, func(tx Tx) error {
		now, err := tx.Now(ctx)
		if err != nil {
			return err
		}
		return tx.SaveDraft(ctx, hash, ticket, clip(words, maxWords), now.Add(draftLife))
	})
}

// Draft takes the words that were kept for a ticket, "" when there are none.
func (d *Desk) Draft(ctx context.Context, secret string, ticket int64) (words string, err error) {
	err = d.Store.Update(ctx, func(tx Tx) error {
		words, err = tx.TakeDraft(ctx, hashOf(secret), ticket)
		return err
	})
	if errors.Is(err, ErrNotFound) {
		return "", nil
	}
	return words, err
}

// Sweep drops what of the portal's has expired.
func (d *Desk) Sweep(ctx context.Context) error {
	return d.Store.Update(ctx, func(tx Tx) error { return tx.SweepPortal(ctx) })
}
