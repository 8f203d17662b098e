package policy

import (
	"errors"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// readPortal reads where the pages are. Links in mails are made of the URL alone, never of what a request says about its host (T072).
func readPortal(v value) Portal {
	if !v.given() {
		return Portal{}
	}
	m := v.fields("url", "listen", "mailbox", "upload", "proxies")
	p := Portal{Mailbox: m.key("mailbox").ref("mailbox"), Upload: m.key("upload").whole(25, 1, 100) << 20}
	p.URL, _ = parsed(m.key("url").must("where people find it, such as https://help.desk.example"), "",
		"an address such as https://help.desk.example, without a path; http on this machine alone", portalURL)
	p.Listen, _ = parsed(m.key("listen"), "127.0.0.1:8080", "a host and a port such as 127.0.0.1:8080", func(s string) (string, error) {
		host, port, err := net.SplitHostPort(s)
		if err != nil {
			return "", err
		}
		if n, err := strconv.Atoi(port); err != nil || n < 0 || n > 65535 || strings.ContainsAny(host, " /@") {
			return "", errors.New("no port")
		}
		return s, nil
	})
	const network = "an address or a network such as 10.0.0.0/8"
	if !m.key("proxies").given() {
		p.Proxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	}
	p.Proxies = append(p.Proxies, each(m.key("proxies"), func(v value) (netip.Prefix, bool) {
		return parsed(v, netip.Prefix{}, network, func(s string) (netip.Prefix, error) {
			if a, err := netip.ParseAddr(s); err == nil {
				return a.Prefix(a.BitLen())
			}
			n, err := netip.ParsePrefix(s)
			return n.Masked(), err
		})
	})...)
	return p
}

// portalURL is the scheme and the host. What a browser keeps for a page that came over http anybody on the way can read, so that is for
// trying it out on one machine.
func portalURL(s string) (string, error) {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.User != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
		return "", errors.New("no address of a site")
	}
	ip, err := netip.ParseAddr(u.Hostname())
	switch local := u.Hostname() == "localhost" || err == nil && ip.IsLoopback(); {
	case u.Scheme == "https", u.Scheme == "http" && local:
		return u.Scheme + "://" + strings.ToLower(u.Host), nil
	}
	return "", errors.New("not over https")
}
