package redact

import (
	"encoding/base64"
	"strings"
)

// A shape is how the tokens of one service look: a prefix that they announce themselves by, and how many characters follow at least.
type shape struct {
	prefix string
	least  int
}

// shapes are those of services which give their tokens a prefix so that they can be found.
var shapes = []shape{
	{"AKIA", 16}, {"ASIA", 16}, // AWS
	{"ghp_", 30}, {"gho_", 30}, {"ghu_", 30}, {"ghs_", 30}, {"ghr_", 30}, {"github_pat_", 22}, // GitHub
	{"glpat-", 20}, {"gldt-", 20}, {"glrt-", 20}, // GitLab
	{"xoxb-", 20}, {"xoxp-", 20}, {"xoxa-", 20}, {"xoxr-", 20}, {"xoxs-", 20}, {"xapp-", 20}, // Slack
	{"sk_live_", 16}, {"sk_test_", 16}, {"rk_live_", 16}, {"rk_test_", 16}, {"whsec_", 20}, // Stripe
	{"AIza", 35}, {"ya29.", 20}, {"GOCSPX-", 20}, // Google
	{"SG.", 40},                  // SendGrid
	{"sk-", 32}, {"sk-ant-", 20}, // language model services
	{"npm_", 30}, {"pypi-", 30}, {"dop_v1_", 40}, {"hvs.", 24}, {"shpat_", 30}, // registries, hosts, vaults, shops
	{"AGE-SECRET-KEY-1", 50},
}

// tokens finds tokens by their own shape, and those that follow "Bearer", "Basic" and "Cookie:".
func tokens(s string) []Find {
	var found []Find
	for i := 0; i < len(s); {
		if !isToken(s[i]) {
			i++
			continue
		}
		start := i
		for i < len(s) && isToken(s[i]) {
			i++
		}
		switch run := s[start:i]; {
		case announced(run) || isJWT(run):
			found = append(found, Find{Token, start, start + len(strings.TrimRight(run, ".-"))})
		case equalFold(run, "bearer"), equalFold(run, "basic"):
			value := i
			for value < len(s) && value < i+8 && s[value] == ' ' {
				value++
			}
			end := value
			for end < len(s) && (isToken(s[end]) || strings.IndexByte("~+/=", s[end]) >= 0) {
				end++
			}
			if end-value >= 16 && equalFold(run, "bearer") || equalFold(run, "basic") && isBasic(s[value:end]) {
				found = append(found, Find{Token, value, end})
			}
			i = max(i, end)
		case equalFold(run, "cookie"), equalFold(run, "set-cookie"):
			value, ok := strings.CutPrefix(s[i:], ":")
			if !ok {
				continue
			}
			value, _, _ = strings.Cut(value, "\n")
			if name, v, ok := strings.Cut(value, "="); ok && len(v) >= 8 && !strings.Contains(strings.TrimSpace(name), " ") {
				found = append(found, Find{Token, i + 1 + len(name) + 1, i + 1 + len(strings.TrimRight(value, " \r"))})
			}
			i += 1 + len(value)
		}
	}
	return found
}

func isToken(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_' || c == '-' || c == '.'
}

func equalFold(s, lower string) bool { return len(s) == len(lower) && strings.ToLower(s) == lower }

func announced(run string) bool {
	for _, sh := range shapes {
		if rest, ok := strings.CutPrefix(run, sh.prefix); ok && len(rest) >= sh.least && strings.ContainsAny(rest, "0123456789") {
			return true
		}
	}
	return false
}

// isJWT tells a JSON Web Token (RFC 7519): two parts that begin with {" in base64, and a third one.
func isJWT(run string) bool {
	return strings.HasPrefix(run, "eyJ") && strings.Count(run, ".") >= 2 && strings.Contains(run, ".eyJ")
}

// isBasic tells the credentials of RFC 7617, a name and a password with a colon between, from any other word behind "basic".
func isBasic(s string) bool {
	if len(s) < 6 || len(s) > 1000 {
		return false
	}
	b, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(s, "="))
	return err == nil && strings.Contains(string(b), ":")
}

// urls finds the password in scheme://name:password@host (RFC 3986, 3.2.1).
func urls(s string) []Find {
	var found []Find
	for i := 0; ; {
		next := strings.Index(s[i:], "://")
		if next < 0 {
			return found
		}
		i += next + len("://")
		end := i
		for end < len(s) && strings.IndexByte(" \t\r\n/?#<>\"", s[end]) < 0 {
			end++
		}
		authority := s[i:end]
		at := strings.LastIndexByte(authority, '@')
		if colon := strings.IndexByte(authority, ':'); colon >= 0 && colon+1 < at {
			found = append(found, Find{Password, i + colon + 1, i + at})
		}
		i = end
	}
}
