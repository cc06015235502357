package sdp

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"strconv"

	sluice "sluice.dev/sdk"
	"sluice.dev/sdk/internal/fault"
	"sluice.dev/sdk/rtp"
)

// Options describe a connection. Its callbacks are called one after the other on a goroutine of the
// connection, and may call whatever they like.
type Options struct {
	// Transport is the path to the client. Its Sctp has data channels accepted. Serve does not read it.
	Transport sluice.WebRtcTransportOptions
	// PreferCodecs are MIME types that clients shall rather send than what they offer first.
	PreferCodecs []string
	// MaxSections of a description, 1 to 256; 0 takes 64. A client that offers more gets an *Error.
	MaxSections int
	// AcceptProducer says whether the client may send what it offers; nil: it may. What it may not is
	// answered as inactive.
	AcceptProducer func(Offered) bool
	// OnProducer tells of each stream that the client sends from now on.
	OnProducer func(*sluice.Producer)
	// OnDataProducer tells of each data channel that the client opens by itself, as what it says; it
	// closes with the channel. Nil leaves the channels to Transport().OnDataChannelOpen.
	OnDataProducer func(*sluice.DataProducer)
	// AcceptDataChannel says whether OnDataProducer shall hear of a channel; nil: of each. It may
	// change the options, which have the label and the protocol of the channel.
	AcceptDataChannel func(sluice.DataChannelInfo, *sluice.DataProducerOptions) bool
	// MaxDataChannels that the client may have open, for OnDataProducer, 1 to 65,535; 0 takes 16. More
	// are not heard, and counted: RefusedDataChannels.
	MaxDataChannels int
	// OnNegotiationNeeded tells that the client has to be offered something: call Offer. It is told
	// once for whatever has changed until then, and not while an offer waits for its answer.
	OnNegotiationNeeded func()
	// OnSignalingStateChange tells each new state.
	OnSignalingStateChange func(SignalingState)
	// Make is for applications that keep account of what is made, or fetch it from elsewhere.
	Make Makers
}

// Makers make the objects on the transport. Nil ones: its Produce, Consume, ProduceData, ConsumeData.
type Makers struct {
	// Produce makes what the client sends in section mid.
	Produce func(ctx context.Context, options sluice.ProduceOptions, mid string) (*sluice.Producer, error)
	// Consume makes what the client gets: RouterGroup.Consume fetches producers of other routers.
	Consume func(context.Context, sluice.ConsumeOptions) (*sluice.Consumer, error)
	// ProduceData makes what a data channel of the client says.
	ProduceData func(context.Context, sluice.DataProducerOptions) (*sluice.DataProducer, error)
	// ConsumeData is as Consume.
	ConsumeData func(context.Context, sluice.DataConsumerOptions) (*sluice.DataConsumer, error)
}

func (m *Makers) complete(transport *sluice.WebRtcTransport) {
	if m.Produce == nil {
		m.Produce = func(ctx context.Context, options sluice.ProduceOptions, _ string) (*sluice.Producer, error) {
			return transport.Produce(ctx, options)
		}
	}
	if m.Consume == nil {
		m.Consume = transport.Consume
	}
	if m.ProduceData == nil {
		m.ProduceData = transport.ProduceData
	}
	if m.ConsumeData == nil {
		m.ConsumeData = transport.ConsumeData
	}
}

// Offered is what a client wants to send.
type Offered struct {
	Kind rtp.MediaKind
	MID  string
	// Msid is the stream and the track in the client, with a space between them; empty if not told.
	Msid string
	// Encodings is how many sizes of it there are.
	Encodings int
	// Codec is the MIME type of what would be sent.
	Codec string
}

const defaultMaxSections = 64

// Connection serves one RTCPeerConnection of a client that has no library, with one WebRtcTransport.
//
// Either side may offer. What the client offers to send becomes producers, by Answer; what it shall
// get is said by Send and offered by Offer, or answered into sections that the client offers to
// receive in. When offers cross, that of the client counts: it ignores ours, and Answer withdraws it.
//
// Whatever a client sends that makes no sense is an *Error, and everything stays as it was. All
// methods may be called from any goroutine; negotiations take place one after the other.
type Connection struct {
	router    *sluice.Router
	transport *sluice.WebRtcTransport
	options   Options
	events    notifier
	channels  channels
	status    status
	// turn is held by whoever reads or changes what follows.
	turn chan struct{}

	origin  Origin
	version uint64
	nextMID int
	slots   []*slot
	// waiting has what was not offered yet, or whose offer was not answered.
	waiting []*Sending
	pending *pendingOffer
	// capabilities of the client, as far as it has told.
	capabilities rtp.Capabilities
	remote       remoteSide
	// ice is what was agreed last; the transport may have newer ones.
	ice          sluice.IceParameters
	mustRestart  bool
	mustOpenData bool
	// toldNeed: the application knows that Offer is to be called.
	toldNeed bool
}

// remoteSide is what cannot change in the life of a connection, or restarts ICE.
type remoteSide struct {
	known bool
	// isBundled: its first section in use stands in a BUNDLE group.
	isBundled    bool
	ice          IceParameters
	fingerprints []Fingerprint
	// localSetup is our part in the handshake.
	localSetup Setup
}

// NewConnection makes the transport on router and waits for the first offer, or Offer. The
// application's data of the connection are those of its transport (AppData).
func NewConnection(ctx context.Context, router *sluice.Router, options Options) (*Connection, error) {
	if err := options.complete(); err != nil {
		return nil, err
	}
	transport, err := router.CreateWebRtcTransport(ctx, options.Transport)
	if err != nil {
		return nil, err
	}
	connection, err := Serve(router, transport, options)
	if err != nil {
		transport.Close()
	}
	return connection, err
}

// Serve is NewConnection on a transport of router that is new, and that nobody else connects. When it
// fails the transport is as it was.
func Serve(router *sluice.Router, transport *sluice.WebRtcTransport, options Options) (*Connection, error) {
	if err := options.complete(); err != nil {
		return nil, err
	}
	sessionID, err := newSessionID()
	if err != nil {
		return nil, err
	}
	options.Make.complete(transport)
	c := &Connection{
		router:    router,
		transport: transport,
		options:   options,
		turn:      make(chan struct{}, 1),
		origin:    Origin{Username: "-", SessionID: sessionID, Address: "127.0.0.1"},
		ice:       transport.IceParameters(),
		status:    status{state: SignalingStable},
	}
	transport.OnClose(func(sluice.CloseReason) { c.events.push(c.endWaiting) })
	c.hearChannels()
	return c, nil
}

func (o *Options) complete() error {
	return complete([]bound{
		{"maxSections", &o.MaxSections, defaultMaxSections, MaxSections},
		{"maxDataChannels", &o.MaxDataChannels, defaultMaxDataChannels, mostDataChannels},
	})
}

// endWaiting is for what has no consumer that would be closed with the transport.
func (c *Connection) endWaiting() {
	c.turn <- struct{}{}
	defer c.release()
	for _, sending := range c.waiting {
		sending.end(nil)
	}
	c.waiting = nil
}

// RFC 8829 §5.2.1: 64 random bits, the highest of which is 0.
func newSessionID() (string, error) {
	var bytes [8]byte
	if _, err := rand.Read(bytes[:]); err != nil {
		return "", fault.Errorf(fault.ErrWorker, "no random numbers: %v", err)
	}
	return strconv.FormatUint(binary.BigEndian.Uint64(bytes[:])>>1, 10), nil
}

// Transport is the path to the client.
func (c *Connection) Transport() *sluice.WebRtcTransport { return c.transport }

// Close closes the transport, and with it everything that the client sends and gets.
func (c *Connection) Close() { c.transport.Close() }

// RestartIce has the next offer restart ICE (RFC 8445 §9), which is told to be needed.
func (c *Connection) RestartIce(ctx context.Context) error {
	if err := c.take(ctx); err != nil {
		return err
	}
	defer c.release()
	if _, err := c.transport.RestartIce(ctx); err != nil {
		return err
	}
	c.mustRestart = true
	return nil
}

// OpenData has the next offer include data channels if none are negotiated, so that DataConsumers
// reach a client that has not opened any itself. The transport needs Sctp.
func (c *Connection) OpenData(ctx context.Context) error {
	if c.transport.SctpParameters() == nil {
		return fault.Errorf(fault.ErrInvalidState, "the transport was made without sctp")
	}
	if err := c.take(ctx); err != nil {
		return err
	}
	defer c.release()
	c.mustOpenData = true
	return nil
}

func (c *Connection) take(ctx context.Context) error {
	select {
	case c.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// release also looks whether the client has to be told of something.
func (c *Connection) release() {
	needed := c.pending == nil && !c.toldNeed && !c.transport.Closed() && c.hasNews()
	c.toldNeed = c.toldNeed || needed
	c.publish()
	<-c.turn
	if needed && c.options.OnNegotiationNeeded != nil {
		c.events.push(c.options.OnNegotiationNeeded)
	}
}

func (c *Connection) checkOpen() error {
	if c.transport.Closed() {
		return fault.Errorf(fault.ErrInvalidState, "the connection is closed")
	}
	return nil
}

func (c *Connection) hasNews() bool {
	if c.mustRestart && c.remote.known || c.mustOpenData && !c.hasData() {
		return true
	}
	for _, sending := range c.waiting {
		if !sending.hasEnded() {
			return true
		}
	}
	for _, slot := range c.slots {
		if slot.sending != nil && slot.sending.hasEnded() {
			return true
		}
	}
	return false
}

func (c *Connection) hasData() bool {
	for _, slot := range c.slots {
		if slot.kind == dataKind && !slot.stopped {
			return true
		}
	}
	return false
}

// reconsider is called when something ended by itself.
func (c *Connection) reconsider() {
	c.events.push(func() {
		c.turn <- struct{}{}
		c.release()
	})
}
