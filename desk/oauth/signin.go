package oauth

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"

	"golang.org/x/oauth2"
)

// byDevice is the flow for machines without a browser (RFC 8628): the person enters a code elsewhere, and we ask until it is done.
func (p Provider) byDevice(ctx context.Context, tell io.Writer) (*oauth2.Token, error) {
	c := p.config()
	d, err := c.DeviceAuth(ctx)
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(tell, "Open %s in any browser, sign in to the mailbox, and enter the code %s\nWaiting.\n", plain(d.VerificationURI), plain(d.UserCode))
	t, err := c.DeviceAccessToken(ctx, d)
	if why, forGood := refusal(err); forGood {
		return nil, fmt.Errorf("the provider does not let us in: %s", why)
	}
	return t, err
}

// byBrowser is the flow in which the provider leads the browser back to us. Nobody listens there: the person copies the address, in which
// the code is. PKCE (RFC 7636) sees to it that the code is of use here alone.
func (p Provider) byBrowser(ctx context.Context, a Account, tell io.Writer, answer func() (string, error)) (*oauth2.Token, error) {
	c, verifier := p.config(), oauth2.GenerateVerifier()
	state := oauth2.GenerateVerifier()
	u := c.AuthCodeURL(state, oauth2.AccessTypeOffline, oauth2.S256ChallengeOption(verifier), oauth2.SetAuthURLParam("login_hint", a.User),
		oauth2.SetAuthURLParam("prompt", "consent"))
	fmt.Fprintf(tell, `Open this address in any browser and sign in to the mailbox. In the end the browser is led to %s, where no page may be found:
copy the whole address that it then shows, and paste it here.

%s

`, p.RedirectURL, u)
	text, err := answer()
	if err != nil {
		return nil, err
	}
	code, err := codeOf(strings.TrimSpace(text), state)
	if err != nil {
		return nil, err
	}
	t, err := c.Exchange(ctx, code, oauth2.VerifierOption(verifier))
	if why, forGood := refusal(err); forGood {
		return nil, fmt.Errorf("the provider does not take the code: %s", why)
	}
	return t, err
}

// codeOf finds the code in the address that the browser was led to.
func codeOf(text, state string) (string, error) {
	u, err := url.Parse(text)
	if err != nil || u.RawQuery == "" {
		return "", errors.New("that is not the address that the browser was led to: it holds code= and state=")
	}
	q := u.Query()
	switch {
	case q.Get("error") != "":
		return "", fmt.Errorf("the provider says %s %s", plain(q.Get("error")), plain(q.Get("error_description")))
	case q.Get("state") != state:
		return "", errors.New("that address belongs to another sign-in: begin again")
	case q.Get("code") == "":
		return "", errors.New("there is no code in that address")
	}
	return q.Get("code"), nil
}
