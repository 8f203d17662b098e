package redact

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// In these texts the secret stands between ‹ and ›, which are taken out before the search.
func split(marked string) (text, want string, n int) {
	var t, w strings.Builder
	for rest := marked; ; n++ {
		before, after, ok := strings.Cut(rest, "‹")
		t.WriteString(before)
		w.WriteString(before)
		if !ok {
			return t.String(), w.String(), n
		}
		secret, after, _ := strings.Cut(after, "›")
		t.WriteString(secret)
		w.WriteString(Mask)
		rest = after
	}
}

func checkMasks(t *testing.T, tests []struct{ name, marked, kind string }) {
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			text, want, n := split(tt.marked)
			got, found := Secrets(text)
			if got != want {
				t.Errorf("got  %q\nwant %q", got, want)
			}
			if len(found) != n {
				t.Errorf("%d finds, want %d: %+v", len(found), n, found)
			}
			for _, f := range found {
				if f.Kind != tt.kind {
					t.Errorf("%q is found as a %s, want a %s", text[f.Start:f.End], f.Kind, tt.kind)
				}
			}
			if again, found := Secrets(got); again != got || len(found) != 0 {
				t.Errorf("masked again it is %q", again)
			}
		})
	}
}

func TestT085Passwords(t *testing.T) {
	checkMasks(t, []struct{ name, marked, kind string }{
		{"English", "The login is kim, password: ‹hunter2›, thanks.", Password},
		{"at the end of a sentence", "My password is ‹Sommer2026›. Please look.", Password},
		{"a plain word alone on its line", "User: kim\nPassword: ‹hunter›\nThanks", Password},
		{"with an exclamation mark", "Password: ‹abc!›", Password},
		{"German", "Passwort: ‹geheim›", Password},
		{"German, other word", "Das Kennwort lautet ‹Wald4711›", Password},
		{"German, copula and colon", "Das Passwort ist: ‹waldmeister›", Password},
		{"German, joined word", "FTP-Zugangspasswort = ‹wald›", Password},
		{"French", "Mot de passe : ‹soleil›", Password},
		{"French, in a sentence", "mon mot de passe est ‹soleil34›, merci", Password},
		{"French, copula and colon", "le mot de passe est : ‹soleil›", Password},
		{"French, short", "mdp : ‹soleil›", Password},
		{"Spanish", "Contraseña: ‹playa›", Password},
		{"Spanish, letters in two pieces", "Contrasen\u0303a: ‹playa›", Password},
		{"Spanish, in a sentence", "la contraseña es ‹playa99›", Password},
		{"Dutch", "Wachtwoord: ‹fiets›", Password},
		{"Italian", "La password è ‹mare2026›", Password},
		{"Polish", "Hasło: ‹morze›", Password},
		{"Polish, without its letters", "haslo: ‹morze›", Password},
		{"Polish, in a sentence", "hasło to ‹morze7›", Password},
		{"Russian", "Пароль: ‹море›", Password},
		{"Russian, with a dash", "пароль - ‹qwerty123›", Password},
		{"Russian, for what", "Пароль от сервера: ‹море77›", Password},
		{"short word", "user: root, pw: ‹t00r›", Password},
		{"pwd", "pwd=‹t00r›", Password},
		{"for what", "Password for root@host.example: ‹t00r›", Password},
		{"for what, in a sentence", "The password for the new server is ‹t00r›.", Password},
		{"in parentheses, for what", "Passwort (FTP): ‹t00r›", Password},
		{"name and password", "login/password: admin / ‹hunter2›", Password},
		{"name and password, joined", "user & pass: admin:‹hunter2›", Password},
		{"name and password, in words", "Name und Passwort: admin ‹hunter2›", Password},
		{"name on one line, password alone", "login and password: ‹hunter2› thanks", Password},
		{"on the line below", "Password:\n‹hunter2›\nThanks", Password},
		{"on the line below, quoted", "> Password:\r\n> ‹hunter2›\r\n", Password},
		{"a table by tabs", "Password\t‹hunter2›", Password},
		{"a table by bars", "| Password | ‹hunter2› |", Password},
		{"words without a sign", "use admin password ‹hunter2› there", Password},
		{"in quotes", `password is "‹correct horse›"`, Password},
		{"in German quotes", "Passwort „‹Wald 7 Wiese›“", Password},
		{"bold", "**Password:** ‹hunter2›", Password},
		{"with signs that could end it", "Password: ‹ab|c<d1›\nThanks", Password},
		{"an escaped quote inside", `"password": "‹a\"b›", "x": "y"`, Password},
		{"full-width colon", "Password：‹hunter2›", Password},
		{"environment", "DB_PASSWORD=‹hunter›", Password},
		{"environment of PostgreSQL", "PGPASSWORD=‹hunter› psql", Password},
		{"YAML", "  smtp_pass: ‹hunter›", Password},
		{"JSON", `{"user":"kim","password":"‹a\u00e9 b›","x":1}`, Password},
		{"JSON of a recording", `{"name": "password", "value": "‹hunter2›"}`, Password},
		{"PHP", "$db_pass = '‹hunter›';", Password},
		{"PHP, defined", "define('DB_PASSWORD', '‹hunter›');", Password},
		{"PHP, array", "'password' => '‹hunter›',", Password},
		{"Java", `String dbPass = "‹hunter›";`, Password},
		{"XML", "<password>‹hunter›</password>", Password},
		{"command line", "mysql --user=root --password=‹hunter› shop", Password},
		{"query", "https://shop.example/?user=kim&password=‹hunter2›&x=1", Password},
		{"URL", "ftp://kim:‹hun@ter›@files.cust.example/x and more", Password},
		{"URL of a database", "DSN: postgres://root:‹t00r›@10.0.0.1:5432/shop", Password},
		{"URL in brackets", "<https://kim:‹hunter›@cust.example>", Password},
		{"twice", "password: ‹hunter2› old password: ‹hunter1›", Password},
	})
}

func TestT085Tokens(t *testing.T) {
	jwt := "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"
	// Joined from pieces, so that nobody's scanner takes this file for a leak.
	checkMasks(t, []struct{ name, marked, kind string }{
		{"AWS", "key ‹AKIA" + "ABCDEFGHIJKLMN12› here", Token},
		{"GitHub", "(‹ghp_" + strings.Repeat("a1B2", 9) + "›)", Token},
		{"GitHub, fine-grained", "‹github_pat_" + strings.Repeat("a1B2", 9) + "›.", Token},
		{"GitLab", "‹glpat-" + strings.Repeat("x1", 10) + "›", Token},
		{"Slack", "‹xoxb-" + "123456789012-abcdefABCDEF›", Token},
		{"Stripe", "‹sk_live_" + strings.Repeat("a1B2", 6) + "›", Token},
		{"Google", "‹AIza" + strings.Repeat("aB3d5", 7) + "›", Token},
		{"JSON Web Token", "‹" + jwt + "›", Token},
		{"bearer", "Authorization: Bearer ‹abcdefghij0123456789+/=›", Token},
		{"basic", "Authorization: Basic ‹a2ltOmh1bnRlcjI=›", Token},
		{"cookie", "Cookie: sid=‹0123456789abcdef; theme=dark›\r\nHost: x", Token},
		{"cookie that is set", "Set-Cookie: sid=‹0123456789abcdef; HttpOnly›", Token},
		{"behind its word", "api_key = ‹9f8e7d6c5b4a›", Token},
		{"behind two words", "API key: ‹9f8e7d6c5b4a›", Token},
		{"client secret", `"client_secret": "‹9f8e7d6c5b4a›"`, Token},
		{"AWS secret", "aws_secret_access_key=‹wJalrXUtnFEMI/K7MDENG/bPxRfiCY›", Token},
		{"PIN", "PIN: ‹4711›", Token},
	})
}

func TestT085Keys(t *testing.T) {
	body := "‹" + strings.Repeat("MIIEvQIBADANBgkqhkiG9w0BAQEFAASC\n", 5) + "AQE=›\n"
	begin, end := "-----BEGIN RSA PRIVATE "+"KEY-----\n", "-----END RSA PRIVATE KEY-----\n"
	checkMasks(t, []struct{ name, marked, kind string }{
		{"PEM", "here:\n" + begin + body + end + "thanks", Key},
		{"PEM, its end missing", begin + body + "\nthanks, kim", Key},
		{"PEM, in a quote", "> " + begin + "‹> MIIE\n> AQE=\n> ›" + end, Key},
		{"two of them", begin + body + end + begin + body + end, Key},
		{"with headers inside", begin + "‹Proc-Type: 4,ENCRYPTED\n\nMIIE›\n" + end, Key},
		{"PuTTY", "PuTTY-User-Key-File-2: ssh-rsa\nPrivate-Lines: 2\n‹AAAA\nBBBB=›\nPrivate-MAC: 0", Key},
	})
	for _, s := range []string{
		"-----BEGIN PUBLIC KEY-----\nMIIE\n-----END PUBLIC KEY-----", "-----BEGIN CERTIFICATE-----\nMIIE\n-----END CERTIFICATE-----",
		begin, begin + end, "the -----BEGIN RSA PRIVATE KEY----- line is missing",
	} {
		if got, found := Secrets(s); len(found) != 0 {
			t.Errorf("%q became %q", s, got)
		}
	}
}

func TestT085Cards(t *testing.T) {
	checkMasks(t, []struct{ name, marked, kind string }{
		{"groups", "My card ‹4111 1111 1111 1111› 12/27", Card},
		{"hyphens", "card: ‹5500-0055-5555-5559›.", Card},
		{"in one piece", "‹4111111111111111›", Card},
		{"American Express", "‹3782 822463 10005›", Card},
		{"Diners Club", "‹30569309025904›", Card},
		{"with its check number", "‹4111111111111111›, CVV: ‹123›", Card},
		{"with its check number, no colon", "‹4111111111111111› CVC ‹123›", Card},
		{"behind a wide colon", "卡号：‹4111111111111111›", Card},
	})
	for _, s := range []string{
		"4111 1111 1111 1112", "1234 5678 9012 3452", "order 41111111111111110000", "x4111111111111111", "4111111111111111.5",
		"/orders/4111111111111111", "IMEI 352099001761481", "1699999999999", "4111 11111111 1111", "2026-03-02 09:00:00", "+49 170 1234567",
		"4111111111111111x", "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16",
	} {
		if got, found := Secrets(s); len(found) != 0 {
			t.Errorf("%q became %q", s, got)
		}
	}
}

func TestNothingToMask(t *testing.T) {
	for _, s := range []string{
		"", "I forgot my password.", "password: reset, please", "Password reset: click here", "Please reset my password: it is expired.",
		"My password is not working since 2026-03-01", "The password is wrong.", "Passwort vergessen?", "Passwort: vergessen",
		"Das Passwort ist falsch, bitte um Hilfe", "Mot de passe oublié ?", "mot de passe : oublié", "Il passe le temps: bien", "Contraseña olvidada",
		"Wachtwoord vergeten", "Nie pamiętam, hasło: zapomniane", "Забыл пароль. Помогите!", "пароль неверный", "Password: see below", "password: none",
		"the compass: N40E", "bypass: true1", "pass the salt2 please", "Password must have 8 characters", "password: https://desk.example/reset/1",
		"username/password: kim@cust.example", "Password: ********", "Password: •••••", "password = ${DB_PASSWORD}", "password: {{ .Password }}",
		"$pass = $config['pass'];", "password = getPassword();", `<input type="password" id="field1">`, `"password": ""`, `"password": null,`,
		"password: string", "Password policy: min8chars", "password-protected: file1", "the token: none", "secret: santa", "token expired, code 500", "pin: on",
		"PIN code 560001", "basic authentication", "Basic knowledge of PHP8 needed", "bearer of news", "Cookie: how do I delete it = tell me",
		"https://cust.example:8443/x@y", "mailto:kim@cust.example", "http://cust.example/a:b@c", "palabra clave: flores", "sk-ip this", "SG. and more",
		`The form says "password: must be at least 8 characters with 1 digit"`, "password:", "password", "Password:\n\nThanks", "Password:\nThanks, Kim",
		"\xff\xfe password \xff: ", "passwords: 12", "version 2.4.1-rc1", "eyJ.a.b",
		"Received-SPF: Pass (sender SPF authorized) identity=mailfrom; client-ip=192.0.2.1",
	} {
		if got, found := Secrets(s); len(found) != 0 || got != s {
			t.Errorf("%q became %q", s, got)
		}
	}
}

func TestFindsAreBytesOfTheText(t *testing.T) {
	s := "Пароль: море77, card 4111 1111 1111 1111"
	_, found := Secrets(s)
	if len(found) != 2 || s[found[0].Start:found[0].End] != "море77" || s[found[1].Start:found[1].End] != "4111 1111 1111 1111" {
		t.Errorf("got %+v", found)
	}
}

// T059 for secrets: nothing that a stranger writes costs more than its length.
func TestT059HostileText(t *testing.T) {
	const size = 1 << 18 // bytes
	for _, unit := range []string{
		"password:", "password=", "password ", "password\n", "login/password: a/", "-----BEGIN RSA PRIVATE KEY-----\n", "-----BEGIN ", "Private-Lines:\n",
		"://", "://a:b", "4", "4 ", "4111 ", "4111-", "eyJ.", "bearer ", "basic a", "cookie:a=", "Cookie: ", "\"", "\"password\",", "„", "_", "a", "é", " ", "=", "\xff",
		"password for ", "password (", "xoxb-", "A.eyJ", "password:\n> ",
	} {
		s := strings.Repeat(unit, size/len(unit))
		start := time.Now()
		Secrets(s)
		Secrets("password: " + s)
		if d := time.Since(start); d > 5*time.Second {
			t.Errorf("512 KiB of %q took %v", unit, d)
		}
	}
}

// Mails that people sent in public hold next to no secrets: what is found in them is found wrongly.
func TestFewFalseFinds(t *testing.T) {
	dir := filepath.Join("..", "..", "..", "shared", "corpora", "replies", "mails")
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Skip("no corpora beside the project: ", dir)
	}
	mails, with := 0, 0
	for _, e := range entries {
		b, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			continue
		}
		mails++
		if _, body, ok := strings.Cut(strings.ReplaceAll(string(b), "\r\n", "\n"), "\n\n"); ok {
			if _, found := Secrets(body); len(found) > 0 {
				with++
				for _, f := range found {
					t.Logf("%s: %s %.40q after %q", e.Name(), f.Kind, body[f.Start:f.End], body[max(0, f.Start-30):f.Start])
				}
			}
		}
	}
	if with*100 > mails*3 {
		t.Errorf("%d of %d mails hold something that looks like a secret", with, mails)
	}
}

func FuzzSecrets(f *testing.F) {
	for _, s := range []string{
		"password: hunter2", "Пароль - x1y2z3", `"password", "value": "a"`, "ftp://a:b@c", "4111 1111 1111 1111", "Authorization: Basic a2ltOng=",
		"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END", "login/password: a / b1c2",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		masked, found := Secrets(s)
		end := 0
		for _, x := range found {
			if x.Start < end || x.End <= x.Start || x.End > len(s) || x.Kind == "" {
				t.Fatalf("finds of %q are %+v", s, found)
			}
			end = x.End
		}
		if want := len(found); strings.Count(masked, Mask) < want {
			t.Errorf("%q has %d finds and became %q", s, want, masked)
		}
	})
}

func ExampleSecrets() {
	masked, found := Secrets("FTP login kim, password: hunter2")
	fmt.Println(masked, found[0].Kind)
	// Output: FTP login kim, password: ******** password
}
