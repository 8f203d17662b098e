package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"

	"github.com/emersion/go-msgauth/dkim"
)

// TestInspectVerifiesOffline: the keys come from the file that is named, and from nowhere else.
func TestInspectVerifiesOffline(t *testing.T) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	var signed bytes.Buffer
	if err := dkim.Sign(&signed, strings.NewReader(strings.ReplaceAll(inspectedMail, "\n", "\r\n")), &dkim.SignOptions{Domain: "cust.example", Selector: "A", Signer: private}); err != nil {
		t.Fatal(err)
	}
	mail := written(t, "mail.eml", signed.String())
	zone := written(t, "zone.json", `{"a._domainkey.cust.example.": ["v=DKIM1; k=ed25519; p=`+base64.StdEncoding.EncodeToString(public)+`"]}`)
	for _, tt := range []struct {
		name, file, zone, want, page string
	}{
		{"a key", mail, zone, `[{"domain":"cust.example","selector":"A","result":"pass"}]`, "Signature  pass of cust.example\n"},
		{"no key", mail, written(t, "none.json", `{}`), `[{"domain":"cust.example","selector":"A","result":"permerror","why":"no key for signature: lookup A._domainkey.cust.example: no such host"}]`, "permerror of cust.example: no key"},
		{"a server that is away", mail, written(t, "away.json", `{"A._domainkey.cust.example": ["TEMPERROR"]}`), `"temperror"`, "temperror of"},
		{"no signature", written(t, "plain.eml", inspectedMail), zone, `[]`, "Signature  none\n"},
		{"no zone", mail, "", `null`, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			out, err := inspected(t, inspectCmd{JSON: true, DNS: tt.zone, Files: []string{tt.file}})
			if err != nil {
				t.Fatal(err)
			}
			if got, _ := json.Marshal(jsonObjects(t, out)[0]["dkim"]); !strings.Contains(keysInOrder(string(got)), keysInOrder(tt.want)) {
				t.Errorf("got %s, want %s", got, tt.want)
			}
			page, err := inspected(t, inspectCmd{DNS: tt.zone, Files: []string{tt.file}})
			if err != nil || !strings.Contains(page, tt.page) || tt.zone == "" && strings.Contains(page, "Signature") {
				t.Errorf("%v; the page lacks %q:\n%s", err, tt.page, page)
			}
		})
	}
	for _, bad := range []string{written(t, "bad.json", `["v=DKIM1"]`), "/nowhere/zone.json"} {
		if _, err := inspected(t, inspectCmd{DNS: bad, Files: []string{mail}}); err == nil || !strings.Contains(err.Error(), "--dns") {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

// keysInOrder writes objects as Go sorts their keys.
func keysInOrder(s string) string {
	var v any
	if json.Unmarshal([]byte(s), &v) != nil {
		return s
	}
	b, _ := json.Marshal(v)
	return string(b)
}
