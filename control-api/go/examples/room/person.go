package main

import (
	"context"
	"log"
	"sync"
	"time"

	sluice "sluice.dev/sdk"
	"sluice.dev/sdk/rtp"
	"sluice.dev/sdk/sdp"
)

const (
	// A page sends a microphone and a camera, and perhaps a screen.
	maxProducers = 3
	// Bytes of what somebody says at once.
	maxWords = 16 << 10
	chatName = "chat"
)

// Who has had no event stream for this long is gone.
const graceTime = 15 * time.Second

// person is somebody in a room.
type person struct {
	house *house
	room  *room
	// id is known to everybody in the room, key only to the page.
	id, key, name string
	outbox        *outbox
	connection    *sdp.Connection

	// speaking keeps what is said to the page in the order in which it was negotiated.
	speaking sync.Mutex

	mu        sync.Mutex
	producers map[string]*sluice.Producer
	// sendings by producer of somebody else.
	sendings map[string]*sdp.Sending
	// chat is what the page says, chats what it hears, by data producer of somebody else.
	chat     *sluice.DataProducer
	chats    map[string]bool
	streams  int
	farewell *time.Timer
	gone     bool
}

func (p *person) connect(ctx context.Context) error {
	p.producers, p.chats = map[string]*sluice.Producer{}, map[string]bool{}
	connection, err := sdp.NewConnection(ctx, p.room.router, sdp.Options{
		Transport: sluice.WebRtcTransportOptions{WebRtcServer: p.house.rtc, AppData: p,
			Sctp: &sluice.SctpOptions{MaxReceiveMessageSize: maxWords, MaxSendMessageSize: maxWords}},
		// The others of a full room send no more than this, and there are one's own, and one for data.
		MaxSections: min(sdp.MaxSections, (p.house.limits.people+1)*maxProducers+1),
		AcceptProducer: func(sdp.Offered) bool {
			p.mu.Lock()
			defer p.mu.Unlock()
			return len(p.producers) < maxProducers
		},
		OnProducer: p.introduce,
		// Those who hear it find out by the label who speaks.
		AcceptDataChannel: func(channel sluice.DataChannelInfo, options *sluice.DataProducerOptions) bool {
			options.Label = p.id
			return channel.Label == chatName
		},
		OnDataProducer:      p.talk,
		OnNegotiationNeeded: p.offer,
	})
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.gone {
		connection.Close()
		return errNoPerson
	}
	p.connection = connection
	p.farewell = time.AfterFunc(graceTime, p.leave)
	connection.Transport().OnIceStateChange(func(state sluice.IceState) {
		if state == sluice.IceDisconnected {
			p.outbox.push("bye", map[string]any{"reason": "the connection was lost"})
			p.leave()
		}
	})
	return nil
}

// meetOthers tells everybody of everybody, and has what they send sent to the one who came.
func (p *person) meetOthers(ctx context.Context) error {
	// They stand in one offer, and not in one for each.
	p.speaking.Lock()
	defer p.speaking.Unlock()
	for _, other := range p.house.introduce(p) {
		for _, producer := range other.publishes() {
			if err := p.watch(ctx, other, producer); err != nil {
				return err
			}
		}
		if chat := other.talks(); chat != nil {
			p.hear(chat)
		}
	}
	return nil
}

func (p *person) publishes() []*sluice.Producer {
	p.mu.Lock()
	defer p.mu.Unlock()
	var all []*sluice.Producer
	for _, producer := range p.producers {
		all = append(all, producer)
	}
	return all
}

// introduce is told of what the page sends.
func (p *person) introduce(producer *sluice.Producer) {
	p.mu.Lock()
	p.producers[producer.ID()] = producer
	p.mu.Unlock()
	producer.OnClose(func(sluice.CloseReason) {
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.producers, producer.ID())
	})
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if producer.Kind() == rtp.Audio {
		// What fails here fails because somebody left.
		_ = p.room.speakers.AddProducer(ctx, producer.ID())
	}
	for _, other := range p.house.othersOf(p.room, p) {
		if err := other.watch(ctx, p, producer); err != nil && !producer.Closed() {
			log.Printf("room %s: %s does not get %s of %s: %v", p.room.name, other.id, producer.Kind(), p.id, err)
		}
	}
}

// watch has a page sent what somebody else publishes, once. The page finds the id of that person in
// the id of the stream.
func (p *person) watch(ctx context.Context, other *person, producer *sluice.Producer) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	// Two who come at once hear of each other twice.
	if p.gone || p.connection == nil || p.sendings[producer.ID()] != nil {
		return nil
	}
	sending, err := p.connection.Send(ctx, sdp.SendOptions{
		ProducerID: producer.ID(), StreamID: other.id, TrackID: producer.ID(),
		OnEnd: func(error) {
			p.mu.Lock()
			defer p.mu.Unlock()
			delete(p.sendings, producer.ID())
		},
	})
	if err != nil {
		return err
	}
	p.sendings[producer.ID()] = sending
	return nil
}

// talk is told of the page's chat, when it opens one. There is one of each page.
func (p *person) talk(chat *sluice.DataProducer) {
	p.mu.Lock()
	isSecond := p.chat != nil && !p.chat.Closed()
	if !isSecond {
		p.chat = chat
	}
	p.mu.Unlock()
	if isSecond {
		chat.Close()
		return
	}
	for _, other := range p.house.othersOf(p.room, p) {
		other.hear(chat)
	}
}

func (p *person) talks() *sluice.DataProducer {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.chat
}

// hear has a page hear what somebody else says, once, as soon as it has connected.
func (p *person) hear(chat *sluice.DataProducer) {
	p.mu.Lock()
	defer p.mu.Unlock()
	// Two who come at once hear of each other twice.
	if p.gone || p.connection == nil || p.chats[chat.ID()] {
		return
	}
	p.chats[chat.ID()] = true
	connection := p.connection
	chat.OnClose(func(sluice.CloseReason) {
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.chats, chat.ID())
	})
	go func() {
		// Who takes longer is sent home by then.
		ctx, cancel := context.WithTimeout(context.Background(), 2*graceTime)
		defer cancel()
		_, err := connection.SendData(ctx, sluice.DataConsumerOptions{DataProducerID: chat.ID()})
		if err != nil && !chat.Closed() && !connection.Transport().Closed() {
			log.Printf("room %s: %s does not hear %s: %v", p.room.name, p.id, chat.Label(), err)
		}
	}()
}

// offer is called when there is something to negotiate.
func (p *person) offer() {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	p.speaking.Lock()
	defer p.speaking.Unlock()
	// An offer of the page may have come first; then the next one is told to be needed.
	if text, err := p.connection.Offer(ctx); err == nil {
		p.outbox.push("offer", map[string]any{"sdp": text})
	}
}

// answer takes an offer of the page. The answer goes the same way as offers do, so that the two
// cannot overtake each other.
func (p *person) answer(ctx context.Context, offer string) error {
	p.speaking.Lock()
	defer p.speaking.Unlock()
	text, err := p.connection.Answer(ctx, offer)
	if err == nil {
		p.outbox.push("answer", map[string]any{"sdp": text})
	}
	return err
}

// attend is called when an event stream of the page begins, and what it returns when it ends. There
// is one at a time: a new one is what is left of the page.
func (p *person) attend() (leave func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.streams++
	p.farewell.Stop()
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.streams--; p.streams == 0 && !p.gone {
			p.farewell.Reset(graceTime)
		}
	}
}

// leave closes everything, and tells the others. It may be called twice.
func (p *person) leave() {
	if !p.house.forget(p) {
		return
	}
	p.mu.Lock()
	p.gone = true
	if p.farewell != nil {
		p.farewell.Stop()
	}
	connection := p.connection
	p.mu.Unlock()
	if connection != nil {
		connection.Close()
	}
	if p.room != nil {
		p.house.tell(p.room, p, "left", map[string]any{"id": p.id})
	}
	p.outbox.close()
}

func min(a, b int) int {
	if a < b {
		return a
	}
	return b
}
