package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestT066EveryReaderIsFuzzed: whatever reads a stranger's bytes has a target for make fuzz, which finds them by their names.
func TestT066EveryReaderIsFuzzed(t *testing.T) {
	for reader, target := range map[string]string{
		"address": "mailin/parse FuzzAddresses", "canonical address": "desk/message FuzzCanonical", "ids": "desk/message FuzzParseIDs",
		"header": "mailin/parse FuzzHeader", "MIME": "mailin/parse FuzzParse", "encoded word": "mailin/parse FuzzEncodedWords",
		"winmail.dat": "mailin/parse FuzzTNEF", "calendar": "mailin/parse FuzzCalendar", "DSN": "mailin/parse FuzzReports", "quote": "mailin/parse FuzzVisible",
		"words of systems": "mailin/parse FuzzPattern", "auth-results": "mailin/auth FuzzJudge", "DKIM": "mailin/auth FuzzSignatures",
		"token": "desk/message FuzzRead", "subject": "desk/message FuzzBare", "command": "desk FuzzCommands", "a customer's words": "desk FuzzUnderstand",
		"secrets": "desk/redact FuzzSecrets", "contact details": "desk/redact FuzzContacts", "abuse": "desk/redact FuzzProfane",
		"IMAP reply": "mailin FuzzIMAPReply", "SMTP reply": "mailout FuzzSMTPReply",
		"CSV": "cmd/postdesk FuzzReadCSV", "rules": "desk/rules FuzzCompile", "policy": "desk/policy FuzzParse", "iCalendar of holidays": "desk/calendar FuzzReadICS",
		"what goes into a mail out": "templates FuzzRender",
	} {
		room, name, _ := strings.Cut(target, " ")
		files, err := filepath.Glob(filepath.Join("../..", room, "*_test.go"))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %d tests, %v", room, len(files), err)
		}
		found := false
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			found = found || strings.Contains(string(text), "\nfunc "+name+"(f *testing.F) {")
		}
		if !found {
			t.Errorf("%s: there is no %s in %s", reader, name, room)
		}
	}
}
