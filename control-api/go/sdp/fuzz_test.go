package sdp

import (
	"encoding/json"
	"errors"
	"math/rand"
	"regexp"
	"strings"
	"testing"

	sluice "sluice.dev/sdk"
	"sluice.dev/sdk/internal/fault"
	"sluice.dev/sdk/ortc"
	"sluice.dev/sdk/rtp"
)

// broken is a text with some of its bytes changed, left out, doubled, or taken from elsewhere in it.
func broken(random *rand.Rand, text string) string {
	const signs = "\r\n\x00 :=;,/*~-0123456789abcXYZ\xff"
	bytes := []byte(text)
	for count := 1 + random.Intn(4); count > 0 && len(bytes) > 1; count-- {
		from, to := random.Intn(len(bytes)), random.Intn(len(bytes))
		end := from + 1 + random.Intn(40)
		if end > len(bytes) {
			end = len(bytes)
		}
		switch random.Intn(4) {
		case 0:
			bytes[from] = signs[random.Intn(len(signs))]
		case 1:
			bytes = append(bytes[:from:from], bytes[end:]...)
		case 2:
			bytes = append(bytes[:end:end], bytes[from:]...)
		case 3:
			copy(bytes[to:], append([]byte(nil), bytes[from:end]...))
		}
	}
	return string(bytes)
}

func addTexts(f *testing.F) {
	f.Helper()
	random := rand.New(rand.NewSource(1))
	for _, each := range readFixtures(f) {
		f.Add(each.Offer)
		f.Add(each.Answer)
		for count := 0; count < 25; count++ {
			f.Add(broken(random, each.Offer))
		}
	}
	for _, each := range readCases[textCase](f, "sdp_texts.json") {
		f.Add(each.text())
	}
	for _, each := range readCases[offerCase](f, "sdp_verdicts.json") {
		f.Add(each.Text)
	}
	f.Add(textOf(head, video, "a=rid:a send pt=96;max-br=1", "a=simulcast:send a,~b;c recv d"))
}

// checkRefusal accepts no error but an *Error, in words that are fit for a log.
func checkRefusal(t *testing.T, err error) {
	t.Helper()
	var refusal *Error
	if !errors.As(err, &refusal) {
		t.Fatalf("got %v, which is no *Error", err)
	}
	checkPrintable(t, refusal.Error())
}

func checkReasons(t *testing.T, verdicts []Verdict) {
	t.Helper()
	for _, verdict := range verdicts {
		checkPrintable(t, verdict.Reason)
	}
}

func checkPrintable(t *testing.T, text string) {
	t.Helper()
	for _, char := range text {
		if char < ' ' || char > '~' {
			t.Fatalf("got %q", text)
		}
	}
}

// Whatever comes, it is a description or an *Error; and what is a description can be written, and
// means the same then.
func FuzzDescriptions(f *testing.F) {
	addTexts(f)
	router := fixtureRouter(f)
	f.Fuzz(func(t *testing.T, text string) {
		parsed, err := Parse(text)
		if err != nil {
			checkRefusal(t, err)
			return
		}
		for index := range parsed.Sections {
			section := &parsed.Sections[index]
			if err := section.CheckFingerprint(index); err != nil {
				checkRefusal(t, err)
			}
			if accepted, ok := AcceptCodecs(section, router, "video/H264"); ok {
				if _, err := SenderParametersOf(section, accepted, "m", index); err != nil {
					checkRefusal(t, err)
				}
			}
		}
		if verdicts, err := ExamineOffer(parsed, router, ExamineOptions{Sctp: true}); err != nil {
			checkRefusal(t, err)
		} else {
			checkReasons(t, verdicts)
		}
		CapabilitiesOf(parsed.Sections...)
		again, err := Parse(parsed.String())
		if err != nil {
			// What was just within a bound may be beyond it with what is written out.
			checkRefusal(t, err)
			return
		}
		// What is left out of a stopped section is left out once; from then on nothing changes.
		written := again.String()
		if again, err = Parse(written); err != nil || again.String() != written {
			t.Fatalf("got %v\n%s\nwant\n%s", err, again, written)
		}
	})
}

// What trickles is understood, or an *Error; and it is written as it was understood.
func FuzzFragments(f *testing.F) {
	addTexts(f)
	f.Fuzz(func(t *testing.T, text string) {
		fragment, err := ParseFragment(text)
		if err != nil {
			checkRefusal(t, err)
			return
		}
		for _, section := range fragment.Sections {
			for _, candidate := range section.Candidates {
				again, err := ParseCandidate(candidate.String())
				if err != nil || again != candidate {
					t.Fatalf("got %+v, %v, want %+v", again, err, candidate)
				}
			}
		}
		if _, err := ParseFragment(fragment.String()); err != nil {
			checkRefusal(t, err)
		}
	})
}

var oneAttribute = regexp.MustCompile(`^[a-z]=[^\r\n]*$`)

// Whatever the words are, they are refused with their field, or stay in their lines.
func FuzzMedia(f *testing.F) {
	for _, each := range readCases[mediaCase](f, "sdp_media.json") {
		if len(each.Media) == 0 {
			continue
		}
		codec := rtp.CodecParameters{}
		if codecs := each.Media[0].RtpParameters.Codecs; len(codecs) > 0 {
			codec = codecs[0]
		}
		parameters, err := json.Marshal(codec.Parameters)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(each.SessionName, each.Media[0].IP, codec.MimeType, string(parameters), each.Media[0].RtpParameters.Rtcp.CNAME)
	}
	f.Add("x\x00", "::1%eth0", "audio/\xff", "{\"\\r\\na=evil\":\"\\u2028\"}", "\x85")
	f.Fuzz(func(t *testing.T, name, ip, mimeType, parameters, cname string) {
		codec := rtp.CodecParameters{MimeType: mimeType, PayloadType: 100, ClockRate: 48000}
		if json.Unmarshal([]byte(parameters), &codec.Parameters) != nil {
			return
		}
		text, err := WriteMedia([]Media{{
			Kind: rtp.Audio, IP: ip, Port: 9,
			RtpParameters: rtp.Parameters{
				Codecs:    rtp.List[rtp.CodecParameters]{codec},
				Encodings: rtp.List[rtp.EncodingParameters]{{SSRC: 7}},
				Rtcp:      rtp.RtcpParameters{CNAME: cname},
			},
			SrtpParameters: &sluice.SrtpParameters{
				CryptoSuite: sluice.AesCm128HmacSha1_80, KeyBase64: strings.Repeat("A", 40),
			},
		}}, name)
		if err != nil {
			var argument *fault.ArgumentError
			if !errors.As(err, &argument) && !errors.Is(err, fault.ErrUnsupported) {
				t.Fatal(err)
			}
			return
		}
		// The session has four; the section m=, c=, rtcp, rtcp-mux, crypto, rtpmap, ssrc and recvonly.
		want := 12
		if valid, err := ortc.ValidateParameters(rtp.Parameters{
			Codecs: rtp.List[rtp.CodecParameters]{codec},
		}); err == nil && len(valid.Codecs[0].Parameters) > 0 {
			want++
		}
		lines := strings.Split(strings.TrimSuffix(text, "\r\n"), "\r\n")
		if len(lines) != want {
			t.Fatalf("got %d lines, want %d:\n%s", len(lines), want, text)
		}
		for _, line := range lines {
			if !oneAttribute.MatchString(line) {
				t.Fatalf("got %q", line)
			}
		}
	})
}
