package sdp

import (
	"context"
	"errors"
	"testing"

	sluice "sluice.dev/sdk"
)

// withChannels is a connection whose client may open two data channels.
func withChannels(t *testing.T) (*scene, chan *sluice.DataProducer) {
	s := newScene(t, Options{})
	heard := make(chan *sluice.DataProducer, 10)
	s.connect(Options{
		Transport:       sluice.WebRtcTransportOptions{Sctp: &sluice.SctpOptions{}},
		MaxDataChannels: 2,
		OnDataProducer:  func(producer *sluice.DataProducer) { heard <- producer },
		AcceptDataChannel: func(info sluice.DataChannelInfo, options *sluice.DataProducerOptions) bool {
			options.Label = "from somebody"
			return info.Label != "noise"
		},
	})
	return s, heard
}

func opened(streamID uint16, label string) sluice.DataChannelInfo {
	return sluice.DataChannelInfo{Label: label, Protocol: "p",
		SctpStreamParameters: sluice.SctpStreamParameters{StreamID: streamID}}
}

func TestAChannelOfTheClientIsHeardUntilItCloses(t *testing.T) {
	s, heard := withChannels(t)
	s.channelOpened(opened(1, "chat"))
	producer := next(s, heard)
	if producer.Label() != "from somebody" || producer.Protocol() != "p" || producer.SctpStreamParameters().StreamID != 1 {
		t.Fatalf("got %s, %s, %+v", producer.Label(), producer.Protocol(), producer.SctpStreamParameters())
	}
	s.channelClosed(1)
	if !producer.Closed() {
		t.Fatal("it goes on without its channel")
	}
	// One that closes while it is made is closed as well, and nobody hears of it.
	s.channelOpened(opened(3, "brief"))
	s.channelClosed(3)
	s.settled()
	select {
	case late := <-heard:
		if !late.Closed() {
			t.Fatalf("%s goes on without its channel", late.ID())
		}
	default:
	}
	if len(s.channels.open) != 0 {
		t.Fatalf("%d are left", len(s.channels.open))
	}
}

func TestWhatIsNotWantedAndWhatIsTooMuchIsNotHeard(t *testing.T) {
	s, heard := withChannels(t)
	s.channelOpened(opened(1, "noise"))
	s.channelOpened(opened(3, "chat"))
	s.channelOpened(opened(5, "too much"))
	next(s, heard)
	s.settled()
	if len(heard) != 0 || s.RefusedDataChannels() != 1 {
		t.Fatalf("%d are heard, %d were refused", len(heard)+1, s.RefusedDataChannels())
	}
	// With the one that was not wanted its place is free.
	s.channelClosed(1)
	s.channelOpened(opened(7, "chat"))
	next(s, heard)
	if _, err := NewConnection(s.ctx, s.router, Options{MaxDataChannels: 70_000}); err == nil {
		t.Fatal("70,000 were granted")
	}
}

func TestMessagesWaitForTheClient(t *testing.T) {
	s := newScene(t, Options{})
	options := sluice.DataConsumerOptions{DataProducerID: "words"}
	if _, err := s.SendData(s.ctx, options); !errors.Is(err, sluice.ErrInvalidState) {
		t.Fatalf("got %v without sctp", err)
	}
	s.connect(Options{Transport: sluice.WebRtcTransportOptions{Sctp: &sluice.SctpOptions{}}})
	ctx, cancel := context.WithCancel(s.ctx)
	failed := make(chan error, 2)
	go func() {
		_, err := s.SendData(ctx, options)
		failed <- err
	}()
	// It asks for a section of data channels.
	next(s, s.needs)
	if offer := s.offered(nil); offer.Sections[0].Kind != dataKind {
		t.Fatalf("got %s", offer)
	}
	cancel()
	if err := next(s, failed); !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
	go func() {
		_, err := s.SendData(s.ctx, options)
		failed <- err
	}()
	s.Close()
	if err := next(s, failed); !errors.Is(err, sluice.ErrInvalidState) {
		t.Fatalf("got %v", err)
	}
}
