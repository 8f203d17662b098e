package policy

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/postdesk/postdesk/desk/ledger"
	"github.com/postdesk/postdesk/desk/message"
	"github.com/postdesk/postdesk/desk/rules"
	"github.com/postdesk/postdesk/desk/seal"
)

// Languages are those in which the desk can write, by ISO 639-1 code (M9).
var Languages = []string{"en", "de", "es", "fr", "nl", "it", "ru", "pl"}

// Priorities are those of a ticket, lowest first.
var Priorities = []string{"low", "normal", "high", "urgent"}

// simulationKey signs tokens where a policy has no keys of its own, so that simulate gives the same bytes everywhere. It is known to
// the world, which is why serve refuses to start on it.
const simulationKey = "postdesk: a key that everybody knows, for simulate alone"

// Read reads the policy from a file. Secrets come from the environment and from files named in it, whose names are relative to the
// policy's folder, as is that of the templates. What is wrong with the file is told by *Mistakes, all of it at once.
func Read(file string) (*Policy, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read policy: %w", err)
	}
	dir := filepath.Dir(file)
	p, err := Parse(file, data, surroundings(dir))
	if err != nil {
		return nil, err
	}
	if t := p.Desk.Templates; t != "" && !filepath.IsAbs(t) {
		p.Desk.Templates = filepath.Join(dir, t)
	}
	if h := string(p.Alarm.Heartbeat); h != "" && !strings.Contains(h, "://") && !filepath.IsAbs(h) {
		p.Alarm.Heartbeat = Secret(filepath.Join(dir, h))
	}
	return p, nil
}

// surroundings is how Read looks up what a policy refers to.
func surroundings(dir string) func(string) ([]byte, error) {
	return func(name string) ([]byte, error) {
		if variable, ok := strings.CutPrefix(name, "env:"); ok {
			s, set := os.LookupEnv(variable)
			if !set {
				return nil, os.ErrNotExist
			}
			return []byte(s), nil
		}
		if !filepath.IsAbs(name) {
			name = filepath.Join(dir, name)
		}
		return os.ReadFile(name)
	}
}

// Parse is Read for a policy in memory; name is only for messages. Look gives the environment variable NAME as "env:NAME", and any other
// name is that of a file; nil holds neither.
func Parse(name string, data []byte, look func(name string) ([]byte, error)) (*Policy, error) {
	d := newDocument(name, look)
	d.where = "this file"
	root := d.load(data)
	if !root.given() {
		return nil, d.finish()
	}
	root.node = d.include(root.node)
	if len(d.wrong) > 0 {
		return nil, d.finish() // of a part that is not there, all else would be missing too
	}
	root.parent = root.node
	m := root.fields("include", "desk", "tokens", "secrets", "oauth", "dkim", "alarm", "mailboxes", "channels", "calendars", "queues", "staff", "classes", "products", "details", "plans",
		"rates", "free_window", "credits", "life", "clocks", "digest", "rules", "conduct", "relay", "retention", "payment", "portal")
	d.define(m)

	p := &Policy{File: name}
	for _, s := range d.sources {
		p.Files = append(p.Files, s.file)
	}
	p.Desk = readDesk(m.key("desk").must("who the desk is, with the keys name, domain, zone").fields(
		"name", "domain", "own_domains", "zone", "language", "calendar", "class", "contact", "resolver", "templates"))
	p.Tokens, p.TokensSet = readTokens(m.key("tokens"), p.Desk.Zone)
	p.Secrets = readSecrets(m.key("secrets"))
	p.Calendars = readCalendars(m.key("calendars"), p.Desk.Zone)
	p.Clocks = readClocks(m.key("clocks"))
	p.Classes = readClasses(m.key("classes"))
	p.Providers = readProviders(m.key("oauth"), p.Desk.Zone)
	p.Signers = readSigners(m.key("dkim"), p.Desk.Domain)
	p.Mailboxes = readMailboxes(m.key("mailboxes"))
	p.Alarm = readAlarm(m.key("alarm"), p.Mailboxes)
	before := len(d.wrong)
	p.Staff = readStaff(m.key("staff"), p.Desk)
	p.Digest = readDigest(m.key("digest"))
	p.Queues = readQueues(m.key("queues"), p.Staff, len(d.wrong) == before)
	p.Portal = readPortal(m.key("portal"))
	p.FreeWindow = readFreeWindow(m.key("free_window").fields("days", "promised"))
	p.Credits = readCredits(m.key("credits"), p.Classes)
	p.Life = readLife(m.key("life").fields("close_resolved", "reopen_days", "remind_awaiting", "close_awaiting"))
	p.Products = readProducts(m.key("products"), p.Staff)
	p.Details = readDetails(m.key("details"))
	p.Rates = readRates(m.key("rates"))
	p.Plans = readPlans(m.key("plans"))
	p.Channels = readChannels(m.key("channels"), p.Staff)
	p.Conduct = readConduct(m.key("conduct"), p.Desk, p.Staff)
	p.Relay = readRelay(m.key("relay"), p.Desk.Zone)
	p.Retention = readRetention(m.key("retention"))
	p.Payment = readPayment(m.key("payment"))
	p.Rules, p.RuleClocks = readRules(m.key("rules"), p.Staff)

	if err := d.finish(); err != nil {
		return nil, err
	}
	d.sort(d.unset)
	p.Unset, p.Later = d.unset, d.later
	slices.SortStableFunc(p.Later, func(a, b Notice) int {
		return cmp.Or(cmp.Compare(slices.Index(p.Files, a.File), slices.Index(p.Files, b.File)), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	p.index()
	return p, nil
}

// define collects the names of all that can be named, before anything refers to them: the order of a file's sections is its writer's.
func (d *document) define(m mapping) {
	for _, s := range []struct {
		key, kind string
		required  bool
	}{
		{"mailboxes", "mailbox", true}, {"calendars", "calendar", true}, {"queues", "queue", true}, {"staff", "staff", true},
		{"classes", "class", true}, {"products", "product", false}, {"channels", "channel", false}, {"details", "detail", false},
		{"plans", "plan", false}, {"rates", "rate", false}, {"oauth", "provider", false},
	} {
		n := m.of[s.key]
		if n == nil || len(n.Content) == 0 {
			if v := m.key(s.key); s.required && !v.moot {
				v.mistake("nothing", "one "+s.kind+" at least, such as "+exampleName[s.kind])
			}
			continue
		}
		for i := 0; i < len(n.Content); i += 2 {
			if name := n.Content[i].Value; isName(name) && !slices.Contains(d.names[s.kind], name) {
				d.names[s.kind] = append(d.names[s.kind], name)
			}
		}
	}
}

func readDesk(m mapping) Desk {
	desk := Desk{
		Name:         m.key("name").must("the name that customers know the desk by").line(""),
		Zone:         m.key("zone").must("a time zone such as Europe/Berlin").zone(time.UTC),
		Language:     m.key("language").language("en"),
		Calendar:     m.key("calendar").theOnly("calendar"),
		DefaultClass: m.key("class").theOnly("class"),
		Templates:    m.key("templates").line(""),
	}
	desk.Domain, _ = m.key("domain").must("a domain such as desk.example").domain()
	desk.Contact, _ = m.key("contact").address()
	desk.Resolver, _ = parsed(m.key("resolver"), "", "the address of a name server, such as 127.0.0.1 or 127.0.0.1:53", func(s string) (string, error) {
		if ip, err := netip.ParseAddr(s); err == nil {
			return netip.AddrPortFrom(ip, 53).String(), nil
		}
		at, err := netip.ParseAddrPort(s)
		return at.String(), err
	})
	desk.OwnDomains = each(m.key("own_domains"), value.domain)
	if !slices.Contains(desk.OwnDomains, desk.Domain) {
		desk.OwnDomains = append([]string{desk.Domain}, desk.OwnDomains...)
	}
	return desk
}

// minKey is the shortest secret of a token key in bytes: 128 bits, if it is random.
const minKey = 16

// readTokens reads the keys. The first signs, so that it cannot be retired; the others still read until 90 days after they were.
func readTokens(v value, zone *time.Location) (message.Keyring, bool) {
	ring := message.Keyring{Keys: []message.Key{{ID: '0', Secret: []byte(simulationKey)}}}
	if !v.given() {
		return ring, false
	}
	var keys []message.Key
	lacking := len(v.unset)
	for i, e := range v.elements() {
		m := e.fields("id", "secret", "secret_file", "retired")
		id := m.key("id").keyID(func(id byte) bool { return slices.ContainsFunc(keys, func(k message.Key) bool { return k.ID == id }) })
		key := message.Key{ID: id, Secret: []byte(m.secret("secret", true))}
		if n := len(key.Secret); n > 0 && n < minKey {
			m.mistake(fmt.Sprintf("a secret of %d bytes", n), fmt.Sprintf("at least %d, chosen by chance", minKey))
		}
		if retired := m.key("retired"); retired.given() {
			if i == 0 {
				retired.mistake("a date", "nothing: the first key is the one that signs")
			}
			if d, ok := retired.date(); ok {
				key.Retired = time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, zone).UTC()
			}
		}
		keys = append(keys, key)
	}
	if len(keys) == 0 {
		v.mistake("no key", "at least one, or no tokens at all")
	}
	if len(keys) == 0 || len(v.unset) > lacking {
		return ring, false
	}
	ring.Keys = keys
	return ring, true
}

// readSecrets reads the keys that secrets in the database are closed by. The first closes, each opens. Without one the ring is empty, and
// nothing can be closed: there is no key that everybody knows to fall back on.
func readSecrets(v value) (ring seal.Keyring) {
	if !v.given() {
		return ring
	}
	for _, e := range v.elements() {
		m := e.fields("id", "key", "key_file")
		id := m.key("id").keyID(func(id byte) bool { return slices.ContainsFunc(ring.Keys, func(k seal.Key) bool { return k.ID == id }) })
		key := seal.Key{ID: id, Secret: []byte(m.secret("key", true))}
		if n := len(key.Secret); n > 0 && n < seal.MinKey {
			m.mistake(fmt.Sprintf("a key of %d bytes", n), fmt.Sprintf("at least %d, chosen by chance: head -c 32 /dev/urandom | base64", seal.MinKey))
		}
		ring.Keys = append(ring.Keys, key)
	}
	if len(ring.Keys) == 0 {
		v.mistake("no key", "at least one, or no secrets at all")
	}
	// One that is not there closes nothing, and what the second one then closed would look like the first one's work.
	if slices.ContainsFunc(ring.Keys, func(k seal.Key) bool { return len(k.Secret) == 0 }) {
		return seal.Keyring{}
	}
	return ring
}

// keyID is the sign of a key: it stands in what the key has signed or closed.
func (v value) keyID(taken func(byte) bool) byte {
	const want = "a small letter or digit, another for each key"
	id, _ := parsed(v.must(want), 'x', want, func(s string) (byte, error) {
		if len(s) != 1 || !isName(s) || s == "_" || taken(s[0]) {
			return 0, errors.New("no id")
		}
		return s[0], nil
	})
	return id
}

func readProducts(v value, staff []*Staff) (all []*Product) {
	for _, e := range v.named("product") {
		m := e.fields("title", "owner", "staff", "classes")
		p := &Product{
			Name: e.name, Title: m.key("title").translated(Text{"en": e.name}), Owner: m.key("owner").ref("staff"),
			Classes: m.key("classes").refs("class"),
		}
		p.Staff = each(m.key("staff"), func(v value) (string, bool) { return v.person(staff, Engineer, "") })
		all = append(all, p)
	}
	return all
}

func readClasses(v value) (all []*Class) {
	for _, e := range v.named("class") {
		m := e.fields("title", "queue", "priority", "calendar", "billing", "estimate", "free_window", "clocks", "details", "rate", "owner")
		c := &Class{
			Name: e.name, Title: m.key("title").translated(Text{"en": e.name}),
			Queue: m.key("queue").ref("queue"), Priority: m.key("priority").oneOf("normal", Priorities...), Calendar: m.key("calendar").ref("calendar"),
			Billing:  Billing(m.key("billing").must("one of "+strings.Join(billings, ", ")).oneOf("", billings...)),
			Estimate: m.key("estimate").estimate(), FreeWindow: m.key("free_window").yes(false), Clocks: readClocks(m.key("clocks")),
			Details: m.key("details").refs("detail"), Rate: m.key("rate").ref("rate"), Owner: m.key("owner").yes(false),
		}
		if c.Billing == ByHour {
			m.key("rate").must("the rate that its time is billed by")
		}
		if c.Billing == Free && m.key("estimate").given() {
			m.key("estimate").mistake("an estimate", "none, since the class is free")
		}
		all = append(all, c)
	}
	return all
}

func readStaff(v value, desk Desk) (all []*Staff) {
	logins := map[string]string{}
	for _, e := range v.named("staff") {
		m := e.fields("name", "address", "logins", "roles", "queues", "language", "zone", "skills", "writes", "hours", "absent")
		s := &Staff{
			ID: e.name, Name: m.key("name").must("the name that customers see").line(""),
			Roles:  each(m.key("roles"), func(v value) (Role, bool) { r := v.oneOf("", roles...); return Role(r), r != "" }),
			Queues: m.key("queues").refs("queue"), Language: m.key("language").language(desk.Language), Zone: m.key("zone").zone(desk.Zone),
			Logins: each(m.key("logins"), func(v value) (string, bool) {
				login := v.line("")
				if other, taken := logins[login]; taken && login != "" {
					v.mistake(quote(login)+", which is a login of "+other, "a login of one person")
				}
				logins[login] = e.name
				return login, login != ""
			}),
			Skills: each(m.key("skills"), func(v value) (string, bool) { s := v.name("a skill"); return s, s != "" }),
			Writes: each(m.key("writes"), func(v value) (string, bool) { s := v.language(""); return s, s != "" }),
			Hours:  m.key("hours").ref("calendar"), Absent: readAbsences(m.key("absent")),
		}
		s.Address, _ = m.key("address").must("an address such as eve@desk.example").ownAddress()
		if !m.key("roles").given() {
			s.Roles = []Role{Engineer}
		}
		all = append(all, s)
	}
	return all
}

var roles = []string{string(Engineer), string(Dispatcher), string(Moderator)}

// readQueues reads the queues and sees to it that somebody learns of every ticket in each: an engineer who is assigned at once, or
// else a dispatcher. Where the staff hold mistakes, whoever is missed may be one of them.
func readQueues(v value, staff []*Staff, staffRight bool) (all []*Queue) {
	for _, e := range v.named("queue") {
		m := e.fields("title", "dispatchers", "assign")
		before := len(e.wrong)
		q := &Queue{Name: e.name, Title: m.key("title").translated(Text{"en": e.name})}
		q.Assign, q.Among = m.key("assign").assignment(staff, q.Name)
		q.Dispatchers = each(m.key("dispatchers"), func(v value) (string, bool) { return v.person(staff, Dispatcher, q.Name) })
		if !m.key("dispatchers").given() {
			for _, s := range staff {
				if s.Has(Dispatcher) && s.May(q.Name) {
					q.Dispatchers = append(q.Dispatchers, s.ID)
				}
			}
		}
		if staffRight && len(staff) > 0 && len(e.wrong) == before && q.Assign == "" && q.Among == nil && len(q.Dispatchers) == 0 {
			e.mistake("nobody who learns of its tickets", "assign: NAME, or staff with the role dispatcher")
		}
		all = append(all, q)
	}
	return all
}

// assignment is who gets a ticket at once: a person, or from whom one is chosen (S5).
func (v value) assignment(staff []*Staff, queue string) (string, *rules.Among) {
	if !v.given() || v.node.Kind != yaml.MappingNode {
		id, _ := v.person(staff, Engineer, queue)
		return id, nil
	}
	m := v.fields("among", "skills", "by")
	a := &rules.Among{By: m.key("by").oneOf("load", "load", "turn")}
	a.Staff = each(m.key("among"), func(v value) (string, bool) { return v.person(staff, Engineer, queue) })
	a.Skills = each(m.key("skills"), func(v value) (string, bool) {
		s := v.name("a skill")
		if s != "" && !slices.ContainsFunc(staff, func(who *Staff) bool { return slices.Contains(who.Skills, s) }) {
			v.expected("a skill that somebody of the staff has")
		}
		return s, s != ""
	})
	return "", a
}

// person is the id of somebody with the role who may act in the queue, "" for any.
func (v value) person(staff []*Staff, role Role, queue string) (string, bool) {
	id := v.ref("staff")
	i := slices.IndexFunc(staff, func(s *Staff) bool { return s.ID == id })
	if i < 0 {
		return "", false
	}
	switch s := staff[i]; {
	case !s.Has(role):
		v.mistake(quote(id), "somebody with the role "+string(role))
	case queue != "" && !s.May(queue):
		v.mistake(quote(id), "somebody who may act in the queue "+queue)
	}
	return id, true
}

// readFreeWindow reads A1: 30 days, whose deadlines are aims.
func readFreeWindow(m mapping) FreeWindow {
	return FreeWindow{Days: int(m.key("days").whole(30, 0, 3660)), Promised: m.key("promised").yes(false)}
}

// readCredits reads A2 and "Who confirms": 30 minutes a credit, at least 1 an incident, up to 4 confirmed by mail.
func readCredits(v value, classes []*Class) Credits {
	m := v.fields("minutes_per_credit", "minimum", "confirm_limit", "how_to_buy")
	c := Credits{
		Rate: ledger.Rate{
			Minutes: int(m.key("minutes_per_credit").whole(30, 1, 24*60)),
			Minimum: m.key("minimum").whole(1, 0, 1000),
		},
		ConfirmLimit: m.key("confirm_limit").whole(4, 0, 100_000),
		HowToBuy:     m.key("how_to_buy").translated(nil),
	}
	if slices.ContainsFunc(classes, func(c *Class) bool { return c.Billing == ByCredits }) {
		if v := m.key("how_to_buy"); !v.given() {
			v.expected("the way to buy credits, since a class costs some")
		}
	}
	return c
}

// readLife reads M7 and "Closing". 0 switches off what the number is about.
func readLife(m mapping) Life {
	days := func(key string, other int64) int { return int(m.key(key).whole(other, 0, 365)) }
	return Life{
		CloseResolved: days("close_resolved", 5), ReopenDays: days("reopen_days", 14),
		RemindAwaiting: days("remind_awaiting", 2), CloseAwaiting: days("close_awaiting", 10),
	}
}
