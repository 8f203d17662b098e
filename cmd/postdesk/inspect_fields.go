package main

import (
	"strings"
	"time"

	"github.com/postdesk/postdesk/desk/message"
	"github.com/postdesk/postdesk/desk/redact"
	"github.com/postdesk/postdesk/mailin/auth"
	"github.com/postdesk/postdesk/mailin/parse"
)

// An inspection is one mail as the inspect contract wants it: every key is there, whatever the mail says.
type inspection struct {
	File           string               `json:"file"`
	MessageID      string               `json:"message_id"`
	InReplyTo      []string             `json:"in_reply_to"`
	References     []string             `json:"references"`
	From           *inspectedAddress    `json:"from"`
	To             []inspectedAddress   `json:"to"`
	Cc             []inspectedAddress   `json:"cc"`
	ReplyTo        []inspectedAddress   `json:"reply_to"`
	Subject        string               `json:"subject"`
	Date           string               `json:"date"`
	Text           string               `json:"text"`
	VisibleText    string               `json:"visible_text"`
	HTMLPresent    bool                 `json:"html_present"`
	Attachments    []inspectedPart      `json:"attachments"`
	Kind           message.Kind         `json:"kind"`
	NoAutoResponse bool                 `json:"no_auto_response"`
	Bounce         *inspectedBounce     `json:"bounce"`
	Language       string               `json:"language"`
	Thread         string               `json:"thread,omitempty"`
	Signals        inspectedSignals     `json:"signals"`
	AuthResults    []inspectedAuthField `json:"auth_results"`

	DKIM *[]inspectedSignature `json:"dkim,omitempty"` // with --dns
}

type inspectedAddress struct {
	Name    string `json:"name"`
	Address string `json:"address"`
}

type inspectedPart struct {
	Filename    string `json:"filename"`
	ContentType string `json:"content_type"`
	Size        int64  `json:"size"`
	Inline      bool   `json:"inline"`
}

type inspectedBounce struct {
	Recipients []string            `json:"recipients"`
	Status     string              `json:"status"`
	Permanent  bool                `json:"permanent"`
	Reason     parse.FailureReason `json:"reason"`
}

type inspectedSignals struct {
	Contacts  []inspectedContact `json:"contacts"`
	Profanity bool               `json:"profanity"`
}

type inspectedContact struct {
	Type  string `json:"type"`
	Value string `json:"value"`
}

type inspectedSignature struct {
	Domain   string `json:"domain"`
	Selector string `json:"selector"`
	Result   string `json:"result"`
	Why      string `json:"why,omitempty"` // where it is not a pass
}

type inspectedAuthField struct {
	Server  string              `json:"authserv_id"`
	Results []inspectedAuthWord `json:"results"`
}

type inspectedAuthWord struct {
	Method string            `json:"method"`
	Result string            `json:"result"`
	Props  map[string]string `json:"props"`
}

func newInspection(file string, m *message.Message) inspection {
	in := inspection{
		File: strings.ToValidUTF8(file, "\uFFFD"), MessageID: m.ID.String(), InReplyTo: idStrings(m.InReplyTo), References: idStrings(m.References),
		To: inspectAddresses(m.To), Cc: inspectAddresses(m.Cc), ReplyTo: inspectAddresses(m.ReplyTo),
		Subject: m.Subject, Text: m.Text, VisibleText: m.Visible, HTMLPresent: m.HTML != "",
		Attachments: []inspectedPart{}, Kind: m.Kind, NoAutoResponse: m.NoAutoResponse, Language: m.Language,
		Signals: inspectSignals(m), AuthResults: inspectAuth(m),
	}
	if from := inspectAddresses(m.From); len(from) > 0 {
		in.From = &from[0]
	}
	if !m.Date.IsZero() {
		in.Date = m.Date.Format(time.RFC3339)
	}
	for _, a := range m.Attachments {
		in.Attachments = append(in.Attachments, inspectedPart{a.Filename, a.ContentType, a.Size, a.Inline})
	}
	if b := m.Bounce; b != nil {
		in.Bounce = &inspectedBounce{append([]string{}, b.Recipients...), b.Status, b.Permanent, parse.ReasonOf(m)}
	}
	return in
}

// idStrings is never nil: an empty list is [] in JSON.
func idStrings(ids []message.ID) []string {
	all := make([]string, 0, len(ids))
	for _, id := range ids {
		all = append(all, id.String())
	}
	return all
}

func inspectAddresses(list []message.Address) []inspectedAddress {
	all := make([]inspectedAddress, 0, len(list))
	for _, a := range list {
		all = append(all, inspectedAddress{a.Name, a.Addr})
	}
	return all
}

func inspectSignals(m *message.Message) inspectedSignals {
	s := inspectedSignals{Contacts: []inspectedContact{}, Profanity: redact.Profane(m.Visible, m.Language)}
	seen := map[inspectedContact]bool{}
	for _, c := range redact.Contacts(m.Visible) {
		if found := (inspectedContact{c.Kind, c.Value}); !seen[found] {
			seen[found] = true
			s.Contacts = append(s.Contacts, found)
		}
	}
	return s
}

// inspectAuth is what each Authentication-Results field says, topmost first, without any judgement: whose word counts is a policy's to say.
func inspectAuth(m *message.Message) []inspectedAuthField {
	all := []inspectedAuthField{}
	for _, f := range m.Trace {
		if !strings.EqualFold(f.Name, "Authentication-Results") {
			continue
		}
		results, _ := auth.ParseResults(f.Value) // of a field that cannot be read to its end, what came before
		field := inspectedAuthField{Server: results.Server, Results: []inspectedAuthWord{}}
		for _, c := range results.Clauses {
			field.Results = append(field.Results, inspectedAuthWord{c.Method, c.Result, c.Props})
		}
		all = append(all, field)
	}
	return all
}
