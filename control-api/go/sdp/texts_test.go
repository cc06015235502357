package sdp

import (
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"

	"sluice.dev/sdk/internal/fault"
)

// The tests of the Node SDK read the same cases.
func readCases[Case any](t testing.TB, file string) []Case {
	t.Helper()
	text, err := os.ReadFile("../../fixtures/" + file)
	if err != nil {
		t.Fatal(err)
	}
	var cases []Case
	if err := json.Unmarshal(text, &cases); err != nil {
		t.Fatal(err)
	}
	if len(cases) == 0 {
		t.Fatalf("%s has no cases", file)
	}
	return cases
}

type mediaCase struct {
	Name        string
	Media       []Media
	Times       int
	SessionName string
	Outcome     struct{ Written, Field string }
}

func TestBothSDKsWriteTheSameForMediaTools(t *testing.T) {
	for _, each := range readCases[mediaCase](t, "sdp_media.json") {
		each := each
		t.Run(each.Name, func(t *testing.T) {
			media := each.Media
			for count := 1; count < each.Times; count++ {
				media = append(media, each.Media...)
			}
			text, err := WriteMedia(media, each.SessionName)
			var argument *fault.ArgumentError
			if err != nil && !errors.As(err, &argument) {
				t.Fatal(err)
			}
			if err == nil {
				argument = &fault.ArgumentError{}
			}
			if text != each.Outcome.Written || argument.Field != each.Outcome.Field {
				t.Fatalf("got %v\n%s\nwant %s\n%s", err, text, each.Outcome.Field, each.Outcome.Written)
			}
		})
	}
}

// textCase is a text of whoever. It is understood, or refused, in the same words.
type textCase struct {
	Name, Call, Text string
	// Lines stand instead of a long text: what they are, and how often.
	Lines [][2]any
	// Bounds of a description: how much of it may be looked at.
	Bounds  ParseBounds
	Outcome struct {
		Read json.RawMessage
		refused
	}
}

type refused struct {
	Message string
	Line    int
	Section *int
}

func checkRefusedAs(t *testing.T, err error, want refused) {
	t.Helper()
	var refusal *Error
	if !errors.As(err, &refusal) {
		t.Fatalf("got %v, which is no *Error", err)
	}
	section := -1
	if want.Section != nil {
		section = *want.Section
	}
	if err.Error() != want.Message || refusal.Line != want.Line || refusal.Section != section {
		t.Fatalf("got %v, line %d, section %d\nwant %s", err, refusal.Line, refusal.Section, want.Message)
	}
}

func (c *textCase) text() string {
	text := c.Text
	for _, each := range c.Lines {
		line, times := each[0].(string), each[1].(float64)
		text += strings.Repeat(line+"\r\n", int(times))
	}
	return text
}

func (c *textCase) read() (any, error) {
	switch c.Call {
	case "description":
		return ParseWithin(c.text(), c.Bounds)
	case "fragment":
		return ParseFragment(c.text())
	}
	return ParseCandidate(c.text())
}

func TestBothSDKsReadAndRefuseTheSameTexts(t *testing.T) {
	for _, each := range readCases[textCase](t, "sdp_texts.json") {
		each := each
		t.Run(each.Name, func(t *testing.T) {
			read, err := each.read()
			if err == nil {
				if each.Outcome.Read == nil {
					t.Fatalf("got %v, want %s", read, each.Outcome.Message)
				}
				checkSame(t, each.Name, read, each.Outcome.Read)
				return
			}
			checkRefusedAs(t, err, each.Outcome.refused)
		})
	}
}

// offerCase is an offer to a router, and what is said to each of its sections.
type offerCase struct {
	Name, Text string
	EnableSctp bool
	Outcome    struct {
		Verdicts json.RawMessage
		refused
	}
}

func TestBothSDKsGrantAndRefuseTheSameSections(t *testing.T) {
	router := fixtureRouter(t)
	for _, each := range readCases[offerCase](t, "sdp_verdicts.json") {
		each := each
		t.Run(each.Name, func(t *testing.T) {
			offer, err := Parse(each.Text)
			if err != nil {
				t.Fatal(err)
			}
			verdicts, err := ExamineOffer(offer, router, ExamineOptions{Sctp: each.EnableSctp})
			if err != nil {
				checkRefusedAs(t, err, each.Outcome.refused)
				return
			}
			if each.Outcome.Verdicts == nil {
				t.Fatalf("got %v, want %s", verdicts, each.Outcome.Message)
			}
			checkSame(t, each.Name, verdicts, each.Outcome.Verdicts)
		})
	}
}
