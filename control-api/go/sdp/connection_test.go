package sdp

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	sluice "sluice.dev/sdk"
	"sluice.dev/sdk/rtp"
)

// scene is a router of a real worker, and one connection on it.
type scene struct {
	*Connection
	t      testing.TB
	ctx    context.Context
	router *sluice.Router
	client *fakeClient
	needs  chan struct{}
	starts chan *sluice.Producer
}

func newScene(t testing.TB, options Options) *scene {
	t.Helper()
	if _, err := exec.LookPath(sluice.DefaultWorkerBin()); err != nil && os.Getenv("CI") == "" {
		t.Skip("no worker is built: set SLUICE_WORKER_BIN")
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	t.Cleanup(cancel)
	worker, err := sluice.NewWorker(ctx, sluice.WorkerSettings{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		worker.Close()
		<-worker.Done()
	})
	router, err := worker.CreateRouter(ctx, sluice.RouterOptions{MediaCodecs: []sluice.RtpCodecCapability{
		{MimeType: "audio/opus", ClockRate: 48000, Channels: 2}, {MimeType: "video/VP8", ClockRate: 90000},
	}})
	if err != nil {
		t.Fatal(err)
	}
	s := &scene{t: t, ctx: ctx, router: router, client: newFakeClient(t)}
	s.connect(options)
	return s
}

// connect makes another connection on the same router.
func (s *scene) connect(options Options) {
	s.t.Helper()
	s.needs, s.starts = make(chan struct{}, 1000), make(chan *sluice.Producer, 1000)
	needs, starts := s.needs, s.starts
	options.OnNegotiationNeeded = func() { needs <- struct{}{} }
	options.OnProducer = func(producer *sluice.Producer) { starts <- producer }
	options.Transport.ListenInfos = []sluice.ListenInfo{{Protocol: sluice.UDP, IP: "127.0.0.1"}}
	connection, err := NewConnection(s.ctx, s.router, options)
	if err != nil {
		s.t.Fatal(err)
	}
	s.Connection = connection
}

// answered is the answer to what the client offers now.
func (s *scene) answered() *Description {
	s.t.Helper()
	return s.parsed(s.Answer(s.ctx, s.client.offer()))
}

func (s *scene) parsed(text string, err error) *Description {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
	description, err := Parse(text)
	if err != nil {
		s.t.Fatalf("%v\n%s", err, text)
	}
	return description
}

// offered offers what there is to the client, who agrees to it all unless change thinks otherwise.
func (s *scene) offered(change func([]Section)) *Description {
	s.t.Helper()
	offer, err := s.Offer(s.ctx)
	description := s.parsed(offer, err)
	if err := s.AcceptAnswer(s.ctx, s.client.answer(offer, change)); err != nil {
		s.t.Fatalf("%v\n%s", err, offer)
	}
	return description
}

func (s *scene) send(options SendOptions) *Sending {
	s.t.Helper()
	sending, err := s.Send(s.ctx, options)
	if err != nil {
		s.t.Fatal(err)
	}
	return sending
}

// producer is of somebody else on the router.
func (s *scene) producer(kind rtp.MediaKind, ssrc uint32) *sluice.Producer {
	s.t.Helper()
	transport, err := s.router.CreateDirectTransport(s.ctx, sluice.DirectTransportOptions{})
	if err != nil {
		s.t.Fatal(err)
	}
	codec := rtp.CodecParameters{MimeType: "video/VP8", PayloadType: 96, ClockRate: 90000}
	if kind == rtp.Audio {
		codec = rtp.CodecParameters{MimeType: "audio/opus", PayloadType: 96, ClockRate: 48000, Channels: 2}
	}
	producer, err := transport.Produce(s.ctx, sluice.ProduceOptions{Kind: kind, RtpParameters: rtp.Parameters{
		Codecs: rtp.List[rtp.CodecParameters]{codec}, Encodings: rtp.List[rtp.EncodingParameters]{{SSRC: ssrc}},
	}})
	if err != nil {
		s.t.Fatal(err)
	}
	return producer
}

func next[T any](s *scene, events chan T) T {
	s.t.Helper()
	select {
	case event := <-events:
		return event
	case <-s.ctx.Done():
		s.t.Fatal("it was not told")
		panic("unreachable")
	}
}

// settled waits until everything that was to be told has been told.
func (s *scene) settled() {
	done := make(chan struct{})
	s.events.push(func() { close(done) })
	<-done
}

func directions(d *Description) string {
	var all []string
	for index := range d.Sections {
		section := &d.Sections[index]
		text := string(section.Direction)
		if section.IsStopped() {
			text = "stopped"
		}
		all = append(all, text)
	}
	return strings.Join(all, " ")
}

func checkDirections(t testing.TB, d *Description, want string) {
	t.Helper()
	if got := directions(d); got != want {
		t.Fatalf("got %s, want %s", got, want)
	}
}

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
	s := newScene(t, Options{})
	s.client.add(rtp.Video, rtp.SendOnly)
	before := s.answered()
	producer := next(s, s.starts)
	for name, each := range map[string]struct {
		change func(*fakeClient)
		reason string
	}{
		"no text at all":       {nil, "is not TYPE=VALUE"},
		"a section missing":    {func(c *fakeClient) { c.sections = nil }, "it has 0 sections, and there were 1"},
		"another mid":          {func(c *fakeClient) { c.sections[0].MID = "z" }, "section 0: it was mid '0' of 'video' and is mid 'z'"},
		"another kind":         {func(c *fakeClient) { c.sections[0].Kind = "audio" }, "section 0: it was mid"},
		"no rtcp-mux":          {func(c *fakeClient) { c.add(rtp.Audio, rtp.SendOnly).RtcpMux = false }, "section 1: it is without rtcp-mux"},
		"roles turned round":   {func(c *fakeClient) { c.setup = Passive }, "section 0: setup:passive would turn"},
		"no handshake":         {func(c *fakeClient) { c.setup = HoldConn }, "section 0: setup:holdconn"},
		"an SSRC that is used": {func(c *fakeClient) { c.add(rtp.Video, rtp.SendOnly).Sources[0].SSRC = 1001 }, "section 1: "},
		"two sections of data": {func(c *fakeClient) { c.addData(); c.addData() }, "section 2: there is another"},
		"too many sections": {func(c *fakeClient) {
			for len(c.sections) <= defaultMaxSections {
				c.add(rtp.Audio, rtp.SendOnly)
			}
		}, "more than 128 sections"},
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

func TestAnotherCertificateIsRefused(t *testing.T) {
	s := newScene(t, Options{})
	s.client.add(rtp.Audio, rtp.SendOnly)
	s.answered()
	other := strings.ReplaceAll(s.client.offer(), "00:11:22", "00:11:23")
	if _, err := s.Answer(s.ctx, other); err == nil || !strings.Contains(err.Error(), "another certificate") {
		t.Fatalf("got %v", err)
	}
}

func TestSectionsOutsideOfTheBundleAreRefusedWithTheirPlace(t *testing.T) {
	s := newScene(t, Options{})
	s.client.add(rtp.Audio, rtp.SendOnly)
	s.client.add(rtp.Video, rtp.SendOnly)
	loose := strings.ReplaceAll(s.client.offer(), "BUNDLE 0 1", "BUNDLE 0")
	if _, err := s.Answer(s.ctx, loose); err == nil || !strings.Contains(err.Error(), "section 1: it is not in the BUNDLE") {
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
	if len(asked) != 2 || asked[1] != (Offered{rtp.Video, "1", "camera track-1"}) {
		t.Fatalf("got %+v", asked)
	}
}

func TestASectionWithoutACommonCodecIsRefusedAndTheOthersAreNot(t *testing.T) {
	s := newScene(t, Options{})
	s.client.add(rtp.Video, rtp.SendOnly).Codecs[0].Name = "Theora"
	s.client.add(rtp.Audio, rtp.SendOnly)
	checkDirections(t, s.answered(), "stopped recvonly")
}

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
	consumer := next(s, made)
	section := parsed.Sections[1]
	parameters := consumer.RtpParameters()
	if !consumer.Paused() || section.MID != parameters.MID || section.Msids[0] != (Msid{"ann", "face"}) ||
		section.Sources[0].SSRC != parameters.Encodings[0].SSRC || section.Setup != ActPass {
		t.Fatalf("got %s", parsed)
	}
	if err := s.AcceptAnswer(s.ctx, s.client.answer(offer, nil)); err != nil {
		t.Fatal(err)
	}
	if consumer.Paused() || sending.Consumer() != consumer {
		t.Fatal("it does not run")
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
		if err := next(s, ended); !errors.Is(err, sluice.ErrUnsupported) || !sending.Consumer().Closed() {
			t.Fatalf("%s: got %v", name, err)
		}
		s.offered(nil)
	}
}

func TestWhatCannotBeSentEndsAndTheRestIsOffered(t *testing.T) {
	s := newScene(t, Options{})
	s.client.add(rtp.Audio, rtp.SendOnly)
	s.answered()
	ended := make(chan error, 1)
	s.send(SendOptions{ProducerID: "nobody", OnEnd: func(err error) { ended <- err }})
	s.send(SendOptions{ProducerID: s.producer(rtp.Audio, 5).ID()})
	checkDirections(t, s.offered(nil), "recvonly sendonly")
	if err := next(s, ended); !errors.Is(err, sluice.ErrNotFound) {
		t.Fatalf("got %v", err)
	}
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
	if err := s.AcceptAnswer(s.ctx, answer); err != nil || sending.Consumer().Paused() {
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
	consumer := sending.Consumer()
	if err := s.Rollback(s.ctx); err != nil {
		t.Fatal(err)
	}
	next(s, s.needs)
	second := s.offered(nil)
	if second.Sections[1].MID != first.Sections[1].MID || sending.Consumer() != consumer || consumer.Closed() {
		t.Fatal("what was made for the first offer is not used for the second")
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
	sending := s.send(SendOptions{ProducerID: s.producer(rtp.Video, 6).ID()})
	next(s, s.needs)
	if _, err := s.Offer(s.ctx); err != nil {
		t.Fatal(err)
	}
	early := sending.Consumer()
	// The client did not hear of it, and offers itself.
	s.client.add(rtp.Video, rtp.RecvOnly)
	checkDirections(t, s.answered(), "sendonly")
	late := sending.Consumer()
	if !early.Closed() || late.RtpParameters().Codecs[0].PayloadType != 120 || late.RtpParameters().MID != "0" {
		t.Fatalf("got %+v", late.RtpParameters())
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
	s.send(SendOptions{ProducerID: "a"})
	if _, err := s.Send(s.ctx, SendOptions{ProducerID: "b"}); !errors.Is(err, sluice.ErrResourceExhausted) {
		t.Fatalf("got %v", err)
	}
	for _, options := range []SendOptions{{}, {ProducerID: "a b"}, {ProducerID: "a", StreamID: "\r\n"}} {
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
