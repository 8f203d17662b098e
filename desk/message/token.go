package message

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"errors"
	"math"
	"strings"
	"time"
)

// A token is what makes an answer more than a guess: it stands in our reply addresses and Message-IDs, says which ticket and which
// purpose it is for, and is bound by a keyed hash to the address that it was made for (THREATS.md, level A2). It is written in lower
// case letters and digits, since mail systems change the case of addresses (T022). Its bytes are
//
//	key id, purpose, ticket (uvarint), argument (uvarint), 5 bytes of recipient hash, 10 bytes of MAC
//
// which makes some 32 characters. The MAC covers all bytes before it and the database's epoch, so that a ticket's number alone
// never joins (F16), and a number that is given again after a restore does not either (F15).

// Purpose is what the holder of a token may be doing. A token of one purpose is no token of another (T021).
type Purpose byte

// The purposes. Their numbers are in mails out there: they never change.
const (
	PurposeReply    Purpose = 1 // the customer's answer on the ticket
	PurposeEstimate Purpose = 2 // the answer to one version of an estimate, Token.Arg
	PurposeStaff    Purpose = 3 // an engineer's public answer and commands
	PurposeNote     Purpose = 4 // answers stay internal (T031)
	PurposeBounce   Purpose = 5 // the envelope sender of one mail of ours, Token.Arg (T049)
	PurposePage     Purpose = 6 // the page on which one version of an estimate, Token.Arg, is agreed to or declined
	PurposeHeld     Purpose = 7 // staff's decision over held mail: of the message Token.Arg, or of any where it is 0
	PurposeInvite   Purpose = 8 // the account owner's decision over who was in copy until Token.Arg, in microseconds of Unix
)

var purposeNames = map[Purpose]string{
	PurposeReply: "reply", PurposeEstimate: "estimate", PurposeStaff: "staff", PurposeNote: "note", PurposeBounce: "bounce", PurposePage: "page",
	PurposeHeld: "held", PurposeInvite: "invite",
}

// String is the purpose as reasons and tests name it.
func (p Purpose) String() string {
	if name, ok := purposeNames[p]; ok {
		return name
	}
	return "unknown"
}

// A Token is what we say with one. Neither number is ever negative.
type Token struct {
	Purpose Purpose
	Ticket  int64
	Arg     int64 // estimate: its version; bounce: the id of the mail out; staff: the message that was told of; see the purposes
}

// A Key signs tokens, or has signed them. A retired key reads for keyLife longer, and what it reads is Old: it still joins, and
// does not spend (T113).
type Key struct {
	ID      byte
	Secret  []byte
	Retired time.Time // zero while it is in use
}

// keyLife is how long the tokens of a retired key are known (T021, T113).
const keyLife = 90 * 24 * time.Hour

// A Keyring mints and reads tokens. Its first key signs; each has an id of its own.
type Keyring struct {
	Keys   []Key
	Epoch  string   // of the database: a restored one begins another
	Former []Former // those before it, the latest last
}

// A Former is an epoch of the desk that a backup was made of, and from which this one was restored. Its tokens are in mails out there, and
// still lead to their tickets. Yet nobody knows what was said between the backup and the restore: a second version of an estimate may have
// been another one, and a number above Last may have been another ticket's. So they are Old, and say nothing about what came later (F15).
type Former struct {
	Epoch string `json:"epoch"`
	Last  int64  `json:"last"` // the last ticket of the backup
}

// A Claim is what a token with a valid MAC says. Who brings it is not proven by that: see For.
type Claim struct {
	Token
	KeyID byte
	Old   bool // signed by a retired key, or before a restore
}

// What can be wrong with a token. The texts are reasons shown to staff.
var (
	ErrMalformed  = errors.New("no token of ours")
	ErrUnknownKey = errors.New("token of a key that is not known here")
	ErrExpiredKey = errors.New("token of a key that was retired more than 90 days ago")
	ErrForged     = errors.New("token changed, or made elsewhere")
	ErrLost       = errors.New("token of a ticket that was opened after the backup from which this desk was restored")
)

const (
	recipientLen = 5
	macLen       = 10
	maxTokenLen  = 64 // in characters; the longest token has 60
)

// encoding is the base32 of RFC 4648, section 6, in lower case: no character of it needs quoting in an address.
var encoding = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// Mint makes the token for that recipient. The same token and recipient give the same characters. It panics without a key, since
// mail with a token that nothing signs must not go out.
func (r *Keyring) Mint(t Token, recipient string) string {
	if len(r.Keys) == 0 || len(r.Keys[0].Secret) == 0 {
		panic("message: no key to sign a token with")
	}
	if t.Ticket < 0 || t.Arg < 0 {
		panic("message: a token with a negative number")
	}
	k := &r.Keys[0]
	b := []byte{k.ID, byte(t.Purpose)}
	b = binary.AppendUvarint(b, uint64(t.Ticket))
	b = binary.AppendUvarint(b, uint64(t.Arg))
	b = append(b, hash(k, r.Epoch, "recipient", b, recipientForm(recipient))[:recipientLen]...)
	b = append(b, hash(k, r.Epoch, "token", b, "")[:macLen]...)
	return encoding.EncodeToString(b)
}

// Read tells what a token says if its MAC is ours, whoever it was made for. Its errors are ErrMalformed, ErrUnknownKey, ErrExpiredKey,
// ErrForged and ErrLost.
func (r *Keyring) Read(s string, now time.Time) (Claim, error) {
	b, t, err := decode(s)
	if err != nil {
		return Claim{}, err
	}
	k := r.key(b[0])
	if k == nil {
		return Claim{}, ErrUnknownKey
	}
	_, former, ok := r.made(k, b)
	if !ok {
		return Claim{}, ErrForged
	}
	old := !k.Retired.IsZero() && !now.Before(k.Retired)
	if old && now.Sub(k.Retired) > keyLife {
		return Claim{}, ErrExpiredKey
	}
	if former != nil && t.Ticket > former.Last {
		return Claim{}, ErrLost
	}
	return Claim{Token: t, KeyID: k.ID, Old: old || former != nil}, nil
}

// made tells in which epoch a token was made, and whether that was a former one; ok is false for one whose MAC is none of ours.
func (r *Keyring) made(k *Key, b []byte) (epoch string, former *Former, ok bool) {
	signed, mac := b[:len(b)-macLen], b[len(b)-macLen:]
	if hmac.Equal(mac, hash(k, r.Epoch, "token", signed, "")[:macLen]) {
		return r.Epoch, nil, true
	}
	for i := range r.Former {
		if f := &r.Former[i]; hmac.Equal(mac, hash(k, f.Epoch, "token", signed, "")[:macLen]) {
			return f.Epoch, f, true
		}
	}
	return r.Epoch, nil, false
}

// For tells whether a token with a valid MAC was made for this recipient. Whether its key still counts, Read tells.
func (r *Keyring) For(s string, recipient string) bool {
	b, _, err := decode(s)
	if err != nil {
		return false
	}
	k := r.key(b[0])
	if k == nil {
		return false
	}
	signed := b[:len(b)-macLen]
	said, tag := signed[:len(signed)-recipientLen], signed[len(signed)-recipientLen:]
	// Both hashes are always compared, so that the time taken does not tell which one was wrong.
	epoch, _, ours := r.made(k, b)
	theirs := hmac.Equal(tag, hash(k, epoch, "recipient", said, recipientForm(recipient))[:recipientLen])
	return ours && theirs
}

func (r *Keyring) key(id byte) *Key {
	for i := range r.Keys {
		if r.Keys[i].ID == id && len(r.Keys[i].Secret) > 0 {
			return &r.Keys[i]
		}
	}
	return nil
}

// hash is the keyed hash of the parts, each with its length before it, so that no two lists of parts give the same bytes. The use
// keeps a recipient's hash from ever being a MAC.
func hash(k *Key, epoch, use string, said []byte, recipient string) []byte {
	h := hmac.New(sha256.New, k.Secret)
	for _, part := range []string{"postdesk", use, epoch, string(said), recipient} {
		h.Write(binary.AppendUvarint(nil, uint64(len(part))))
		h.Write([]byte(part))
	}
	return h.Sum(nil)
}

func recipientForm(addr string) string {
	if c, err := Canonical(addr); err == nil {
		return c
	}
	return lowerASCII(addr)
}

// decode takes a token apart without believing it. Each token has one spelling besides its case: spare bits at the end and long
// forms of a number are malformed.
func decode(s string) ([]byte, Token, error) {
	if len(s) > maxTokenLen {
		return nil, Token{}, ErrMalformed
	}
	s = lowerASCII(s)
	b, err := encoding.DecodeString(s)
	if err != nil || encoding.EncodeToString(b) != s || len(b) < 2+recipientLen+macLen {
		return nil, Token{}, ErrMalformed
	}
	numbers := b[2 : len(b)-recipientLen-macLen]
	ticket, n := binary.Uvarint(numbers)
	if n <= 0 {
		return nil, Token{}, ErrMalformed
	}
	arg, m := binary.Uvarint(numbers[n:])
	if m <= 0 || n+m != len(numbers) || ticket > math.MaxInt64 || arg > math.MaxInt64 ||
		len(binary.AppendUvarint(binary.AppendUvarint(nil, ticket), arg)) != len(numbers) {
		return nil, Token{}, ErrMalformed
	}
	return b, Token{Purpose: Purpose(b[1]), Ticket: int64(ticket), Arg: int64(arg)}, nil
}

// WithToken is the reply address with the token: "support@desk.example" and TOKEN make "support+TOKEN@desk.example".
func WithToken(base, token string) string { return Local(base) + "+" + token + "@" + Domain(base) }

// TokenOf is what stands in the place of a token in an address of ours, as WithToken makes them from base. Whether it is any good,
// and if not why, Read tells.
func TokenOf(addr, base string) (token string, ok bool) {
	if lowerASCII(Domain(addr)) != lowerASCII(Domain(base)) {
		return "", false
	}
	token, ok = strings.CutPrefix(lowerASCII(Local(addr)), lowerASCII(Local(base))+"+")
	return token, ok && tokenShaped(token)
}

// NewID is a Message-ID of ours that holds a token, for people whose mail program answers to the wrong address but keeps the
// references. The unique part holds only what an id may hold.
func NewID(token, unique, domain string) ID { return ID(unique + "." + token + "@" + domain) }

// TokenOfID is what stands in the place of a token in a Message-ID, as NewID makes them for that domain.
func TokenOfID(id ID, domain string) (token string, ok bool) {
	if lowerASCII(Domain(string(id))) != lowerASCII(domain) {
		return "", false
	}
	local := lowerASCII(Local(string(id)))
	dot := strings.LastIndexByte(local, '.')
	if dot < 0 {
		return "", false
	}
	return local[dot+1:], tokenShaped(local[dot+1:])
}

// tokenShaped tells a token, be it a damaged one whose reason staff should see (T021), from another plus tag such as "+sales".
func tokenShaped(s string) bool {
	return 24 <= len(s) && len(s) <= maxTokenLen &&
		strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789") == ""
}
