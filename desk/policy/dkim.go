package policy

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
)

// The least that signs: others take a shorter key for none (RFC 8301, 3.2), and one of 2048 bits is what they ask for.
const minSigningKey = 2048

// readSigners reads the keys that sign our mail. A key that this machine does not hold is told as any secret is.
func readSigners(v value, own string) (all []Signer) {
	for _, e := range v.elements() {
		m := e.fields("domain", "selector", "key", "key_file")
		s := Signer{Domain: own}
		if d := m.key("domain"); d.given() {
			s.Domain, _ = d.domain()
		}
		const want = "a name such as desk2026, under which the key stands in the DNS"
		s.Selector, _ = parsed(m.key("selector").must(want), "", want, func(text string) (string, error) {
			// Labels of a host name, with dots between (RFC 6376, 3.1).
			for label := range strings.SplitSeq(text, ".") {
				if label == "" || len(label) > 63 || strings.Trim(strings.ToLower(label), "abcdefghijklmnopqrstuvwxyz0123456789-") != "" || strings.HasPrefix(label, "-") || strings.HasSuffix(label, "-") {
					return "", errors.New("no selector")
				}
			}
			return text, nil
		})
		for _, other := range all {
			if other.Domain == s.Domain && other.Selector == s.Selector && s.Selector != "" {
				m.key("selector").mistake(quote(s.Selector)+" a second time", "another selector for each key of "+s.Domain)
			}
		}
		secret := m.secret("key", true)
		if secret != "" {
			key, err := ParseSigningKey([]byte(secret))
			if err != nil {
				m.mistake(err.Error(), "a private key in PEM, RSA of 2048 bits or more or Ed25519: postdesk dkim key FILE makes one")
			}
			s.Key = key
		}
		all = append(all, s)
	}
	return all
}

// ParseSigningKey reads a private key as openssl and postdesk write them. Its errors say what stands there, never the key.
func ParseSigningKey(text []byte) (SigningKey, error) {
	block, _ := pem.Decode(text)
	if block == nil {
		return SigningKey{}, errors.New("no PEM")
	}
	var key any
	var err error
	switch block.Type {
	case "PRIVATE KEY":
		key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	case "RSA PRIVATE KEY":
		key, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	default:
		return SigningKey{}, fmt.Errorf("PEM of the kind %s", quote(block.Type))
	}
	if err != nil {
		return SigningKey{}, errors.New("a key that cannot be read")
	}
	switch key := key.(type) {
	case *rsa.PrivateKey:
		if n := key.N.BitLen(); n < minSigningKey {
			return SigningKey{}, fmt.Errorf("an RSA key of %d bits", n)
		}
		return SigningKey{key}, nil
	case ed25519.PrivateKey:
		return SigningKey{key}, nil
	case crypto.Signer:
		return SigningKey{}, fmt.Errorf("a key of another kind (%T)", key.Public())
	}
	return SigningKey{}, errors.New("a key that cannot sign")
}
