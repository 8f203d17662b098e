package portal

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
)

// Passwords are hashed by argon2id (RFC 9106) with the least costs that OWASP gives for it: 19 MiB and two passes.
const (
	argonMemory = 19 << 10 // KiB
	argonPasses = 2
	argonLanes  = 1
	argonBytes  = 32
)

// What a password has to be: long. Anything more makes people write it down.
const (
	minPassword = 10  // characters
	maxPassword = 200 // bytes
)

func goodPassword(s string) bool {
	return utf8.RuneCountInString(s) >= minPassword && len(s) <= maxPassword && utf8.ValidString(s)
}

// hash makes what is kept of a password.
func (p *Portal) hash(ctx context.Context, password string) (string, error) {
	salt := make([]byte, 16)
	if _, err := rand.Read(salt); err != nil {
		return "", fmt.Errorf("draw a salt: %w", err)
	}
	sum, err := p.argon(ctx, password, salt, argonMemory, argonPasses, argonLanes, argonBytes)
	if err != nil {
		return "", err
	}
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, argonMemory, argonPasses, argonLanes,
		b64.EncodeToString(salt), b64.EncodeToString(sum)), nil
}

// nobody is what a password is compared with where there is none to compare with.
var nobody = fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, argonMemory, argonPasses, argonLanes,
	base64.RawStdEncoding.EncodeToString(make([]byte, 16)), base64.RawStdEncoding.EncodeToString(make([]byte, argonBytes)))

// check compares a password with a hash that was kept; with an empty one it takes as long and is false.
func (p *Portal) check(ctx context.Context, password, kept string) (bool, error) {
	known := kept != ""
	if !known {
		kept = nobody
	}
	var (
		version, memory, passes int
		lanes                   uint8
	)
	parts := strings.Split(kept, "$")
	if len(parts) != 6 || parts[1] != "argon2id" {
		return false, fmt.Errorf("a kept password is no hash that is known here")
	}
	if _, err := fmt.Sscanf(parts[2]+" "+parts[3], "v=%d m=%d,t=%d,p=%d", &version, &memory, &passes, &lanes); err != nil || version != argon2.Version {
		return false, fmt.Errorf("a kept password is no hash that is known here")
	}
	salt, err := base64.RawStdEncoding.DecodeString(parts[4])
	if err != nil {
		return false, fmt.Errorf("a kept password: %w", err)
	}
	want, err := base64.RawStdEncoding.DecodeString(parts[5])
	if err != nil {
		return false, fmt.Errorf("a kept password: %w", err)
	}
	got, err := p.argon(ctx, password[:min(len(password), maxPassword+1)], salt, uint32(memory), uint32(passes), lanes, uint32(len(want)))
	return known && err == nil && subtle.ConstantTimeCompare(got, want) == 1, err
}

// patience is how long somebody waits for his turn to be hashed.
const patience = 5 * time.Second

// argon hashes when it is its turn: each takes 19 MiB and a good part of a core, which a stranger must not be able to take many times.
func (p *Portal) argon(ctx context.Context, password string, salt []byte, memory, passes uint32, lanes uint8, n uint32) ([]byte, error) {
	wait := time.NewTimer(patience)
	defer wait.Stop()
	select {
	case p.hashing <- struct{}{}:
	case <-wait.C:
		return nil, errTooOften
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { <-p.hashing }()
	return argon2.IDKey([]byte(password), salt, passes, memory, lanes, n), nil
}
