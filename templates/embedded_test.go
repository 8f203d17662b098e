package templates

import "testing"

// The embedded mails are read when they are asked for, so somebody has to ask for all of them.
func TestEmbeddedMails(t *testing.T) {
	s, err := New(nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.check(); err != nil {
		t.Error(err)
	}
}
