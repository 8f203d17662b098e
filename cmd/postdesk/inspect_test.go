package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// inspected runs the command and gives what it prints, and its error.
func inspected(t *testing.T, c inspectCmd) (string, error) {
	t.Helper()
	var b bytes.Buffer
	out := bufio.NewWriter(&b)
	err := c.run(t.Context(), out)
	if flushErr := out.Flush(); flushErr != nil {
		t.Fatal(flushErr)
	}
	return b.String(), err
}

func written(t *testing.T, name, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func jsonObjects(t *testing.T, out string) (all []map[string]any) {
	t.Helper()
	for line := range strings.Lines(out) {
		var v map[string]any
		if err := json.Unmarshal([]byte(line), &v); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		all = append(all, v)
	}
	return all
}

func TestInspectSaysEveryKeyOfAnEmptyMail(t *testing.T) {
	out, err := inspected(t, inspectCmd{JSON: true, Files: []string{written(t, "empty.eml", "")}})
	if err != nil {
		t.Fatal(err)
	}
	got := jsonObjects(t, out)[0]
	for key, want := range map[string]string{
		"message_id": `""`, "in_reply_to": `[]`, "references": `[]`, "from": `null`, "to": `[]`, "cc": `[]`, "reply_to": `[]`, "subject": `""`, "date": `""`,
		"text": `""`, "visible_text": `""`, "html_present": `false`, "attachments": `[]`, "kind": `"human"`, "no_auto_response": `false`, "bounce": `null`,
		"language": `""`, "auth_results": `[]`, "signals": `{"contacts":[],"profanity":false}`,
	} {
		v, there := got[key]
		if b, _ := json.Marshal(v); !there || string(b) != want {
			t.Errorf("%s is %s, want %s", key, b, want)
		}
	}
}

const inspectedMail = `Authentication-Results: mx.desk.example; dkim=pass header.d=cust.example
From: Kim Lee <kim@cust.example>
To: support@desk.example
Cc: "Lee, Sam" <sam@cust.example>
Subject: =?utf-8?q?Der_Drucker_l=C3=A4uft?=
Date: Mon, 2 Nov 2026 10:15:00 +0100
Message-ID: <a@cust.example>
In-Reply-To: <1@desk.example>
References: <0@desk.example> <1@desk.example>

Vielen Dank, der Drucker läuft wieder <und> druckt. Rufen Sie mich an: +49 151 234 567 89

Am Mo., 2. Nov. 2026 um 09:00 schrieb Support <support@desk.example>:
> Bitte schalten Sie ihn ein.
`

func TestInspectTellsWhatTheMailSays(t *testing.T) {
	file := written(t, "mail.eml", inspectedMail)
	out, err := inspected(t, inspectCmd{JSON: true, Files: []string{file}})
	if err != nil {
		t.Fatal(err)
	}
	got := jsonObjects(t, out)[0]
	for key, want := range map[string]string{
		"message_id": `"a@cust.example"`, "in_reply_to": `["1@desk.example"]`, "references": `["0@desk.example","1@desk.example"]`,
		"from": `{"address":"kim@cust.example","name":"Kim Lee"}`, "cc": `[{"address":"sam@cust.example","name":"Lee, Sam"}]`,
		"subject": `"Der Drucker läuft"`, "date": `"2026-11-02T10:15:00+01:00"`, "kind": `"human"`, "language": `"de"`,
		"signals":      `{"contacts":[{"type":"phone","value":"+4915123456789"}],"profanity":false}`,
		"auth_results": `[{"authserv_id":"mx.desk.example","results":[{"method":"dkim","props":{"header.d":"cust.example"},"result":"pass"}]}]`,
	} {
		if b, _ := json.Marshal(got[key]); string(b) != want {
			t.Errorf("%s is %s, want %s", key, b, want)
		}
	}
	if text := got["visible_text"].(string); !strings.HasPrefix(text, "Vielen Dank") || strings.Contains(text, "schrieb") {
		t.Errorf("visible_text is %q", text)
	}
	if !strings.Contains(out, "<und>") {
		t.Error("signs of HTML are escaped in the JSON")
	}
}

func TestInspectPageForPeople(t *testing.T) {
	mail := strings.Replace(inspectedMail, "druckt.", "druckt \x1b[31mrot\u202e.", 1)
	out, err := inspected(t, inspectCmd{Files: []string{written(t, "mail.eml", mail)}})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Kim Lee <kim@cust.example>", "Der Drucker läuft", "human", "phone +4915123456789", "mx.desk.example says dkim=pass for cust.example\n", "    | Vielen Dank", "lines folded away"} {
		if !strings.Contains(out, want) {
			t.Errorf("the page lacks %q:\n%s", want, out)
		}
	}
	if strings.ContainsAny(out, "\x1b\u202e") {
		t.Errorf("the terminal gets a stranger's orders: %q", out)
	}
}

// A page says what is not there, too: an empty one looks like a mistake of ours.
func TestInspectPageSaysWhatIsMissing(t *testing.T) {
	for _, tt := range []struct{ name, mail, want string }{
		{"nothing at all", "", "nobody: there is no address that can be read"},
		{"no text", "From: kim@cust.example\nSubject: x\n\n", "    (there is no text)\n"},
		{"only a quote", "From: kim@cust.example\nSubject: Re: x\n\n> a\n> b\n", "    (nothing that the writer newly wrote)\n"},
		{"a file without a name", "From: kim@cust.example\nContent-Type: image/png\nContent-Disposition: inline\n\nx\n", "without a name (image/png, 2 bytes, shown in the text)"},
		{"a machine", "From: kim@cust.example\nPrecedence: auto_reply\n\nI am away.\n", "Why        Precedence: auto_reply"},
	} {
		out, err := inspected(t, inspectCmd{Files: []string{written(t, "mail.eml", tt.mail)}})
		if err != nil || !strings.Contains(out, tt.want) {
			t.Errorf("%s: %v; the page lacks %q:\n%s", tt.name, err, tt.want, out)
		}
	}
}

func TestInspectFilesThatCannotBeRead(t *testing.T) {
	good := written(t, "good.eml", inspectedMail)
	list := written(t, "list", strings.Join([]string{"/nowhere/a.eml", good, t.TempDir()}, "\n")+"\n")
	out, err := inspected(t, inspectCmd{JSON: true, FilesFrom: list})
	if err == nil || status(err) != 1 {
		t.Errorf("the error is %v, want one with status 1", err)
	}
	got := jsonObjects(t, out)
	if len(got) != 3 || got[0]["error"] == nil || got[0]["file"] != "/nowhere/a.eml" || got[1]["subject"] == nil || got[2]["error"] == nil {
		t.Errorf("got %s", out)
	}
	if _, err := inspected(t, inspectCmd{}); err == nil {
		t.Error("no file at all is no mistake")
	}
}

// A thread is the tickets that the hints of a mail name, whoever wrote it, and in whatever order the mails come (M3). The last hint is the
// subject of an answer that names nothing, where its people have talked of that.
func TestInspectThreads(t *testing.T) {
	box := ""
	for _, m := range []struct{ from, head string }{
		{"kim", "Message-ID: <1@cust.example>\nSubject: Printer"},
		{"tom", "Message-ID: <2@cust.example>\nSubject: Re: Printer\nIn-Reply-To: <1@cust.example>"},
		{"eve", "Message-ID: <3@evil.example>\nSubject: Printer"},
		{"ann", "Message-ID: <5@acme.example>\nSubject: Re: Scanner\nReferences: <4@acme.example>"},
		{"sam", "Message-ID: <4@acme.example>\nSubject: Scanner"},
		{"max", "Message-ID: <6@acme.example>\nSubject: both\nReferences: <2@cust.example>\nIn-Reply-To: <2@cust.example>"},
		{"tom", "Message-ID: <8@cust.example>\nSubject: AW: [users] printer\nDate: Wed, 4 Nov 2026 10:00:00 +0100"},
		{"joe", "Message-ID: <9@evil.example>\nTo: desk@desk.invalid\nSubject: Re: Printer\nDate: Wed, 4 Nov 2026 11:00:00 +0100"},
		{"tom", "Message-ID: <10@cust.example>\nSubject: AW: Printer\nDate: Thu, 4 Mar 2027 10:00:00 +0100"},
		{"", "Message-ID: <7@acme.example>\nReturn-Path: <>\nSubject: failure notice\nReferences: <4@acme.example>\nX-Failed-Recipients: ann@acme.example"},
	} {
		if !strings.Contains(m.head, "\nDate: ") {
			m.head += "\nDate: Mon, 2 Nov 2026 10:00:00 +0100"
		}
		box += "From x@cust.example Thu Jan  1 00:00:00 1970\nFrom: " + m.from + "@cust.example\n" + m.head + "\n\nwords\n\n"
	}
	file := written(t, "box.mbox", box)
	out, err := inspected(t, inspectCmd{JSON: true, Threads: true, Files: []string{file}})
	if err != nil {
		t.Fatal(err)
	}
	var threads []string
	for _, m := range jsonObjects(t, out) {
		if m["file"] != file {
			t.Errorf("file is %v", m["file"])
		}
		threads = append(threads, m["thread"].(string))
	}
	names, got := map[string]string{}, []string{}
	for _, thread := range threads {
		if names[thread] == "" {
			names[thread] = string(rune('a' + len(names)))
		}
		got = append(got, names[thread])
	}
	if want := []string{"a", "a", "b", "c", "c", "a", "a", "d", "e", "c"}; !slices.Equal(got, want) {
		t.Errorf("threads are %v (%v), want %v", got, threads, want)
	}
}
