package sdp

import (
	"context"
	"os"
	"os/exec"
	"strings"
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
