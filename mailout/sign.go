package mailout

import (
	"fmt"
	"io"

	"github.com/emersion/go-msgauth/dkim"

	"github.com/postdesk/postdesk/desk/policy"
)

// signed are the fields that a signature covers (RFC 6376, 5.4.1). Those that stand here once more than a mail has them cannot be added
// to it on its way: not a second From, nor a Reply-To to elsewhere.
var signed = []string{
	"From", "From", "To", "To", "Cc", "Reply-To", "Reply-To", "Subject", "Subject", "Date", "Date", "Message-ID", "Message-ID",
	"In-Reply-To", "In-Reply-To", "References", "References", "Auto-Submitted", "Content-Language", "MIME-Version", "MIME-Version",
	"Content-Type", "Content-Type", "Content-Transfer-Encoding", "Content-Transfer-Encoding",
}

// sign gives a mail with a signature of each key before it. It is done once, before the bytes are stored: a signature holds the time.
func sign(mime *spool, signers []policy.Signer) (*spool, error) {
	out := &spool{}
	for _, s := range signers {
		field, err := signature(mime, s)
		if err == nil {
			_, err = io.WriteString(out, field)
		}
		if err != nil {
			out.Close()
			return nil, fmt.Errorf("sign by %s of %s: %w", s.Selector, s.Domain, err)
		}
	}
	if _, err := io.Copy(out, mime.reader()); err != nil {
		out.Close()
		return nil, err
	}
	return out, nil
}

// signature is the field. White space that servers change on the way changes nothing in it.
func signature(mime *spool, s policy.Signer) (string, error) {
	w, err := dkim.NewSigner(&dkim.SignOptions{
		Domain: s.Domain, Selector: s.Selector, Signer: s.Key.Signer, HeaderKeys: signed,
		HeaderCanonicalization: dkim.CanonicalizationRelaxed, BodyCanonicalization: dkim.CanonicalizationRelaxed,
	})
	if err != nil {
		return "", err
	}
	if _, err := io.Copy(w, mime.reader()); err != nil {
		w.Close()
		return "", err
	}
	if err := w.Close(); err != nil {
		return "", err
	}
	return w.Signature(), nil
}
