package sdp

import (
	"errors"
	"strings"
	"testing"

	sluice "sluice.dev/sdk"
	"sluice.dev/sdk/rtp"
)

func TestTheClientIsOfferedWhatItShallGetAndRunsWhenItAgrees(t *testing.T) {
	s := newScene(t, Options{})
	s.client.add(rtp.Audio, rtp.SendOnly)
	s.answered()
	producer := s.producer(rtp.Video, 77)
	made := make(chan *sluice.Consumer, 1)
	sending := s.send(SendOptions{ProducerID: producer.ID(), StreamID: "ann", TrackID: "face",
		OnConsumer: func(consumer *sluice.Consumer) { made <- consumer }})
	next(s, s.needs)
	offer, err := s.Offer(s.ctx)
	parsed := s.parsed(offer, err)
	checkDirections(t, parsed, "recvonly sendonly")
	section := parsed.Sections[1]
	if sending.Consumer() != nil || section.Msids[0] != (Msid{"ann", "face"}) || section.Setup != ActPass {
		t.Fatalf("got %s", parsed)
	}
	if err := s.AcceptAnswer(s.ctx, s.client.answer(offer, nil)); err != nil {
		t.Fatal(err)
	}
	consumer := next(s, made)
	parameters := consumer.RtpParameters()
	if consumer.Paused() || sending.Consumer() != consumer || section.MID != parameters.MID ||
		section.Sources[0].SSRC != parameters.Encodings[0].SSRC ||
		section.Codecs[0].PayloadType != parameters.Codecs[0].PayloadType {
		t.Fatalf("got %+v for %s", parameters, parsed)
	}
	s.settled()
	if len(s.needs) != 0 {
		t.Fatal("an offer is needed, and nothing has changed")
	}
}

func TestAScreenIsAddedAndRemovedTenTimesInOnePlace(t *testing.T) {
	s := newScene(t, Options{})
	s.client.add(rtp.Audio, rtp.SendOnly)
	s.answered()
	mids := map[string]bool{}
	for round := uint32(0); round < 10; round++ {
		producer := s.producer(rtp.Video, 100+round)
		ended := make(chan error, 1)
		s.send(SendOptions{ProducerID: producer.ID(), OnEnd: func(err error) { ended <- err }})
		next(s, s.needs)
		description := s.offered(nil)
		checkDirections(t, description, "recvonly sendonly")
		if mid := description.Sections[1].MID; mids[mid] {
			t.Fatalf("mid %s is used again", mid)
		} else {
			mids[mid] = true
		}
		producer.Close()
		if err := next(s, ended); err != nil {
			t.Fatal(err)
		}
		next(s, s.needs)
		checkDirections(t, s.offered(nil), "recvonly stopped")
	}
}

func TestWhatTheClientRefusesHasEndedAndTellsWhy(t *testing.T) {
	s := newScene(t, Options{})
	s.client.add(rtp.Audio, rtp.SendOnly)
	s.answered()
	for name, refuse := range map[string]func(*Section){
		"stopped":  func(section *Section) { section.Port = 0 },
		"inactive": func(section *Section) { section.Direction = rtp.Inactive },
	} {
		ended := make(chan error, 1)
		sending := s.send(SendOptions{ProducerID: s.producer(rtp.Video, 7).ID(), OnEnd: func(err error) { ended <- err }})
		s.offered(func(sections []Section) { refuse(&sections[1]) })
		if err := next(s, ended); !errors.Is(err, sluice.ErrUnsupported) || sending.Consumer() != nil {
			t.Fatalf("%s: got %v", name, err)
		}
		s.offered(nil)
	}
}

func TestWhatCannotBeSentEndsAndTheRestIsOffered(t *testing.T) {
	s := newScene(t, Options{})
	s.client.add(rtp.Audio, rtp.SendOnly)
	s.client.add(rtp.Video, rtp.SendOnly).Codecs[0].Name = "Theora"
	s.answered()
	ended := make(chan error, 1)
	s.send(SendOptions{ProducerID: s.producer(rtp.Video, 4).ID(), OnEnd: func(err error) { ended <- err }})
	s.send(SendOptions{ProducerID: s.producer(rtp.Audio, 5).ID()})
	checkDirections(t, s.offered(nil), "recvonly sendonly")
	if err := next(s, ended); !errors.Is(err, sluice.ErrUnsupported) {
		t.Fatalf("got %v", err)
	}
	if _, err := s.Send(s.ctx, SendOptions{ProducerID: "nobody"}); !errors.Is(err, sluice.ErrNotFound) {
		t.Fatalf("got %v", err)
	}
}

func TestAStreamThatEndsBeforeItIsOfferedIsNotOffered(t *testing.T) {
	s := newScene(t, Options{})
	s.client.add(rtp.Audio, rtp.SendOnly)
	s.answered()
	producer, ended := s.producer(rtp.Audio, 5), make(chan error, 1)
	s.send(SendOptions{ProducerID: producer.ID(), OnEnd: func(err error) { ended <- err }})
	producer.Close()
	if err := next(s, ended); err != nil {
		t.Fatal(err)
	}
	checkDirections(t, s.offered(nil), "recvonly")
}

func TestOffersThatCrossLeaveTheClientsInForce(t *testing.T) {
	s := newScene(t, Options{})
	s.client.add(rtp.Audio, rtp.SendOnly)
	s.answered()
	s.send(SendOptions{ProducerID: s.producer(rtp.Audio, 5).ID()})
	next(s, s.needs)
	if _, err := s.Offer(s.ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Offer(s.ctx); !errors.Is(err, sluice.ErrInvalidState) {
		t.Fatalf("got %v", err)
	}
	s.client.add(rtp.Video, rtp.SendOnly)
	checkDirections(t, s.answered(), "recvonly recvonly")
	if err := s.AcceptAnswer(s.ctx, s.client.offer()); !errors.Is(err, sluice.ErrInvalidState) {
		t.Fatalf("got %v", err)
	}
	next(s, s.needs)
	checkDirections(t, s.offered(nil), "recvonly recvonly sendonly")
}

func TestABadAnswerCanBeAnsweredAgain(t *testing.T) {
	s := newScene(t, Options{})
	s.client.add(rtp.Audio, rtp.SendOnly)
	s.answered()
	sending := s.send(SendOptions{ProducerID: s.producer(rtp.Audio, 5).ID()})
	offer, err := s.Offer(s.ctx)
	if err != nil {
		t.Fatal(err)
	}
	answer := s.client.answer(offer, nil)
	for _, bad := range []string{"", strings.ReplaceAll(answer, "a=mid:s0", "a=mid:s1"), s.client.offer(),
		answer[:strings.LastIndex(answer, "m=")]} {
		if err := s.AcceptAnswer(s.ctx, strings.ReplaceAll(bad, "BUNDLE 0 s0", "BUNDLE 0")); err == nil {
			t.Fatalf("%q was accepted", bad)
		}
	}
	if err := s.AcceptAnswer(s.ctx, answer); err != nil || sending.Consumer() == nil {
		t.Fatalf("got %v", err)
	}
}

func TestARolledBackOfferIsNeededAgain(t *testing.T) {
	s := newScene(t, Options{})
	s.client.add(rtp.Audio, rtp.SendOnly)
	s.answered()
	sending := s.send(SendOptions{ProducerID: s.producer(rtp.Audio, 5).ID()})
	next(s, s.needs)
	first := s.parsed(s.Offer(s.ctx))
	if err := s.Rollback(s.ctx); err != nil {
		t.Fatal(err)
	}
	next(s, s.needs)
	second := s.offered(nil)
	if second.Sections[1].MID != first.Sections[1].MID || sending.Consumer() == nil ||
		second.Sections[1].Sources[0].SSRC != first.Sections[1].Sources[0].SSRC {
		t.Fatalf("got %s after %s", second, first)
	}
}

func TestWhatWaitsIsAnsweredIntoSectionsThatReceive(t *testing.T) {
	s := newScene(t, Options{})
	sound := s.send(SendOptions{ProducerID: s.producer(rtp.Audio, 5).ID()})
	picture := s.send(SendOptions{ProducerID: s.producer(rtp.Video, 6).ID()})
	s.client.add(rtp.Video, rtp.RecvOnly)
	s.client.add(rtp.Audio, rtp.RecvOnly)
	s.client.add(rtp.Video, rtp.RecvOnly)
	answer := s.answered()
	checkDirections(t, answer, "sendonly sendonly inactive")
	for index, sending := range []*Sending{picture, sound} {
		parameters := sending.Consumer().RtpParameters()
		section := answer.Sections[index]
		if sending.Consumer().Paused() || parameters.MID != section.MID ||
			parameters.Codecs[0].PayloadType != s.client.sections[index].Codecs[0].PayloadType ||
			parameters.HeaderExtensions[0].ID != 9 {
			t.Fatalf("got %+v", parameters)
		}
	}
}

func TestAServerThatOffersFirstNumbersAnewWhenTheClientHasNumbers(t *testing.T) {
	s := newScene(t, Options{})
	// Its numbers stand in the way of those that the client has for the picture.
	s.send(SendOptions{ProducerID: s.producer(rtp.Audio, 5).ID()})
	sending := s.send(SendOptions{ProducerID: s.producer(rtp.Video, 6).ID()})
	next(s, s.needs)
	if _, err := s.Offer(s.ctx); err != nil {
		t.Fatal(err)
	}
	// The client did not hear of it, and offers itself.
	s.client.add(rtp.Video, rtp.RecvOnly).HeaderExtensions[0].ID = 4
	checkDirections(t, s.answered(), "sendonly")
	parameters := sending.Consumer().RtpParameters()
	if parameters.Codecs[0].PayloadType != 120 || parameters.MID != "0" || parameters.HeaderExtensions[0].ID != 4 {
		t.Fatalf("got %+v", parameters)
	}
}

func TestAServerMayOfferFirst(t *testing.T) {
	s := newScene(t, Options{})
	sending := s.send(SendOptions{ProducerID: s.producer(rtp.Video, 6).ID()})
	next(s, s.needs)
	checkDirections(t, s.offered(nil), "sendonly")
	if sending.Consumer().Paused() {
		t.Fatal("it does not run")
	}
	if role := s.Transport().DtlsParameters().Role; role != sluice.DtlsServer {
		t.Fatalf("got %s", role)
	}
}

func TestWhatTheClientDoesNotWantForAWhileIsPaused(t *testing.T) {
	s := newScene(t, Options{})
	s.client.add(rtp.Audio, rtp.SendOnly)
	s.answered()
	consumer := s.send(SendOptions{ProducerID: s.producer(rtp.Audio, 5).ID()})
	s.offered(nil)
	s.client.sections[1].Direction = rtp.Inactive
	s.answered()
	if !consumer.Consumer().Paused() {
		t.Fatal("it runs, and the client does not want it")
	}
	s.client.sections[1].Direction = rtp.RecvOnly
	checkDirections(t, s.answered(), "recvonly sendonly")
	if consumer.Consumer().Paused() {
		t.Fatal("it does not run, and the client wants it")
	}
}
