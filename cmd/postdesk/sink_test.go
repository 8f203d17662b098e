//go:build linux

package main

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

// A sink is a mail server that takes all mail at once, and remembers who got how much and when.
type sink struct {
	port int

	mu    sync.Mutex
	got   map[string][]time.Time // by recipient
	mail  []byte                 // one that a person got
	news  chan struct{}
	lines map[net.Conn]struct{}
}

func newSink(b *testing.B) *sink {
	b.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	s := &sink{port: l.Addr().(*net.TCPAddr).Port, got: map[string][]time.Time{}, news: make(chan struct{}), lines: map[net.Conn]struct{}{}}
	b.Cleanup(func() {
		l.Close()
		s.mu.Lock()
		defer s.mu.Unlock()
		for c := range s.lines {
			c.Close()
		}
	})
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			s.mu.Lock()
			s.lines[c] = struct{}{}
			s.mu.Unlock()
			go s.serve(c)
		}
	}()
	return s
}

func (s *sink) serve(c net.Conn) {
	defer c.Close()
	r := bufio.NewReaderSize(c, 64<<10)
	say := func(line string) { fmt.Fprintf(c, "%s\r\n", line) }
	say("220 sink")
	to := ""
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return
		}
		verb := strings.ToUpper(line[:min(4, len(line))])
		switch verb {
		case "EHLO":
			say("250-sink\r\n250-8BITMIME\r\n250 SIZE 100000000")
		case "RCPT":
			_, to, _ = strings.Cut(line, "<")
			to, _, _ = strings.Cut(to, ">")
			say("250 ok")
		case "DATA":
			say("354 go on")
			var mail []byte
			for {
				part, err := r.ReadSlice('\n')
				if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
					return
				}
				if string(part) == ".\r\n" {
					break
				}
				mail = append(mail, part...)
			}
			s.take(strings.ToLower(to), mail)
			say("250 ok")
		case "QUIT":
			say("221 bye")
			return
		default:
			say("250 ok")
		}
	}
}

func (s *sink) take(to string, mail []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.got[to] = append(s.got[to], time.Now())
	if strings.HasSuffix(to, "@acme.example") && s.mail == nil {
		s.mail = mail
	}
	close(s.news)
	s.news = make(chan struct{})
}

// people is how many customers got a mail.
func (s *sink) people() (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for who := range s.got {
		if strings.HasSuffix(who, "@acme.example") && who != "bare@acme.example" {
			n++
		}
	}
	return n
}

func (s *sink) twice() (all []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for who, times := range s.got {
		if strings.HasPrefix(who, "person") && len(times) > 1 {
			all = append(all, who)
		}
	}
	return all
}

func (s *sink) one() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.mail
}

// when is when somebody got his first mail; it waits for it.
func (s *sink) when(b *testing.B, who string) time.Time {
	b.Helper()
	deadline := time.After(time.Minute)
	for {
		s.mu.Lock()
		times, news := s.got[who], s.news
		s.mu.Unlock()
		if len(times) > 0 {
			return times[0]
		}
		select {
		case <-news:
		case <-deadline:
			b.Fatalf("%s got nothing", who)
		}
	}
}
