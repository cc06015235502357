package sdp

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"testing"

	"sluice.dev/sdk/ortc"
	"sluice.dev/sdk/rtp"
)

// fixture is an offer as it is met in the field, and what is to be read in it. The Node SDK's tests
// read the same files.
type fixture struct {
	Name     string
	Offer    string
	Answer   string
	Written  string
	Parsed   json.RawMessage
	Accepted []struct {
		Capabilities, Sender json.RawMessage
	}
}

func readFixtures(t testing.TB) []fixture {
	t.Helper()
	files, err := filepath.Glob("../../fixtures/sdp/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no fixtures: %v", err)
	}
	var all []fixture
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var each fixture
		if err := json.Unmarshal(text, &each); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		if each.Offer != "" {
			all = append(all, each)
		}
	}
	return all
}

// fixtureRouter is the one that the fixtures were accepted by.
func fixtureRouter(t testing.TB) rtp.Capabilities {
	t.Helper()
	router, err := ortc.RouterCapabilities([]rtp.CodecCapability{
		{MimeType: "audio/opus", ClockRate: 48000, Channels: 2},
		{MimeType: "video/VP8", ClockRate: 90000},
		{MimeType: "video/VP9", ClockRate: 90000, Parameters: rtp.FormatParameters{"profile-id": 0}},
		{MimeType: "video/H264", ClockRate: 90000, Parameters: rtp.FormatParameters{
			"packetization-mode": 1, "profile-level-id": "42e01f", "level-asymmetry-allowed": 1,
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return router
}

func checkSame(t *testing.T, what string, result any, want json.RawMessage) {
	t.Helper()
	text, err := json.Marshal(result)
	if err != nil {
		t.Fatal(err)
	}
	var got, wanted any
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(want, &wanted); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, wanted) {
		wantedText, _ := json.Marshal(wanted)
		gotText, _ := json.Marshal(got)
		t.Errorf("%s:\ngot  %s\nwant %s", what, gotText, wantedText)
	}
}

func TestBothSDKsReadTheSameInOffersOfTheField(t *testing.T) {
	router := fixtureRouter(t)
	for _, each := range readFixtures(t) {
		each := each
		t.Run(each.Name, func(t *testing.T) {
			parsed, err := Parse(each.Offer)
			if err != nil {
				t.Fatal(err)
			}
			checkSame(t, "parsed", parsed, each.Parsed)
			if text := parsed.String(); text != each.Written {
				t.Errorf("written:\ngot  %s\nwant %s", text, each.Written)
			}
			for index, want := range each.Accepted {
				section := &parsed.Sections[index]
				checkSame(t, "capabilities", CapabilitiesOf(*section), want.Capabilities)
				var sender *SenderParameters
				if accepted, ok := AcceptCodecs(section, router); ok && sends(section.Direction) {
					found, err := SenderParametersOf(section, accepted, strconv.Itoa(index), index)
					if err != nil {
						t.Fatal(err)
					}
					sender = &found
				}
				checkSame(t, "sender", sender, want.Sender)
			}
		})
	}
}

func TestAnOfferMeansTheSameWhenItIsWrittenAgain(t *testing.T) {
	for _, each := range readFixtures(t) {
		parsed, err := Parse(each.Offer)
		if err != nil {
			t.Fatal(err)
		}
		again, err := Parse(parsed.String())
		if err != nil {
			t.Fatalf("%s: %v\n%s", each.Name, err, parsed)
		}
		text, err := json.Marshal(parsed)
		if err != nil {
			t.Fatal(err)
		}
		checkSame(t, each.Name, again, text)
	}
}
