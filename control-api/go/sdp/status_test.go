package sdp

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	sluice "sluice.dev/sdk"
	"sluice.dev/sdk/rtp"
)

func TestSectionsTellWhatWasAgreedAndWhyNot(t *testing.T) {
	s := newScene(t, Options{})
	s.client.add(rtp.Audio, rtp.SendOnly)
	s.client.add(rtp.Video, rtp.SendOnly).Codecs[0].Name = "Theora"
	s.client.addData()
	sending := s.send(SendOptions{ProducerID: s.producer(rtp.Video, 7).ID(), AppData: "mine"})
	if all := s.Sendings(); len(all) != 1 || all[0] != sending || sending.Kind() != rtp.Video || sending.AppData() != "mine" {
		t.Fatalf("got %v", all)
	}
	s.client.add(rtp.Video, rtp.RecvOnly)
	s.answered()
	producer := next(s, s.starts)
	want := []SectionStatus{
		{MID: "0", Kind: "audio", Direction: rtp.RecvOnly, Producer: producer},
		{MID: "1", Kind: "video", Direction: rtp.Inactive, Stopped: true, Reason: "the router has none of its codecs (Theora), but VP8"},
		{MID: "2", Kind: "application", Direction: rtp.Inactive, Stopped: true, Reason: "the transport was made without sctp"},
		{MID: "3", Kind: "video", Direction: rtp.SendOnly, Sending: sending},
	}
	for index, got := range s.Sections() {
		if got != want[index] {
			t.Errorf("section %d: got %+v, want %+v", index, got, want[index])
		}
	}
	// What ends by itself is told without another negotiation.
	producer.Close()
	sending.Stop()
	for index, got := range s.Sections() {
		if got.Direction != rtp.Inactive || got.Producer != nil || got.Sending != nil {
			t.Errorf("section %d: got %+v", index, got)
		}
	}
	if len(s.Sendings()) != 0 || !sending.Ended() {
		t.Error("what has ended is sent")
	}
}

func TestTheSignalingStateFollowsOffersAndAnswers(t *testing.T) {
	s := newScene(t, Options{})
	told := make(chan SignalingState, 10)
	s.connect(Options{OnSignalingStateChange: func(state SignalingState) { told <- state }})
	s.send(SendOptions{ProducerID: s.producer(rtp.Audio, 7).ID()})
	expect := func(want SignalingState) {
		t.Helper()
		if got := s.SignalingState(); got != want {
			t.Fatalf("got %s, want %s", got, want)
		}
		if got := next(s, told); got != want {
			t.Fatalf("was told %s, want %s", got, want)
		}
	}
	for _, end := range []func() error{
		func() error { return s.Rollback(s.ctx) },
		func() error {
			// The client's offer counts, and withdraws the other.
			s.client.add(rtp.Audio, rtp.SendOnly)
			_, err := s.Answer(s.ctx, s.client.offer())
			return err
		},
	} {
		if _, err := s.Offer(s.ctx); err != nil {
			t.Fatal(err)
		}
		expect(SignalingHaveLocalOffer)
		if err := end(); err != nil {
			t.Fatal(err)
		}
		expect(SignalingStable)
	}
	s.Close()
	expect(SignalingClosed)
	if !s.Closed() || s.Router() != s.router {
		t.Fatal("it is open")
	}
}

func TestMessagesOfAPageAreTakenAsTheyAre(t *testing.T) {
	s := newScene(t, Options{})
	take := func(message any) (*Message, error) {
		t.Helper()
		text, err := json.Marshal(message)
		if err != nil {
			t.Fatal(err)
		}
		var read Message
		if err := json.Unmarshal(text, &read); err != nil {
			t.Fatal(err)
		}
		return s.Handle(s.ctx, read)
	}
	s.client.add(rtp.Audio, rtp.SendOnly)
	answer, err := take(map[string]any{"type": "offer", "sdp": s.client.offer()})
	if err != nil || answer.Type != "answer" || !strings.HasPrefix(answer.SDP, "v=0\r\n") {
		t.Fatalf("got %+v, %v", answer, err)
	}
	s.send(SendOptions{ProducerID: s.producer(rtp.Audio, 7).ID()})
	offer, err := s.Offer(s.ctx)
	if err != nil {
		t.Fatal(err)
	}
	if nothing, err := take(map[string]any{"type": "answer", "sdp": s.client.answer(offer, nil)}); err != nil || nothing != nil {
		t.Fatalf("got %+v, %v", nothing, err)
	}
	for _, candidate := range []any{
		map[string]any{"candidate": "candidate:1 1 udp 1 192.0.2.1 9 typ host", "sdpMid": "0", "sdpMLineIndex": 0},
		map[string]any{"candidate": "", "sdpMid": nil},
	} {
		if nothing, err := take(candidate); err != nil || nothing != nil {
			t.Fatalf("got %+v, %v", nothing, err)
		}
	}
	for reason, message := range map[string]any{
		"type 'rollback' is neither offer nor answer": map[string]any{"type": "rollback"},
		"it does not begin with v=0":                  map[string]any{"type": "offer"},
		"candidate does not begin as one":             map[string]any{"candidate": "x"},
	} {
		var refusal *Error
		if _, err := take(message); !errors.As(err, &refusal) || !strings.Contains(err.Error(), reason) {
			t.Errorf("got %v, want %s", err, reason)
		}
	}
	if _, err := take(map[string]any{"type": "answer", "sdp": "v=0\r\no=- 1 1 IN IP4 0\r\n"}); !errors.Is(err, sluice.ErrInvalidState) {
		t.Errorf("got %v", err)
	}
}

func TestMakersKeepAccountAndFetchFromElsewhere(t *testing.T) {
	s := newScene(t, Options{})
	far, err := s.router.Worker().CreateRouter(s.ctx, sluice.RouterOptions{MediaCodecs: []sluice.RtpCodecCapability{
		{MimeType: "audio/opus", ClockRate: 48000, Channels: 2}, {MimeType: "video/VP8", ClockRate: 90000},
	}})
	if err != nil {
		t.Fatal(err)
	}
	near := s.router
	s.router = far
	source := s.producer(rtp.Video, 7)
	s.router = near
	transport, err := near.CreateWebRtcTransport(s.ctx, sluice.WebRtcTransportOptions{
		ListenInfos: []sluice.ListenInfo{{Protocol: sluice.UDP, IP: "127.0.0.1"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Serve(near, transport, Options{MaxSections: -1}); err == nil || transport.Closed() {
		t.Fatalf("got %v, and a transport that is closed: %v", err, transport.Closed())
	}
	var mids []string
	s.Connection, err = Serve(near, transport, Options{Make: Makers{
		Produce: func(ctx context.Context, options sluice.ProduceOptions, mid string) (*sluice.Producer, error) {
			mids = append(mids, mid)
			return transport.Produce(ctx, options)
		},
		Consume: func(ctx context.Context, options sluice.ConsumeOptions) (*sluice.Consumer, error) {
			carried, err := far.PipeToRouter(ctx, sluice.PipeToRouterOptions{ProducerID: options.ProducerID, Router: near})
			if err != nil {
				return nil, err
			}
			options.ProducerID = carried.PipeProducer.ID()
			return transport.Consume(ctx, options)
		},
	}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Send(s.ctx, SendOptions{ProducerID: source.ID()}); !errors.Is(err, sluice.ErrNotFound) {
		t.Fatalf("got %v for a producer of another router", err)
	}
	ended := make(chan error, 1)
	sending := s.send(SendOptions{Producer: source, EnableRtx: sluice.Ptr(false), OnEnd: func(err error) { ended <- err }})
	s.client.add(rtp.Audio, rtp.SendOnly)
	s.client.add(rtp.Video, rtp.RecvOnly)
	checkDirections(t, s.answered(), "recvonly sendonly")
	consumer := sending.Consumer()
	if consumer == nil || consumer.Transport() != sluice.Transport(transport) || sending.ProducerID() != source.ID() {
		t.Fatalf("got %+v", consumer)
	}
	if consumer.RtpParameters().Encodings[0].RTX != nil {
		t.Fatal("it has RTX, which was not asked for")
	}
	if len(mids) != 1 || mids[0] != "0" {
		t.Fatalf("got %v", mids)
	}
	source.Close()
	if err := next(s, ended); err != nil || !sending.Ended() {
		t.Fatalf("got %v", err)
	}
}
