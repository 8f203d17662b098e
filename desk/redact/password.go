package redact

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// words for a password in the languages of our customers. A word that ends with one is one too: Zugangspasswort, DB_PASSWORD.
var words = []string{
	"password", "passwd", "passphrase", "passcode", "passwort", "kennwort", "wachtwoord", "contraseña", "contrasena",
	"пароль", "пароля", "паролем", "hasło", "haslo", "hasłem", "motdepasse",
}

// shortWords are words of which others end by chance, as compass and bypass do. They stand alone or behind a sign, as in smtp_pass.
var shortWords = []string{"pass", "pwd", "pw", "mdp", "passe", "clave", "psw", "pswd"}

// weakWords lead other things than secrets more often than not, so that only a value that looks like a secret counts.
var weakWords = []string{
	"secret", "token", "apikey", "api_key", "api-key", "accesskey", "access_key", "secretkey", "secret_key", "accountkey", "privatekey",
	"private_key", "client_secret", "pin", "passkey", "signature_key",
}

// checkWords lead the check number of a card.
var checkWords = []string{"cvv", "cvc", "cvv2", "cvc2"}

// noSecrets are words that stand behind "password:" and are none.
var noSecrets = strings.Fields(`
	and any are as ask at below blank case change changed changing correct created default denied empty enter error expired false field
	following for forgot forgotten forgot? given hash help here hidden how if in incorrect input invalid is it issue issues link login lost min minimum
	missing must my n/a need needed new no none not null ok old on optional or page please policy problem problems protected random recovery
	request required reset same secret see sent set should string text that the this to true type undefined unknown update updated user
	username valid was what will with wrong yes you your
	vergessen falsch geändert zurücksetzen zurückgesetzt siehe unten neu alt leer keine keins kein nicht unbekannt bitte ungültig erforderlich
	oublié perdu incorrecte voir nouveau vide inconnu requis aucun modifié réinitialiser
	olvidada olvidado incorrecta perdida nueva ver vacía ninguna cambiada restablecer
	vergeten onjuist verkeerd nieuw leeg geen zie wijzigen herstellen
	dimenticata errata persa nuova vuota nessuna vedi cambiata reimpostare
	забыл забыла неверный неправильный новый нет изменить сбросить утерян см
	zapomniane błędne nowe brak zobacz zmienić reset nieprawidłowe`)

// passwords finds what stands behind a word for a password, by all the ways in which people and programs write it: "Passwort: x",
// "mot de passe est x", "DB_PASSWORD=x", `"password": "x"`, <password>x</password>, "login/pass: admin / x", and on the line below.
func passwords(s string) []Find {
	var found []Find
	for i := 0; i < len(s); {
		start, end := nextWord(s, i)
		if start < 0 {
			break
		}
		i = end
		strength := leads(s, start, end)
		if strength == nothing {
			continue
		}
		if f, ok := strength.value(s, start, end); ok {
			found = append(found, f)
			i = max(i, f.End)
		}
	}
	return found
}

// maxWord is the longest word that is looked at, in bytes: DATABASE_ADMINISTRATOR_PASSWORD has half of it.
const maxWord = 64

// nextWord is the next run of letters, digits and underscores; start is -1 where there is none.
func nextWord(s string, i int) (start, end int) {
	start = -1
	for at, r := range s[i:] {
		in := r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) || r >= utf8.RuneSelf && unicode.IsMark(r)
		switch {
		case in && start < 0:
			start = i + at
		case !in && start >= 0:
			return start, i + at
		}
	}
	return start, len(s)
}

// A strength is how surely the word leads a secret.
type strength int

const (
	nothing strength = iota
	check            // three or four digits count
	weak             // what looks like a secret counts
	strong           // nearly everything counts
)

// leads tells what the word from start to end leads.
func leads(s string, start, end int) strength {
	if end-start > maxWord {
		return nothing
	}
	w := strings.TrimRight(strings.ToLower(norm.NFC.String(strings.ToValidUTF8(s[start:end], " "))), "0123456789_")
	if len(w) < 2 {
		return nothing
	}
	for _, x := range words {
		if strings.HasSuffix(w, x) {
			return strong
		}
	}
	if w == "clave" && follows(s, start, "palabra ") {
		return nothing // a keyword
	}
	for _, x := range shortWords {
		if w == x && (x != "passe" || follows(s, start, "mot de ", "mots de ")) || endsIn(w, x) {
			return strong
		}
	}
	if strings.HasSuffix(s[start:end], "Pass") || strings.HasSuffix(s[start:end], "Pwd") || w == "pgpassword" {
		return strong // dbPass
	}
	for _, x := range weakWords {
		if w == x || endsIn(w, x) || len(x) > 5 && strings.HasSuffix(w, x) {
			return weak
		}
	}
	if w == "key" && follows(s, start, "api ", "api-", "access ", "access-", "secret ", "secret-") {
		return weak
	}
	if slices.Contains(checkWords, strings.ToLower(s[start:end])) {
		return check
	}
	return nothing
}

// endsIn tells whether the last part of a word is this one, as in smtp_pass.
func endsIn(word, part string) bool {
	rest, ok := strings.CutSuffix(word, part)
	return ok && strings.HasSuffix(rest, "_")
}

// follows tells whether one of these stands before start, in small letters or in capitals.
func follows(s string, start int, before ...string) bool {
	return hasSuffix(strings.ToLower(s[max(0, start-len("palabra ")):start]), before...)
}

func hasSuffix(s string, suffixes ...string) bool {
	return slices.ContainsFunc(suffixes, func(x string) bool { return strings.HasSuffix(s, x) })
}

// value finds the secret that the word from start to end leads.
func (st strength) value(s string, start, end int) (Find, bool) {
	i, sep, nextLine := separated(s, end)
	if sep == noSeparator || sep == loose && st == weak {
		return Find{}, false
	}
	kind := Password
	switch st {
	case weak:
		kind = Token
	case check:
		kind = Card
	}

	v := valueAt(s, i)
	if strings.Contains(s[v.start:v.end], Mask) {
		return Find{}, false
	}
	before := strings.ToLower(strings.ToValidUTF8(s[max(0, start-6):start], " "))
	if st == strong && sep == firm && hasSuffix(before, pairs...) { // "login/password: admin / x"
		if w := second(s, v); w.start < w.end && w != v {
			if placeholder(s[w.start:w.end]) {
				return Find{}, false
			}
			if st.takes(s[w.start:w.end], w, sep, nextLine) {
				return Find{kind, w.start, runEnd(s, w)}, true
			}
		}
	}
	if v.start == v.end || !st.takes(s[v.start:v.end], v, sep, nextLine) {
		return Find{}, false
	}
	return Find{kind, v.start, runEnd(s, v)}, true
}

// pairs stand between a word for a name and one for a password.
var pairs = []string{"/", "/ ", "&", "& ", "+", "+ ", " and ", " und ", " et ", " y ", " en ", " e ", " и ", " i "}

// takes tells whether this value, set off so, is a secret.
func (st strength) takes(word string, v val, sep separator, nextLine bool) bool {
	digits := strings.Trim(word, "0123456789") == ""
	if st == check {
		return digits && 3 <= len(word) && len(word) <= 4
	}
	if placeholder(word) || slices.Contains(noSecrets, strings.ToLower(strings.TrimRight(word, ".,;:!?)"))) {
		return false
	}
	looks := looksSecret(word)
	switch {
	case st == weak:
		return looks && (digits || len(word) >= 8)
	case nextLine:
		return looks && (v.alone || v.quoted)
	case v.quoted:
		return (looks || sep != loose) && strings.Count(word, " ") < 4 // more words than that are a sentence
	case sep == tight:
		return true
	case sep == firm:
		return looks || v.alone
	case sep == aside:
		return looks
	}
	return looks && len(word) >= 6 && strings.ContainsAny(word, "0123456789") && strings.ContainsFunc(word, unicode.IsLetter) &&
		!strings.Contains(word, "(")
}

// looksSecret tells a made-up word from a written one: letters with digits, signs inside, capitals inside, or at least four digits.
func looksSecret(w string) bool {
	core := strings.Trim(w, ".,;:!?()\"'")
	var letters, digits, signs, inner int
	lower := false
	for i, r := range core {
		switch {
		case unicode.IsDigit(r):
			digits++
		case unicode.IsUpper(r):
			letters++
			if lower && i > 0 {
				inner++
			}
		case unicode.IsLetter(r):
			letters++
		case strings.ContainsRune("!@#$%^&*+=~?\\{}[]<>|_§€", r):
			signs++
		}
		lower = unicode.IsLower(r)
	}
	n := utf8.RuneCountInString(core)
	return n >= 4 && (digits > 0 && letters > 0 || signs > 0 && letters+digits > 0 || inner > 0 || digits == n) ||
		n >= 3 && strings.HasSuffix(w, "!") && digits > 0
}

// placeholder tells what stands for a secret in examples and programs, and addresses, which are none.
func placeholder(w string) bool {
	switch {
	case strings.Contains(w, "://"), strings.HasPrefix(w, "www."), hasPrefix(w, "${", "$(", "{{", "%(", "<", "[", "%s", "os.", "process.", "getenv"):
		return true
	case strings.Trim(w, "*•xX.-_?…") == "", strings.Contains(w, Mask):
		return true
	case strings.HasPrefix(w, "$") && strings.Trim(strings.ToLower(w), "$abcdefghijklmnopqrstuvwxyz_;[]'\"->") == "":
		return true // a variable
	case strings.HasSuffix(w, "("):
		return true // a call, its end taken off
	}
	local, domain, at := strings.Cut(w, "@")
	return at && local != "" && strings.Contains(domain, ".") && strings.Trim(strings.ToLower(domain), "abcdefghijklmnopqrstuvwxyz.-") == ""
}
