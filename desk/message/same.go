package message

import (
	"crypto/sha256"
	"encoding/hex"
)

// Identity is the key of "the same mail" (MISSION.md, Exact meanings): equal for a mail seen again in another mailbox or after a
// crash, and different for another mail that reuses the Message-ID (M6, T096). It is 64 hexadecimal digits.
func (m *Message) Identity() string {
	if m.ID == "" {
		// Nothing that the sender wrote tells two short mails of one second apart (T097), so the whole source does.
		return hex.EncodeToString(m.RawHash[:])
	}
	h := sha256.New()
	h.Write(m.ContentHash[:])
	h.Write([]byte(m.ID))
	return hex.EncodeToString(h.Sum(nil))
}
