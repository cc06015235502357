package sdp

import (
	"context"
	"errors"
	"sync"
	"testing"

	sluice "sluice.dev/sdk"
	"sluice.dev/sdk/rtp"
)

func TestTheClientRestartsIce(t *testing.T) {
	s := newScene(t, Options{})
	s.client.add(rtp.Audio, rtp.SendOnly)
	first := *s.answered().Sections[0].Ice
	if again := *s.answered().Sections[0].Ice; again != first {
		t.Fatal("ICE was restarted, and nobody wanted it")
	}
	s.client.ice.UsernameFragment = "efgh"
	if restarted := *s.answered().Sections[0].Ice; restarted == first {
		t.Fatal("ICE was not restarted")
	}
}

func TestTheServerRestartsIceWithItsNextOffer(t *testing.T) {
	s := newScene(t, Options{})
	s.client.add(rtp.Audio, rtp.SendOnly)
	first := *s.answered().Sections[0].Ice
	if err := s.RestartIce(s.ctx); err != nil {
		t.Fatal(err)
	}
	next(s, s.needs)
	// An answer that nobody expects to restart ICE does not.
	if between := *s.answered().Sections[0].Ice; between != first {
		t.Fatal("ICE was restarted by an answer")
	}
	next(s, s.needs)
	if restarted := *s.offered(nil).Sections[0].Ice; restarted == first {
		t.Fatal("ICE was not restarted")
	}
	s.settled()
	if len(s.needs) != 0 {
		t.Fatal("an offer is needed, and nothing has changed")
	}
}

func TestDataChannelsAreAcceptedIfTheTransportHasThem(t *testing.T) {
	s := newScene(t, Options{})
	s.client.addData()
	s.client.add(rtp.Audio, rtp.SendOnly)
	checkDirections(t, s.answered(), "stopped recvonly")
	if err := s.OpenData(s.ctx); !errors.Is(err, sluice.ErrInvalidState) {
		t.Fatalf("got %v", err)
	}

	s.client = newFakeClient(t)
	s.connect(Options{Transport: sluice.WebRtcTransportOptions{Sctp: &sluice.SctpOptions{}}})
	s.client.add(rtp.Audio, rtp.SendOnly)
	s.answered()
	if err := s.OpenData(s.ctx); err != nil {
		t.Fatal(err)
	}
	next(s, s.needs)
	data := s.offered(nil).Sections[1]
	if data.Kind != dataKind || *data.SctpPort != 5000 || *data.MaxMessageSize != 262144 {
		t.Fatalf("got %+v", data)
	}
	if again := s.answered(); again.Sections[1].IsStopped() {
		t.Fatal("data channels went away")
	}
}

func TestAConnectionIsBounded(t *testing.T) {
	s := newScene(t, Options{MaxSections: 2})
	s.client.add(rtp.Audio, rtp.SendOnly)
	s.answered()
	id := s.producer(rtp.Audio, 5).ID()
	s.send(SendOptions{ProducerID: id})
	if _, err := s.Send(s.ctx, SendOptions{ProducerID: id}); !errors.Is(err, sluice.ErrResourceExhausted) {
		t.Fatalf("got %v", err)
	}
	// What was sent and stopped before anybody was told leaves nothing behind.
	s.waiting[0].Stop()
	for round := 0; round < 100; round++ {
		s.send(SendOptions{ProducerID: id}).Stop()
	}
	if len(s.waiting) > 1 {
		t.Fatalf("%d wait", len(s.waiting))
	}
	for _, options := range []SendOptions{{}, {ProducerID: "a b"}, {ProducerID: id, StreamID: "\r\n"}} {
		var argument *sluice.ArgumentError
		if _, err := s.Send(s.ctx, options); !errors.As(err, &argument) {
			t.Fatalf("%+v: got %v", options, err)
		}
	}
	if _, err := NewConnection(s.ctx, s.router, Options{MaxSections: 257}); err == nil {
		t.Fatal("257 sections were granted")
	}
}

func TestAClosedConnectionTellsSoAndEndsWhatWaits(t *testing.T) {
	s := newScene(t, Options{})
	s.client.add(rtp.Audio, rtp.SendOnly)
	s.answered()
	ended := make(chan error, 2)
	tell := func(err error) { ended <- err }
	s.send(SendOptions{ProducerID: s.producer(rtp.Audio, 5).ID(), OnEnd: tell})
	s.offered(nil)
	s.send(SendOptions{ProducerID: s.producer(rtp.Audio, 6).ID(), OnEnd: tell})
	s.Close()
	next(s, ended)
	next(s, ended)
	_, answering := s.Answer(s.ctx, s.client.offer())
	_, offering := s.Offer(s.ctx)
	_, sending := s.Send(s.ctx, SendOptions{ProducerID: "a"})
	for _, err := range []error{answering, offering, sending} {
		if !errors.Is(err, sluice.ErrInvalidState) {
			t.Fatalf("got %v", err)
		}
	}
}

func TestATakenTurnIsWaitedForNoLongerThanTheCallerLikes(t *testing.T) {
	s := newScene(t, Options{})
	s.turn <- struct{}{}
	defer func() { <-s.turn }()
	ctx, cancel := context.WithCancel(s.ctx)
	cancel()
	if _, err := s.Offer(ctx); !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
}

func TestCandidatesOfTheClientAreChecked(t *testing.T) {
	s := newScene(t, Options{})
	for candidate, isOne := range map[string]bool{
		"": true, "candidate:1 1 udp 1 192.0.2.1 9 typ host": true, "nonsense": false,
	} {
		if err := s.AddRemoteCandidate(candidate); (err == nil) != isOne {
			t.Fatalf("%q: got %v", candidate, err)
		}
	}
}

// Everybody does everything at once: no race, no hang, and afterwards it can still be negotiated.
func TestManyMayUseAConnectionAtOnce(t *testing.T) {
	s := newScene(t, Options{})
	s.client.add(rtp.Audio, rtp.SendOnly)
	s.answered()
	producer := s.producer(rtp.Audio, 5)
	offer := s.client.offer()
	var all sync.WaitGroup
	for each := 0; each < 4; each++ {
		all.Add(1)
		go func() {
			defer all.Done()
			for round := 0; round < 20; round++ {
				sending, err := s.Send(s.ctx, SendOptions{ProducerID: producer.ID()})
				if err != nil {
					t.Error(err)
					return
				}
				// Either may come at a time at which it cannot be done.
				_, _ = s.Offer(s.ctx)
				if _, err := s.Answer(s.ctx, offer); err != nil {
					t.Error(err)
					return
				}
				sending.Stop()
			}
		}()
	}
	all.Wait()
	checkDirections(t, s.answered(), "recvonly")
}
