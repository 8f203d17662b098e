package templates

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// leastContrast is what text needs to be read by people with weak eyes (WCAG 2.2, 1.4.3), whatever its size.
const leastContrast = 4.5

// Every word of every mail can be read: in light and in dark, and also where a client turns the colours itself, as Gmail and Outlook do with
// mails in their dark modes, whatever the mail says about it.
func TestContrast(t *testing.T) {
	set := newSet(t)
	for _, lang := range set.Languages() {
		for _, name := range set.Names() {
			m, err := set.Render(name, lang, dataFor(name, fullCustomer(), fullStaff()))
			if err != nil {
				t.Fatal(err)
			}
			for _, look := range []struct {
				name string
				dark bool
				turn func(ink, ground colour) (colour, colour)
			}{
				{"light", false, nil},
				{"dark", true, nil},
				{"all lightness turned", false, func(ink, ground colour) (colour, colour) { return ink.turned(), ground.turned() }},
				{"dark ink and light ground turned", false, func(ink, ground colour) (colour, colour) {
					if ink.lightness() < 0.5 {
						ink = ink.turned()
					}
					if ground.lightness() > 0.5 {
						ground = ground.turned()
					}
					return ink, ground
				}},
			} {
				seen, err := eachText(m.HTML, look.dark, func(text string, ink, ground colour) {
					if look.turn != nil {
						ink, ground = look.turn(ink, ground)
					}
					if c := contrast(ink, ground); c < leastContrast {
						t.Errorf("%s %s, %s: %s on %s has a contrast of %.2f, want at least %v: %q",
							name, lang, look.name, ink, ground, c, leastContrast, text)
					}
				})
				if err != nil || seen < 3 {
					t.Errorf("%s %s, %s: %d texts, %v", name, lang, look.name, seen, err)
				}
			}
		}
	}
}

// The measure itself, by pairs whose contrast is published.
func TestContrastOfPairs(t *testing.T) {
	for _, tt := range []struct {
		ink, ground string
		want        float64
	}{
		{"#000000", "#ffffff", 21},
		{"#777777", "#ffffff", 4.48},
		{"#0000ff", "#ffffff", 8.59},
		{"#ffffff", "#ff0000", 4.00},
	} {
		ink, _ := parseColour(tt.ink)
		ground, _ := parseColour(tt.ground)
		if got := contrast(ink, ground); math.Abs(got-tt.want) > 0.01 {
			t.Errorf("%s on %s: %.2f, want %v", tt.ink, tt.ground, got, tt.want)
		}
	}
}

type colour struct{ r, g, b float64 } // from 0 to 1

func (c colour) String() string {
	return fmt.Sprintf("#%02x%02x%02x", int(c.r*255+.5), int(c.g*255+.5), int(c.b*255+.5))
}

func (c colour) lightness() float64 { return (max(c.r, c.g, c.b) + min(c.r, c.g, c.b)) / 2 }

// turned is the colour of the same hue and saturation with the opposite lightness (HSL): each channel moves by the same amount.
func (c colour) turned() colour {
	by := 1 - 2*c.lightness()
	return colour{c.r + by, c.g + by, c.b + by}
}

// contrast is that of WCAG 2.2.
func contrast(a, b colour) float64 {
	x, y := luminance(a), luminance(b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

func luminance(c colour) float64 {
	linear := func(v float64) float64 {
		if v <= 0.04045 {
			return v / 12.92
		}
		return math.Pow((v+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(c.r) + 0.7152*linear(c.g) + 0.0722*linear(c.b)
}

func parseColour(s string) (colour, bool) {
	n, err := strconv.ParseUint(strings.TrimPrefix(s, "#"), 16, 32)
	if len(s) != 7 || err != nil {
		return colour{}, false
	}
	return colour{float64(n>>16) / 255, float64(n>>8&255) / 255, float64(n&255) / 255}, true
}

var (
	darkRules  = regexp.MustCompile(`(?s)@media \(prefers-color-scheme:dark\)\{\n(.*?)\n\}\n`)
	classRule  = regexp.MustCompile(`(?m)^\.(\w+)\{(.*)\}$`)
	inkRule    = regexp.MustCompile(`(?:^|;)color:(#\w+)`)
	groundRule = regexp.MustCompile(`(?:^|;)background(?:-color)?:(#\w+)`)
)

// eachText calls f with every text of a page that can be seen, its colour and that of what is behind it. It knows the little of style sheets
// that our pages use: colours on elements, and in the dark those of their classes, which come before them.
func eachText(page string, dark bool, f func(text string, ink, ground colour)) (seen int, err error) {
	classes := map[string]string{}
	if dark {
		sheet := darkRules.FindStringSubmatch(page)
		if sheet == nil {
			return 0, errors.New("no dark colours")
		}
		for _, rule := range classRule.FindAllStringSubmatch(sheet[1], -1) {
			classes[rule[1]] = strings.ReplaceAll(rule[2], "!important", "")
		}
	}
	type element struct {
		ink, ground colour
		hidden      bool
	}
	white, black := colour{1, 1, 1}, colour{}
	stack := []element{{ink: black, ground: white}}
	if dark {
		stack[0] = element{ink: white, ground: black}
	}
	for d := xml.NewDecoder(strings.NewReader(page)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return seen, nil
		}
		if err != nil {
			return seen, err
		}
		switch x := token.(type) {
		case xml.StartElement:
			e := stack[len(stack)-1]
			e.hidden = e.hidden || x.Name.Local == "head"
			var styles []string
			for _, a := range x.Attr {
				if a.Name.Local == "style" {
					styles = append(styles, a.Value)
				}
			}
			for _, a := range x.Attr {
				if a.Name.Local == "class" {
					for class := range strings.FieldsSeq(a.Value) {
						styles = append(styles, classes[class])
					}
				}
			}
			for _, s := range styles {
				e.hidden = e.hidden || strings.Contains(s, "display:none")
				for rule, to := range map[*regexp.Regexp]*colour{inkRule: &e.ink, groundRule: &e.ground} {
					if m := rule.FindStringSubmatch(s); m != nil {
						c, ok := parseColour(m[1])
						if !ok {
							return seen, fmt.Errorf("colour %q", m[1])
						}
						*to = c
					}
				}
			}
			stack = append(stack, e)
		case xml.EndElement:
			stack = stack[:len(stack)-1]
		case xml.CharData:
			if e, s := stack[len(stack)-1], strings.TrimSpace(string(x)); s != "" && !e.hidden {
				seen++
				f(s, e.ink, e.ground)
			}
		}
	}
}
