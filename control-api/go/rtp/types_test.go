package rtp

import (
	"encoding/json"
	"testing"
)

func TestWhatIsMissingIsEmptyInJSONAndNotNull(t *testing.T) {
	text, err := json.Marshal(Parameters{Codecs: List[CodecParameters]{{MimeType: "audio/opus"}}})
	if err != nil {
		t.Fatal(err)
	}
	want := `{"codecs":[{"mimeType":"audio/opus","payloadType":0,"clockRate":0,"parameters":{},` +
		`"rtcpFeedback":[]}],"headerExtensions":[],"encodings":[],"rtcp":{}}`
	if string(text) != want {
		t.Fatalf("got  %s\nwant %s", text, want)
	}
}

func TestParametersOfAClientComeBackAsTheyWere(t *testing.T) {
	const text = `{"mid":"0","codecs":[{"mimeType":"video/VP8","payloadType":101,"clockRate":90000,` +
		`"parameters":{},"rtcpFeedback":[{"type":"nack","parameter":""},{"type":"nack","parameter":"pli"}]},` +
		`{"mimeType":"video/rtx","payloadType":102,"clockRate":90000,"parameters":{"apt":101},"rtcpFeedback":[]}],` +
		`"headerExtensions":[{"uri":"urn:ietf:params:rtp-hdrext:sdes:mid","id":1,"encrypt":false,"parameters":{}}],` +
		`"encodings":[{"ssrc":410022001,"rtx":{"ssrc":410022002},"scalabilityMode":"L3T3"}],` +
		`"rtcp":{"cname":"publisher-cname","reducedSize":true}}`
	var parameters Parameters
	if err := json.Unmarshal([]byte(text), &parameters); err != nil {
		t.Fatal(err)
	}
	again, err := json.Marshal(parameters)
	if err != nil {
		t.Fatal(err)
	}
	if string(again) != text {
		t.Fatalf("got  %s\nwant %s", again, text)
	}
}
