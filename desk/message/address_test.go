package message

import (
	"strings"
	"testing"
)

func TestCanonical(t *testing.T) {
	tests := []struct{ name, addr, want string }{
		{"as it is", "kim@cust.example", "kim@cust.example"},
		{"ASCII case is folded in both parts", "Kim.LEE@Cust.EXAMPLE", "kim.lee@cust.example"},
		{"a quote that is not needed", `"kim"@cust.example`, "kim@cust.example"},
		{"plus and dots stay", "k.i.m+x@cust.example", "k.i.m+x@cust.example"},
		{"dots in odd places", "kim..lee.@cust.example", "kim..lee.@cust.example"},
		{"bounce tokens longer than 64", strings.Repeat("b", 100) + "@cust.example", strings.Repeat("b", 100) + "@cust.example"},
		{"dot at the end of the domain", "kim@cust.example.", "kim@cust.example"},
		{"one label", "root@localhost", "root@localhost"},
		{"underscore in the host", "root@my_host.cust.example", "root@my_host.cust.example"},
		{"address literal", "kim@[192.0.2.1]", "kim@[192.0.2.1]"},
		{"IPv6 literal", "kim@[IPv6:2001:DB8::1]", "kim@[ipv6:2001:db8::1]"},
		{"letters outside of ASCII", "jürgen@cust.example", "jürgen@cust.example"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Canonical(tt.addr)
			if err != nil || got != tt.want {
				t.Errorf("Canonical(%q) = %q, %v, want %q", tt.addr, got, err, tt.want)
			}
			if again, err := Canonical(got); err != nil || again != got {
				t.Errorf("the canonical form %q became %q, %v", got, again, err)
			}
		})
	}
}

func TestT014LookalikesAreOthers(t *testing.T) {
	stored := map[string]bool{"mike@cust.example": true, "joe@cust.example": true, "sam@cust.example": true}
	for _, addr := range []string{
		"mıke@cust.example", "mİke@cust.example", "mi\u212Ae@cust.example", "\u017Fam@cust.example",
		"joe+x@cust.example", "j.oe@cust.example", "ｍｉｋｅ@cust.example",
	} {
		got, err := Canonical(addr)
		if err != nil {
			t.Errorf("%q is refused: %v", addr, err)
		}
		if stored[got] {
			t.Errorf("%q is taken for %q", addr, got)
		}
	}
	if got, _ := Canonical("MIKE@CUST.example"); !stored[got] {
		t.Errorf("capitals make another identity: %q", got)
	}
}

func TestT015CyrillicDomainIsAnother(t *testing.T) {
	latin, cyrillic := "kim@acme.example", "kim@\u0430cme.example"
	got, err := Canonical(cyrillic)
	if err != nil || got == latin {
		t.Fatalf("Canonical(%q) = %q, %v, want a domain of its own", cyrillic, got, err)
	}
	for _, addr := range []string{cyrillic, got, "p\u0430yment@cust.example", "kim@\u03B1cme.example"} {
		if !MixedScript(addr) {
			t.Errorf("no warning for %q", addr)
		}
	}
	for _, addr := range []string{latin, "иван@cust.example", "kim@пример.example", "kim.иван@cust.example", "", "@"} {
		if MixedScript(addr) {
			t.Errorf("a warning for %q", addr)
		}
	}
}

func TestT016OneDomainInTwoForms(t *testing.T) {
	for _, addr := range []string{"kim@bücher.example", "kim@BÜCHER.example", "kim@bu\u0308cher.example", "kim@xn--bcher-kva.example", "kim@XN--BCHER-KVA.example"} {
		if got, err := Canonical(addr); err != nil || got != "kim@xn--bcher-kva.example" {
			t.Errorf("Canonical(%q) = %q, %v", addr, got, err)
		}
	}
}

func TestT064NoMailCanBeSentThere(t *testing.T) {
	for _, addr := range []string{
		"", "@", "kim", "kim@", "@cust.example", "kim lee@cust.example", " kim@cust.example", "kim@cust.example ",
		"kim@cust.example\r\nRCPT TO:<x@evil.example>", "kim\r\n@cust.example", "kim\x00@cust.example", "kim\x7f@cust.example",
		"$USER@cust.example", "a;b@cust.example", "`id`@cust.example", "a|b@cust.example", "kim@lee@cust.example",
		`"kim lee"@cust.example`, `"boss@cust.example x"@evil.example`, "<kim@cust.example>", "kim@cust..example", "kim@-cust.example",
		"kim@cust,example", "kim@[192.0.2]", "kim@[192.0.2.1", "kim@[2001:db8::1]", "kim@cust.example/../x", "kim@\u212Acust.example",
		"kim@ｃust.example", "kim\u202e@cust.example", "kim\xff@cust.example", "kim@\xff.example",
		strings.Repeat("a", 250) + "@cust.example", "kim@" + strings.Repeat("a", 64) + ".example", strings.Repeat("a", 400_000),
	} {
		if got, err := Canonical(addr); err == nil {
			t.Errorf("Canonical(%.60q) = %q, want it refused", addr, got)
		} else if len(err.Error()) > 500 {
			t.Errorf("the refusal of %.60q is %d bytes long", addr, len(err.Error()))
		}
	}
}

func TestSplitTag(t *testing.T) {
	tests := []struct{ addr, base, tag string }{
		{"support+abc@desk.example", "support@desk.example", "abc"},
		{"support+a+b@desk.example", "support@desk.example", "a+b"},
		{"support@desk.example", "support@desk.example", ""},
		{"+abc@desk.example", "+abc@desk.example", ""},
		{"support", "support", ""},
	}
	for _, tt := range tests {
		if base, tag := SplitTag(tt.addr); base != tt.base || tag != tt.tag {
			t.Errorf("SplitTag(%q) = %q, %q, want %q, %q", tt.addr, base, tag, tt.base, tt.tag)
		}
	}
}

func TestT009NameLooksLikeAddress(t *testing.T) {
	tests := []struct {
		name string
		a    Address
		want bool
	}{
		{"another address as the name", Address{"boss@cust.example", "m@evil.example"}, true},
		{"among words", Address{"Kim (boss@cust.example)", "m@evil.example"}, true},
		{"in brackets", Address{"Boss <boss@cust.example>", "m@evil.example"}, true},
		{"a wide @", Address{"boss＠cust.example", "m@evil.example"}, true},
		{"letters that are not seen", Address{"boss@\u200bcust\u00ad.example", "m@evil.example"}, true},
		{"an address that could not be read", Address{`"boss@cust.example x"@evil.example`, ""}, true},
		{"its own address", Address{"Kim@cust.example", "kim@cust.example"}, false},
		{"a handle", Address{"Kim @acme", "kim@acme.example"}, false},
		{"at work", Address{"Kim @ Acme Inc.", "kim@acme.example"}, false},
		{"a plain name", Address{"Kim Lee", "kim@cust.example"}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := NameLooksLikeAddress(tt.a); got != tt.want {
				t.Errorf("NameLooksLikeAddress(%+v) = %v, want %v", tt.a, got, tt.want)
			}
		})
	}
}

func FuzzCanonical(f *testing.F) {
	for _, s := range []string{"kim@cust.example", `"kim"@cust.example`, "kim@bücher.example", "kim@xn--bcher-kva.example", "kim@[ipv6:::1]", "a\r\n@b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := Canonical(s)
		if err != nil {
			return
		}
		if again, err := Canonical(got); err != nil || again != got {
			t.Errorf("the canonical form %q of %q became %q, %v", got, s, again, err)
		}
		if strings.ContainsAny(got, "\r\n\x00 \t<>;,\"") || len(got) > maxAddress {
			t.Errorf("the canonical form of %q is %q", s, got)
		}
		MixedScript(got)
		NameLooksLikeAddress(Address{Name: s, Addr: got})
	})
}
