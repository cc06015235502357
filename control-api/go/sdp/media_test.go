package sdp

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	sluice "sluice.dev/sdk"
	"sluice.dev/sdk/rtp"
)

func TestAToolIsToldWhatItsTransportSendsIt(t *testing.T) {
	s := newScene(t, Options{})
	loopback := sluice.ListenInfo{Protocol: sluice.UDP, IP: "127.0.0.1"}
	for _, each := range []struct {
		name    string
		options sluice.PlainTransportOptions
		connect sluice.PlainConnectOptions
		lines   []string
	}{
		{"one port", sluice.PlainTransportOptions{ListenInfo: loopback},
			sluice.PlainConnectOptions{IP: "127.0.0.1", Port: 5004},
			[]string{"m=audio 5004 RTP/AVP ", "a=rtcp:5004 IN IP4 127.0.0.1", "a=rtcp-mux"}},
		{"two ports", sluice.PlainTransportOptions{ListenInfo: loopback, RtcpMux: sluice.Ptr(false)},
			sluice.PlainConnectOptions{IP: "127.0.0.1", Port: 5004, RtcpPort: 5007},
			[]string{"m=audio 5004 RTP/AVP ", "a=rtcp:5007 IN IP4 127.0.0.1"}},
		{"keys", sluice.PlainTransportOptions{ListenInfo: loopback, EnableSrtp: true},
			sluice.PlainConnectOptions{IP: "127.0.0.1", Port: 5004, SrtpParameters: &sluice.SrtpParameters{
				CryptoSuite: sluice.AesCm128HmacSha1_80, KeyBase64: strings.Repeat("A", 40)}},
			[]string{"m=audio 5004 RTP/SAVP ", "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:"}},
	} {
		each := each
		t.Run(each.name, func(t *testing.T) {
			transport, err := s.router.CreatePlainTransport(s.ctx, each.options)
			if err != nil {
				t.Fatal(err)
			}
			capabilities := s.router.RtpCapabilities()
			capabilities.HeaderExtensions = nil
			for index := range capabilities.Codecs {
				capabilities.Codecs[index].RtcpFeedback = nil
			}
			consumer, err := transport.Consume(s.ctx, sluice.ConsumeOptions{
				ProducerID: s.producer(rtp.Audio, 1234).ID(), RtpCapabilities: capabilities,
			})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := DescribeForReceiver(transport, consumer); !errors.Is(err, sluice.ErrInvalidState) {
				t.Fatalf("got %v before anybody knows where the tool is", err)
			}
			if err := transport.Connect(s.ctx, each.connect); err != nil {
				t.Fatal(err)
			}
			media, err := DescribeForReceiver(transport, consumer)
			if err != nil {
				t.Fatal(err)
			}
			text, err := WriteMedia([]Media{media}, "")
			if err != nil {
				t.Fatal(err)
			}
			ssrc := fmt.Sprintf("a=ssrc:%d cname:", consumer.RtpParameters().Encodings[0].SSRC)
			for _, line := range append(each.lines, ssrc, "a=rtpmap:100 opus/48000/2\r\n") {
				if !strings.Contains(text, line) {
					t.Errorf("%q is missing in\n%s", line, text)
				}
			}
			if srtp := transport.SrtpParameters(); srtp != nil && !strings.Contains(text, srtp.KeyBase64) {
				t.Errorf("the key is not that of the transport:\n%s", text)
			}
		})
	}
}

func TestAFingerprintIsByAHashThatAWorkerComputes(t *testing.T) {
	hash := func(bytes int) string { return strings.TrimSuffix(strings.Repeat("AB:", bytes), ":") }
	for want, each := range map[string][]Fingerprint{
		"":                                      {{"sha-1", hash(20)}, {"sha-256", hash(32)}},
		"SDP section 3: fingerprint is missing": nil,
		"SDP section 3: fingerprint is by none of sha-256, sha-384, sha-512": {{"sha-1", hash(20)}},
		"SDP section 3: fingerprint is no sha-384 hash":                      {{"sha-256", hash(32)}, {"sha-384", hash(32)}},
	} {
		got := ""
		section := Section{Fingerprints: each}
		if err := section.CheckFingerprint(3); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
