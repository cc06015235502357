package sdp

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"sluice.dev/sdk/internal/fault"
)

var (
	head  = []string{"v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "t=0 0"}
	video = []string{"m=video 9 UDP/TLS/RTP/SAVPF 96", "c=IN IP4 0.0.0.0", "a=rtpmap:96 VP8/90000"}
)

func textOf(parts ...any) string {
	var text strings.Builder
	for _, part := range parts {
		switch lines := part.(type) {
		case string:
			text.WriteString(lines + "\r\n")
		case []string:
			text.WriteString(strings.Join(lines, "\r\n") + "\r\n")
		}
	}
	return text.String()
}

func refusalOf(t *testing.T, text string) string {
	t.Helper()
	_, err := Parse(text)
	var refusal *Error
	if !errors.As(err, &refusal) {
		t.Fatalf("got %v, want an *Error", err)
	}
	return err.Error()
}

func TestWhatIsNoDescriptionIsRefusedWithItsPlace(t *testing.T) {
	for name, each := range map[string]struct{ text, reason string }{
		"nothing":                 {"", "line 1: it does not begin with v=0"},
		"another version":         {textOf("v=1"), "line 1: it does not begin"},
		"a line without a type":   {textOf(head, "hello"), "line 5: 'hello' is not TYPE=VALUE"},
		"no origin":               {textOf("v=0", "s=-"), "o= is missing"},
		"an origin of letters":    {textOf("v=0", "o=- x y IN IP4 0"), "line 2: o= without sessionId"},
		"a short origin":          {textOf("v=0", "o="), "line 2: o= without sessionId"},
		"a section of nothing":    {textOf(head, "m="), "line 5: m= without a protocol"},
		"no formats":              {textOf(head, "m=audio 9 X"), "line 5: m= without 1 to 128 formats"},
		"a port beyond":           {textOf(head, "m=audio 65536 X 0"), "line 5: port '65536'"},
		"a format that is none":   {textOf(head, "m=audio 9 X a"), "section 0: format 'a' is no"},
		"a payload type beyond":   {textOf(head, video, "a=rtpmap:128 VP8/90000"), "line 8, section 0: payload type '128'"},
		"a payload type twice":    {textOf(head, video, "a=rtpmap:96 VP9/90000"), "described twice"},
		"a clock that stands":     {textOf(head, video[:2], "a=rtpmap:96 VP8/0"), "clock rate '0'"},
		"no codec":                {textOf(head, video[:2], "a=rtpmap:96"), "name of the codec"},
		"a mid with a space":      {textOf(head, video, "a=mid:a b"), "mid 'a b' is not"},
		"a mid twice":             {textOf(head, video, "a=mid:a", video, "a=mid:a"), "section 1: mid a is used twice"},
		"a bundle of strangers":   {textOf(head, "a=group:BUNDLE a b", video, "a=mid:a"), "BUNDLE names a mid b"},
		"a group of nothing":      {textOf(head, "a=group:"), "line 5: group"},
		"half a password":         {textOf(head, video, "a=ice-ufrag:abcd"), "do not come together"},
		"a short password":        {textOf(head, video, "a=ice-pwd:abcd"), "ice-pwd is not"},
		"a fingerprint of text":   {textOf(head, "a=fingerprint:sha-256 xy"), "line 5: fingerprint"},
		"a setup that is none":    {textOf(head, video, "a=setup:later"), "none of actpass"},
		"an extension 0":          {textOf(head, video, "a=extmap:0 urn:x"), "header extension '0'"},
		"an extension of nothing": {textOf(head, video, "a=extmap:"), "extmap without a URI"},
		"an extension sideways":   {textOf(head, video, "a=extmap:1/up urn:x"), "direction 'up'"},
		"an SSRC beyond":          {textOf(head, video, "a=ssrc:4294967296 cname:a"), "ssrc '4294967296'"},
		"a group of no SSRCs":     {textOf(head, video, "a=ssrc-group:"), "ssrc-group '' is not"},
		"a rid of other signs":    {textOf(head, video, "a=rid:a!b send"), "rid 'a!b'"},
		"a rid that goes nowhere": {textOf(head, video, "a=rid:a"), "direction of the rid"},
		"a rid twice":             {textOf(head, video, "a=rid:a send", "a=rid:a send"), "rid a is described twice"},
		"simulcast of nothing":    {textOf(head, video, "a=simulcast:send"), "simulcast is malformed"},
		"simulcast twice":         {textOf(head, video, "a=simulcast:send a send b"), "one direction twice"},
		"simulcast of no rid":     {textOf(head, video, "a=simulcast:send ~"), "names a rid ''"},
		"a candidate of no type":  {textOf(head, video, "a=candidate:1 1 udp 1 h 9"), "without a type"},
		"a candidate cut short":   {textOf(head, video, "a=candidate:1 1 udp 1 h 9 typ"), "type ''"},
		"feedback of nothing":     {textOf(head, video, "a=rtcp-fb:96"), "rtcp-fb ''"},
		"an empty msid":           {textOf(head, video, "a=msid:"), "msid is empty"},
	} {
		if message := refusalOf(t, each.text); !strings.Contains(message, each.reason) {
			t.Errorf("%s: got %q, want %q", name, message, each.reason)
		}
	}
}

func TestBoundsOfDescriptionsHold(t *testing.T) {
	many := func(count int, line string) []string {
		return strings.Split(strings.TrimSuffix(strings.Repeat(line+"\n", count), "\n"), "\n")
	}
	const candidate = "a=candidate:1 1 udp 1 h 9 typ host"
	for reason, text := range map[string]string{
		"longer than 1048576 bytes":      "v=0\r\n" + strings.Repeat("a=x\r\n", 1<<18),
		"more than 32768 lines":          textOf(head, many(40_000, "a=x")),
		"line 5: it is longer than 4096": textOf(head, "a="+strings.Repeat("x", 4096)),
		"more than 256 sections":         textOf(head, many(257, "m=audio 9 X 0")),
		"more than 64 groups":            textOf(head, many(65, "a=group:LS a")),
		"more than 256 attributes":       textOf(head, video, many(257, candidate)),
		"more than 32 parameters":        textOf(head, video, "a=fmtp:96 "+strings.Repeat("a;", 33)),
	} {
		if message := refusalOf(t, text); !strings.Contains(message, reason) {
			t.Errorf("got %q, want %q", message, reason)
		}
	}
}

func TestBoundsThatAreNoneAreNamed(t *testing.T) {
	for field, bounds := range map[string]ParseBounds{
		"lines": {Lines: MaxLines + 1}, "sections": {Sections: -1},
	} {
		var argument *fault.ArgumentError
		if _, err := ParseWithin(textOf(head), bounds); !errors.As(err, &argument) || argument.Field != field {
			t.Fatalf("got %v, want %s", err, field)
		}
	}
}

// A description may be full of codecs that nobody has, each with as many parameters as there may be.
func TestWhatTheRouterHasNotIsNotCopied(t *testing.T) {
	lines := append([]string{}, head...)
	section := "m=video 9 UDP/TLS/RTP/SAVPF"
	for number := 0; number < 128; number++ {
		section += fmt.Sprintf(" %d", number)
	}
	lines = append(lines, section)
	for number := 0; number < 128; number++ {
		parameters := ""
		for each := 0; each < maxParameters; each++ {
			parameters += fmt.Sprintf("p%d=x;", each)
		}
		lines = append(lines, fmt.Sprintf("a=rtpmap:%d X%d/90000", number, number),
			fmt.Sprintf("a=fmtp:%d %s", number, strings.TrimSuffix(parameters, ";")))
	}
	parsed, err := Parse(textOf(lines))
	if err != nil {
		t.Fatal(err)
	}
	router, target := fixtureRouter(t), &parsed.Sections[0]
	count := func() float64 {
		return testing.AllocsPerRun(10, func() {
			if _, isKnown := AcceptCodecs(target, router); isKnown {
				t.Error("the router has one of them")
			}
		})
	}
	full := count()
	for index := range target.Codecs {
		target.Codecs[index].Parameters = nil
	}
	if bare := count(); full != bare {
		t.Fatalf("%v allocations, and %v without the parameters", full, bare)
	}
}

func TestAMessageCarriesNothingThatWouldBreakALog(t *testing.T) {
	message := refusalOf(t, textOf(head, "x\x1b[31m\x00\xff"))
	for _, char := range message {
		if char < ' ' || char > '~' {
			t.Fatalf("got %q", message)
		}
	}
}

func TestWhatIsSaidForAllSectionsIsFilledIn(t *testing.T) {
	const fingerprint = "a=fingerprint:sha-256 00:01:02:03:04:05:06:07:08:09:0a:0b:0c:0d:0e:0f"
	parsed, err := Parse(textOf(head, fingerprint, "a=setup:passive", "a=ice-ufrag:abcd",
		"a=ice-pwd:0123456789012345678901", "a=recvonly", video, video, "a=sendonly"))
	if err != nil {
		t.Fatal(err)
	}
	for index, direction := range []Direction{"recvonly", "sendonly"} {
		section := parsed.Sections[index]
		if section.Setup != Passive || section.Ice.UsernameFragment != "abcd" ||
			section.Fingerprints[0].Value[:5] != "00:01" || section.Direction != direction {
			t.Fatalf("got %+v", section)
		}
	}
	if parsed.Sections[0].Ice == parsed.Sections[1].Ice {
		t.Fatal("two sections share their memory")
	}
}

func TestACandidateIsWrittenAsItWasRead(t *testing.T) {
	for _, line := range []string{
		"candidate:842163049 1 udp 1677729535 203.0.113.9 46154 typ srflx raddr 10.0.0.7 rport 46154 ufrag abcd",
		"candidate:1 1 tcp 1 ::1 9 typ host tcptype active",
		"candidate:1 1 udp 2122252543 f2a9.local 51000 typ host",
	} {
		candidate, err := ParseCandidate("a=" + line + " generation 0")
		if err != nil || candidate.String() != line {
			t.Fatalf("got %v, %v, want %s", candidate, err, line)
		}
	}
}

func TestWhatIsNoCandidateIsAnError(t *testing.T) {
	for _, line := range []string{"", "x", "candidate:", "candidate:1 1 udp 1 1.2.3.4 99999 typ host",
		"candidate:1 1 udp 1 1.2.3.4 9 typ", strings.Repeat("a", 2000)} {
		var refusal *Error
		if _, err := ParseCandidate(line); !errors.As(err, &refusal) {
			t.Fatalf("%.20q: got %v", line, err)
		}
	}
}

func TestAFragmentTellsItsGenerationCandidatesAndEnd(t *testing.T) {
	fragment, err := ParseFragment(textOf("a=ice-options:trickle", "a=group:BUNDLE 0 1",
		"m=audio 9 UDP/TLS/RTP/SAVPF 0", "a=mid:0", "a=ice-ufrag:EsAw",
		"a=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1", "a=candidate:1 1 udp 1 192.0.2.1 61764 typ host",
		"a=end-of-candidates"))
	if err != nil {
		t.Fatal(err)
	}
	if fragment.Ice.UsernameFragment != "EsAw" || !fragment.EndOfCandidates ||
		fragment.Sections[0].MID != "0" || fragment.Sections[0].Candidates[0].Address != "192.0.2.1" {
		t.Fatalf("got %+v", fragment)
	}
	again, err := ParseFragment(fragment.String())
	if err != nil || !reflect.DeepEqual(fragment, again) {
		t.Fatalf("got %v, %v", again, err)
	}
	if _, err := ParseFragment(textOf("a=ice-ufrag:EsAw")); err == nil {
		t.Fatal("half the credentials were taken")
	}
}

// What comes from elsewhere must not begin a line of its own.
func TestAValueWithALineBreakStaysOneLine(t *testing.T) {
	parsed, err := Parse(textOf(head, video))
	if err != nil {
		t.Fatal(err)
	}
	parsed.Name = "x\r\na=ice-lite"
	parsed.Sections[0].Codecs[0].Parameters["a"] = "b\na=inactive"
	again, err := Parse(parsed.String())
	if err != nil || again.IceLite || again.Sections[0].Direction != "sendrecv" {
		t.Fatalf("got %v, %v", again, err)
	}
}
