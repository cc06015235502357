package sdp

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	sluice "sluice.dev/sdk"
	"sluice.dev/sdk/rtp"
)

func TestABrowserThatPublishesGetsAnAnswerInItsOwnNumbers(t *testing.T) {
	s := newScene(t, Options{})
	for _, each := range readFixtures(t) {
		if each.Name != "chromium_publish_simulcast" && each.Name != "firefox_publish_simulcast" {
			continue
		}
		s.connect(Options{Transport: sluice.WebRtcTransportOptions{Sctp: &sluice.SctpOptions{}}})
		answer := s.parsed(s.Answer(s.ctx, each.Offer))
		offer := s.parsed(each.Offer, nil)
		for index := range answer.Sections {
			section, offered := &answer.Sections[index], &offer.Sections[index]
			if section.Kind == dataKind {
				continue
			}
			if section.Direction != rtp.RecvOnly || section.MID != offered.MID || section.Setup != Passive {
				t.Fatalf("%s: got %+v", each.Name, section)
			}
			for _, codec := range section.Codecs {
				if known := offered.codec(codec.PayloadType); known == nil || known.Name != codec.Name {
					t.Fatalf("%s: %d is no %s in the offer", each.Name, codec.PayloadType, codec.Name)
				}
			}
			producer := next(s, s.starts)
			if string(producer.Kind()) != section.Kind {
				t.Fatalf("%s: got a producer of %s for %s", each.Name, producer.Kind(), section.Kind)
			}
			if offered.Simulcast != nil {
				if len(section.Simulcast.Recv) != len(offered.Simulcast.Send) || producer.Type() != "simulcast" {
					t.Fatalf("%s: got %+v of %s", each.Name, section.Simulcast, producer.Type())
				}
			}
		}
		if !answer.IceLite || len(answer.Sections[0].Candidates) != 1 || len(answer.Groups[0].MIDs) != len(offer.Sections) {
			t.Fatalf("%s: got %s", each.Name, answer)
		}
		s.Close()
	}
}

func TestEveryOfferOfTheFieldIsAnswered(t *testing.T) {
	s := newScene(t, Options{})
	for _, each := range readFixtures(t) {
		s.connect(Options{Transport: sluice.WebRtcTransportOptions{Sctp: &sluice.SctpOptions{}}})
		answer, err := s.Answer(s.ctx, each.Offer)
		if err != nil {
			t.Errorf("%s: %v", each.Name, err)
			continue
		}
		offer := s.parsed(each.Offer, nil)
		for index, section := range s.parsed(answer, nil).Sections {
			offered := offer.Sections[index]
			if section.Kind != offered.Kind || section.MID != offered.MID {
				t.Errorf("%s: got %+v for %+v", each.Name, section, offered)
			}
			if offered.Setup == Passive && section.Setup != Active && !section.IsStopped() {
				t.Errorf("%s: nobody begins the handshake: %s", each.Name, answer)
			}
		}
		s.Close()
	}
}

// What is the transport's own differs from answer to answer, and is left out.
func withoutTransport(d *Description) *Description {
	d.Origin = Origin{}
	for index := range d.Sections {
		section := &d.Sections[index]
		section.Ice, section.Fingerprints, section.Candidates = nil, nil, nil
		section.MaxMessageSize = nil
		if section.Port != 0 {
			section.Port = discardPort
		}
	}
	return d
}

func TestBothSDKsGiveTheSameAnswerToOffersOfTheField(t *testing.T) {
	s := newScene(t, Options{})
	codecs := []sluice.RtpCodecCapability{}
	for _, codec := range fixtureRouter(t).Codecs {
		if !strings.HasSuffix(codec.MimeType, "/rtx") {
			codecs = append(codecs, codec)
		}
	}
	router, err := s.router.Worker().CreateRouter(s.ctx, sluice.RouterOptions{MediaCodecs: codecs})
	if err != nil {
		t.Fatal(err)
	}
	s.router = router
	for _, each := range readFixtures(t) {
		s.connect(Options{Transport: sluice.WebRtcTransportOptions{Sctp: &sluice.SctpOptions{}}})
		text, err := json.Marshal(withoutTransport(s.parsed(each.Answer, nil)))
		if err != nil {
			t.Fatal(err)
		}
		checkSame(t, each.Name, withoutTransport(s.parsed(s.Answer(s.ctx, each.Offer))), text)
		s.Close()
	}
}

func TestWhatTheClientStopsSendingIsClosedAndWhatItGoesOnSendingIsNot(t *testing.T) {
	s := newScene(t, Options{})
	s.client.add(rtp.Audio, rtp.SendRecv)
	s.client.add(rtp.Video, rtp.SendOnly)
	checkDirections(t, s.answered(), "recvonly recvonly")
	sound, picture := next(s, s.starts), next(s, s.starts)
	s.client.sections[1].Direction = rtp.Inactive
	checkDirections(t, s.answered(), "recvonly inactive")
	if sound.Closed() || !picture.Closed() {
		t.Fatalf("got %v, %v", sound.CloseReason(), picture.CloseReason())
	}
	s.client.sections[1].Direction = rtp.SendOnly
	checkDirections(t, s.answered(), "recvonly recvonly")
	if again := next(s, s.starts); again.Kind() != rtp.Video {
		t.Fatalf("got %s", again.Kind())
	}
	s.client.stop(0)
	checkDirections(t, s.answered(), "stopped recvonly")
	if !sound.Closed() {
		t.Fatal("a stopped section still produces")
	}
}

func TestABadOfferLeavesEverythingAsItWas(t *testing.T) {
	s := newScene(t, Options{Transport: sluice.WebRtcTransportOptions{Sctp: &sluice.SctpOptions{}}})
	s.client.add(rtp.Video, rtp.SendOnly)
	before := s.answered()
	producer := next(s, s.starts)
	// Of the application's own on the same transport, which only the worker knows of.
	if _, err := s.Transport().Produce(s.ctx, sluice.ProduceOptions{Kind: rtp.Audio, RtpParameters: rtp.Parameters{
		Codecs:    rtp.List[rtp.CodecParameters]{{MimeType: "audio/opus", PayloadType: 96, ClockRate: 48000, Channels: 2}},
		Encodings: rtp.List[rtp.EncodingParameters]{{SSRC: 5001}},
	}}); err != nil {
		t.Fatal(err)
	}
	for name, each := range map[string]struct {
		change func(*fakeClient)
		reason string
	}{
		"no text at all":       {nil, "is not TYPE=VALUE"},
		"a section missing":    {func(c *fakeClient) { c.sections = nil }, "it has no sections"},
		"another mid":          {func(c *fakeClient) { c.sections[0].MID = "z" }, "section 0: it was mid '0' of 'video' and is mid 'z'"},
		"another kind":         {func(c *fakeClient) { c.sections[0].Kind = "audio" }, "section 0: it was mid"},
		"no credentials":       {func(c *fakeClient) { c.ice = IceParameters{} }, "ice-ufrag"},
		"roles turned round":   {func(c *fakeClient) { c.setup = Passive }, "section 0: setup:passive would turn"},
		"no handshake":         {func(c *fakeClient) { c.setup = HoldConn }, "section 0: setup:holdconn"},
		"an SSRC that is used": {func(c *fakeClient) { c.add(rtp.Video, rtp.SendOnly).Sources[0].SSRC = 1001 }, "section 1: ssrc 1001 is that of section 0 as well"},
		"an SSRC of another":   {func(c *fakeClient) { c.add(rtp.Video, rtp.SendOnly).Sources[0].SSRC = 5001 }, "section 1: "},
		"two sections of data": {func(c *fakeClient) { c.addData(); c.addData() }, "it has more than one section of data channels"},
		"too many sections": {func(c *fakeClient) {
			for len(c.sections) <= defaultMaxSections {
				c.add(rtp.Audio, rtp.SendOnly)
			}
		}, "more than 64 sections"},
	} {
		client, text := *s.client, "nonsense"
		client.sections = append([]Section{}, s.client.sections...)
		if each.change != nil {
			each.change(&client)
			text = client.offer()
		}
		_, err := s.Answer(s.ctx, text)
		var refusal *Error
		if !errors.As(err, &refusal) || !strings.Contains(err.Error(), each.reason) {
			t.Errorf("%s: got %v, want %s", name, err, each.reason)
		}
		var argument *sluice.ArgumentError
		if each.change == nil && !errors.As(err, &argument) {
			t.Errorf("%s: got %v, which is no argument error", name, err)
		}
	}
	if producer.Closed() {
		t.Fatal("a bad offer closed a producer")
	}
	if after := s.answered(); directions(after) != directions(before) || len(s.starts) != 0 {
		t.Fatalf("got %s, and %d new producers", after, len(s.starts))
	}
}

func TestAFirstOfferWithNothingInUseIsRefused(t *testing.T) {
	s := newScene(t, Options{})
	s.client.add(rtp.Video, rtp.SendOnly)
	s.client.stop(0)
	_, err := s.Answer(s.ctx, s.client.offer())
	var refusal *Error
	if !errors.As(err, &refusal) || refusal.Reason != "it has no section that is in use" {
		t.Fatalf("got %v", err)
	}
}

func TestAnotherCertificateIsRefused(t *testing.T) {
	s := newScene(t, Options{})
	s.client.add(rtp.Audio, rtp.SendOnly)
	s.answered()
	other := strings.ReplaceAll(s.client.offer(), "00:11:22", "00:11:23")
	if _, err := s.Answer(s.ctx, other); err == nil || !strings.Contains(err.Error(), "another certificate") {
		t.Fatalf("got %v", err)
	}
}

func TestSectionsThatTheTransportCannotCarryAreRefusedAndTheOthersAreNot(t *testing.T) {
	s := newScene(t, Options{})
	s.client.add(rtp.Audio, rtp.SendOnly)
	s.client.add(rtp.Video, rtp.SendOnly)
	s.client.add(rtp.Video, rtp.SendOnly).RtcpMux = false
	loose := strings.ReplaceAll(s.client.offer(), "BUNDLE 0 1", "BUNDLE 0")
	checkDirections(t, s.parsed(s.Answer(s.ctx, loose)), "recvonly stopped stopped")
	if reason := s.Sections()[1].Reason; reason != "not in the BUNDLE group of the first section" {
		t.Fatalf("got %s", reason)
	}
	// What was refused may be offered as it should be.
	checkDirections(t, s.answered(), "recvonly recvonly stopped")
	if reason := s.Sections()[2].Reason; reason != "without rtcp-mux" {
		t.Fatalf("got %s", reason)
	}
}

func TestAClientThatSpeaksOfNoBundleIsAnsweredWithoutOne(t *testing.T) {
	s := newScene(t, Options{})
	s.client.add(rtp.Video, rtp.SendOnly)
	loose := strings.ReplaceAll(s.client.offer(), "a=group:BUNDLE 0\r\n", "a=group:LS 0\r\n")
	if answer := s.parsed(s.Answer(s.ctx, loose)); len(answer.Groups) != 0 {
		t.Fatalf("got %v", answer.Groups)
	}
	// Nor is it offered one before there is something to bundle.
	offer, err := s.Offer(s.ctx)
	if groups := s.parsed(offer, err).Groups; len(groups) != 0 {
		t.Fatalf("got %v", groups)
	}
	if err := s.Rollback(s.ctx); err != nil {
		t.Fatal(err)
	}
	s.send(SendOptions{ProducerID: s.producer(rtp.Audio, 5).ID()})
	if offer := s.offered(nil); len(offer.Groups) != 1 || len(offer.Groups[0].MIDs) != 2 {
		t.Fatalf("got %v", offer.Groups)
	}
	if answer := s.answered(); len(answer.Groups) != 1 {
		t.Fatalf("got %v", answer.Groups)
	}
}

func TestAnOfferThatWasParsedWithinBoundsIsAnsweredAsAnyOther(t *testing.T) {
	s := newScene(t, Options{})
	s.client.add(rtp.Video, rtp.SendOnly)
	offer, err := ParseWithin(s.client.offer(), ParseBounds{Lines: 100, Sections: 1})
	if err != nil {
		t.Fatal(err)
	}
	checkDirections(t, s.parsed(s.AnswerDescription(s.ctx, offer)), "recvonly")
	var refusal *Error
	if _, err := s.AnswerDescription(s.ctx, nil); !errors.As(err, &refusal) {
		t.Fatalf("got %v", err)
	}
}

func TestWhatTheApplicationDoesNotWantIsAnsweredAsInactive(t *testing.T) {
	var asked []Offered
	s := newScene(t, Options{AcceptProducer: func(offered Offered) bool {
		asked = append(asked, offered)
		return offered.Kind == rtp.Audio
	}})
	s.client.add(rtp.Audio, rtp.SendOnly)
	s.client.add(rtp.Video, rtp.SendOnly)
	checkDirections(t, s.answered(), "recvonly inactive")
	if len(asked) != 2 || asked[1] != (Offered{rtp.Video, "1", "camera track-1", 1, "video/VP8"}) {
		t.Fatalf("got %+v", asked)
	}
}

func TestASectionWithoutACommonCodecIsRefusedAndTheOthersAreNot(t *testing.T) {
	s := newScene(t, Options{})
	s.client.add(rtp.Video, rtp.SendOnly).Codecs[0].Name = "Theora"
	s.client.add(rtp.Audio, rtp.SendOnly)
	checkDirections(t, s.answered(), "stopped recvonly")
}
