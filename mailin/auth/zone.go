package auth

import (
	"context"
	"net"
	"strings"
)

// A Zone is TXT records by name, lower case, for looking up without a network. Instead of records a name may have the one value TEMPERROR,
// for a server that does not answer, or PERMERROR, for one that says there is nothing.
type Zone map[string][]string

// LookupTXT is for Checker.LookupTXT.
func (z Zone) LookupTXT(_ context.Context, name string) ([]string, error) {
	txts := z[strings.ToLower(name)]
	switch {
	case len(txts) == 1 && txts[0] == "TEMPERROR":
		return nil, &net.DNSError{Err: "server misbehaving", Name: name, IsTemporary: true}
	case len(txts) == 0, len(txts) == 1 && txts[0] == "PERMERROR":
		return nil, &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
	}
	return txts, nil
}
