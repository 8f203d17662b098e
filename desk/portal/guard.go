package portal

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/postdesk/postdesk/desk/policy"
)

// contentPolicy is what a page of ours may load: its stylesheet, and the frame in which a mail is shown. No script runs on any page.
const contentPolicy = "default-src 'none'; style-src 'self'; img-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// mailPolicy is that of a mail's own HTML: the frame that shows it has no origin, runs nothing and loads nothing (T067, T070).
const mailPolicy = "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; base-uri 'none'; frame-ancestors 'self'"

// maxForm is how many bytes a form without files may have.
const maxForm = 1 << 20

// guard stands before every page: headers that hold for all of them, and no POST from a foreign site (T071).
func (p *Portal) guard(next http.Handler) http.Handler {
	inner := func(w http.ResponseWriter, r *http.Request) {
		if err := p.foreign().Check(r); err != nil {
			p.serve(w, r, func(v *visit) error { return v.note(http.StatusForbidden, "foreign") })
			return
		}
		limit := int64(maxForm)
		if strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/") {
			limit = p.Policy().Portal.Upload + maxForm + drained
		}
		r.Body = http.MaxBytesReader(w, r.Body, limit)
		next.ServeHTTP(w, r)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", contentPolicy)
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=(), interest-cohort=()")
		h.Set("Cache-Control", "no-store")
		if p.secure() {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		inner(w, r)
	})
}

// An origin is what POSTs may come from: a page of the portal's own.
type origin struct {
	url string
	*http.CrossOriginProtection
}

// foreign looks whether a POST comes from another site. The browser's own word is enough, wherever the request says that it is sent to: a
// proxy may have changed that. A new policy may have another address.
func (p *Portal) foreign() *http.CrossOriginProtection {
	at := p.Policy().Portal.URL
	if o := p.origin.Load(); o != nil && o.url == at {
		return o.CrossOriginProtection
	}
	o := &origin{at, http.NewCrossOriginProtection()}
	if err := o.AddTrustedOrigin(at); err != nil {
		p.Log.Warn("the portal's url is no origin", "error", err)
	}
	p.origin.Store(o)
	return o.CrossOriginProtection
}

// secure tells whether people reach the portal by https. Only the policy says so: what a request claims of itself counts for nothing (T072).
func (p *Portal) secure() bool { return strings.HasPrefix(p.Policy().Portal.URL, "https://") }

// network is whom a limit counts: the address that a request comes from, as a trusted proxy tells it, and of IPv6 the network that one
// household has.
func network(r *http.Request, portal *policy.Portal) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return "unknown"
	}
	addr = addr.Unmap()
	trusted := func(a netip.Addr) bool {
		for _, n := range portal.Proxies {
			if n.Contains(a) {
				return true
			}
		}
		return false
	}
	// From the end: what stands before the last word of a trusted proxy, anybody can have written.
	said := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(said) - 1; i >= 0 && trusted(addr); i-- {
		a, err := netip.ParseAddr(strings.TrimSpace(said[i]))
		if err != nil {
			break
		}
		addr = a.Unmap()
	}
	if addr.Is4() {
		return addr.String()
	}
	n, err := addr.WithZone("").Prefix(64)
	if err != nil {
		return "unknown"
	}
	return n.String()
}

// A limit is how often something may be tried.
type limit struct {
	name   string
	most   int
	within time.Duration
}

var (
	limitAsk      = limit{"ask", 20, time.Hour}             // mails asked for, by network
	limitPassword = limit{"password", 40, 15 * time.Minute} // passwords tried, by network
	limitAccount  = limit{"account", 10, 15 * time.Minute}  // passwords tried, by name
	limitRequest  = limit{"request", 10, time.Hour}         // requests without sign-in, by network
	limitSender   = limit{"sender", 5, time.Hour}           // and by address
	limitAll      = limit{"requests", 300, time.Hour}       // and of everybody
	limitReply    = limit{"reply", 60, time.Hour}           // replies, and words on who reads along, by contact
	limitDraft    = limit{"draft", 10, time.Hour}           // drafts of people not signed in, by network
)

// within counts a try; errTooOften beyond the limit.
func (v *visit) within(l limit, who string) error {
	n, err := v.p.Desk.Tries(v.r.Context(), fmt.Sprintf("%s:%s", l.name, who), l.within)
	if err == nil && n > l.most {
		err = errTooOften
	}
	return err
}
