package message

import "testing"

func TestT096IdentityNeedsIDAndContent(t *testing.T) {
	a := Message{ID: "a@cust.example", ContentHash: [32]byte{1}, RawHash: [32]byte{1}}
	same := a
	same.RawHash = [32]byte{2} // the copy of another mailbox has other trace fields
	if a.Identity() != same.Identity() {
		t.Error("the same mail from another mailbox is another mail")
	}
	reused := a
	reused.ContentHash = [32]byte{2}
	if a.Identity() == reused.Identity() {
		t.Error("another mail with the same Message-ID is the same mail")
	}
	resent := a
	resent.ID = "b@cust.example"
	if a.Identity() == resent.Identity() {
		t.Error("the same words under another Message-ID are the same mail")
	}
}

func TestT097IdentityWithoutMessageID(t *testing.T) {
	a := Message{ContentHash: [32]byte{1}, RawHash: [32]byte{1}}
	b := Message{ContentHash: [32]byte{1}, RawHash: [32]byte{2}}
	if a.Identity() == b.Identity() {
		t.Error("two mails without Message-ID are one")
	}
	if got, want := a.Identity(), "01"; len(got) != 64 || got[:2] != want {
		t.Errorf("got %q, want the raw hash", got)
	}
}
