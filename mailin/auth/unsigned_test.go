package auth

import (
	"slices"
	"testing"

	"github.com/postdesk/postdesk/desk/message"
)

// TestUnsigned tells what whoever passes on a signed mail could have put there. All of these mails are A1.
func TestUnsigned(t *testing.T) {
	const passed = "Authentication-Results: mx.desk.example; dkim=pass header.d=cust.example\n" + trace0 + "\n"
	const signed = "DKIM-Signature: v=1; a=rsa-sha256; d=cust.example; s=a; b=x; h="
	for _, tt := range []struct {
		name, header string
		repeated     []string
		want         []string
	}{
		{"all are signed", passed + signed + "From:To:Cc:Subject:In-Reply-To", nil, nil},
		{"in any case, with spaces", passed + signed + "from : to : CC : subject : in-reply-to", nil, nil},
		{"as Microsoft signs", passed + signed + "From:Date:Subject:Message-ID:Content-Type:MIME-Version", nil, []string{"To", "Cc", "In-Reply-To"}},
		{"signed, and put there again above", passed + signed + "From:To:Cc:Subject:In-Reply-To", []string{"To", "Subject"}, []string{"To", "Subject"}},
		{"of two signatures one is short", passed + signed + "From:To:Cc:Subject:In-Reply-To\n" + signed + "From:To", nil, []string{"Cc", "In-Reply-To", "Subject"}},
		{"another domain's covers nothing", passed + signed + "From:To\n" + "DKIM-Signature: v=1; a=rsa-sha256; d=evil.example; b=x; h=From:To:Cc:Subject:In-Reply-To",
			nil, []string{"Cc", "In-Reply-To", "Subject"}},
		{"the server took the signature away", passed, []string{"Cc"}, []string{"Cc"}},
		{"by dmarc alone", "Authentication-Results: mx.desk.example; dmarc=pass\n" + trace0 + "\n" + signed + "From:To:Subject", nil, []string{"Cc", "In-Reply-To"}},
		{"submitted with a password", "Authentication-Results: mx.desk.example; auth=pass smtp.auth=kim@cust.example\n" + trace0, []string{"To"}, nil},
	} {
		m := mail("kim@cust.example", tt.header)
		m.Repeated = tt.repeated
		if got := check(t, m, pinned, message.LevelA1).Unsigned; !slices.Equal(got, tt.want) {
			t.Errorf("%s: %q are not covered, want %q", tt.name, got, tt.want)
		}
	}
	// So many signatures that the true one may not be among those that are read.
	m := mail("kim@cust.example", passed)
	for range maxClauses {
		m.Trace = append(m.Trace, message.Field{Name: "DKIM-Signature", Value: "v=1; d=evil.example; h=From"})
	}
	if got := check(t, m, pinned, message.LevelA1).Unsigned; len(got) != 4 {
		t.Errorf("behind %d signatures: %q", maxClauses, got)
	}
}
