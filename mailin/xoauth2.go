package mailin

import (
	"encoding/json"
	"fmt"

	"github.com/emersion/go-sasl"
)

// xoauth2 is the mechanism by which Google and Microsoft take tokens. It is older than the one of RFC 7628, which not all of them know.
const xoauth2 = "XOAUTH2"

// A tokenClient logs in by a token.
type tokenClient struct{ username, token string }

var _ sasl.Client = (*tokenClient)(nil)

// Start gives all there is to say.
func (c *tokenClient) Start() (mechanism string, response []byte, err error) {
	return xoauth2, []byte("user=" + c.username + "\x01auth=Bearer " + c.token + "\x01\x01"), nil
}

// A tokenError is the challenge by which a server says that it does not take a token.
type tokenError struct{ status string }

func (e *tokenError) Error() string {
	return fmt.Sprintf("the server does not take the token: %s", e.status)
}

// Next gets a challenge only where the server refuses. It is to be answered by an empty line, after which the server says NO; but the
// client would write "=" for it, which is the empty response only behind the command itself (RFC 4959, 3), so the talk ends here.
func (c *tokenClient) Next(challenge []byte) (response []byte, err error) {
	var said struct {
		Status string `json:"status"`
	}
	if json.Unmarshal(challenge, &said) != nil || len(said.Status) > 20 {
		said.Status = "no reason given"
	}
	return nil, &tokenError{said.Status}
}
