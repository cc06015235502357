package sluice

import (
	"context"

	schema "sluice.dev/sdk/internal/generated"
)

// PlainTransportOptions describe a path to a media tool.
type PlainTransportOptions struct {
	ListenInfo ListenInfo
	// RtcpListenInfo is of RTCP, without RtcpMux. Nil: as ListenInfo, on another port.
	RtcpListenInfo *ListenInfo
	// RtcpMux has RTCP share the port of RTP (RFC 5761). Nil: true.
	RtcpMux *bool
	// Comedia: the peer is where its first valid packet comes from: RTP of a producer, or RTCP; with
	// SRTP whatever authenticates. Connect is then for SrtpParameters alone.
	Comedia    bool
	EnableSrtp bool
	// SrtpCryptoSuite is AesCm128HmacSha1_80 if empty, which FFmpeg knows as well.
	SrtpCryptoSuite SrtpCryptoSuite
	// Sctp enables messages; they share the port of RTP. Nil: there are none.
	Sctp    *SctpOptions
	AppData any
}

// PlainConnectOptions are where the peer is, and what it sends with.
type PlainConnectOptions struct {
	IP   string
	Port uint16
	// RtcpPort is of RTCP, without RtcpMux.
	RtcpPort uint16
	// SrtpParameters are for EnableSrtp.
	SrtpParameters *SrtpParameters
}

// addressed is what plain transports and pipes have in common: addresses that the application knows.
// core.mu guards it.
type addressed struct {
	tuple     TransportTuple
	rtcpTuple *TransportTuple
	srtp      *SrtpParameters
}

// PlainTransport is RTP with a media tool: no ICE, no DTLS, addresses that the application knows or that the
// tool's first packet shows.
type PlainTransport struct {
	transport
	addressed

	onTuple     listeners[TransportTuple]
	onRtcpTuple listeners[TransportTuple]
}

// Tuple is where we listen, and where the peer is once that is known.
func (t *PlainTransport) Tuple() TransportTuple {
	t.core.mu.Lock()
	defer t.core.mu.Unlock()
	return t.tuple
}

// RtcpTuple is the same of RTCP; nil with RtcpMux.
func (t *PlainTransport) RtcpTuple() *TransportTuple {
	t.core.mu.Lock()
	defer t.core.mu.Unlock()
	return copyTuple(t.rtcpTuple)
}

// SrtpParameters are what we send with; the peer has to be told. New after Connect with another suite. Nil
// without EnableSrtp.
func (t *PlainTransport) SrtpParameters() *SrtpParameters {
	t.core.mu.Lock()
	defer t.core.mu.Unlock()
	return copySrtp(t.srtp)
}

// SctpParameters are nil without SctpOptions.
func (t *PlainTransport) SctpParameters() *SctpParameters { return t.data.sctpParameters() }

// SctpState is empty without SctpOptions.
func (t *PlainTransport) SctpState() SctpState { return t.data.sctpState() }

// Connect says where the peer is and what it sends with. Once per transport.
func (t *PlainTransport) Connect(ctx context.Context, options PlainConnectOptions) error {
	return t.connectTo(ctx, &t.object, &options)
}

// OnTuple tells where the peer has shown to be, with Comedia.
func (t *PlainTransport) OnTuple(call func(TransportTuple)) (remove func()) {
	return t.onTuple.add(t.core, call)
}

// OnRtcpTuple is the same of RTCP.
func (t *PlainTransport) OnRtcpTuple(call func(TransportTuple)) (remove func()) {
	return t.onRtcpTuple.add(t.core, call)
}

// OnSctpStateChange tells each new state.
func (t *PlainTransport) OnSctpStateChange(call func(SctpState)) (remove func()) {
	return t.data.onState.add(t.core, call)
}

func (o *PlainTransportOptions) encode(id string) (*schema.CreatePlainTransportT, error) {
	body := &schema.CreatePlainTransportT{
		TransportId: id,
		RtcpMux:     valueOr(o.RtcpMux, true),
		Comedia:     o.Comedia,
		EnableSrtp:  o.EnableSrtp,
	}
	var err error
	if body.ListenInfo, err = encodeListenInfo(&o.ListenInfo, "listenInfo"); err != nil {
		return nil, err
	}
	if o.RtcpListenInfo != nil {
		if body.RtcpListenInfo, err = encodeListenInfo(o.RtcpListenInfo, "rtcpListenInfo"); err != nil {
			return nil, err
		}
	}
	suite := o.SrtpCryptoSuite
	if suite == "" {
		suite = AesCm128HmacSha1_80
	}
	index, err := indexOf(suite, "srtpCryptoSuite", srtpSuites)
	if err != nil {
		return nil, err
	}
	body.SrtpSuite = schema.SrtpSuite(index)
	body.Sctp, err = o.Sctp.encode()
	return body, err
}

// With core.mu held, as the rest.
func (t *PlainTransport) created(response *schema.Response) error {
	created, err := bodyOf[schema.PlainTransportCreated](response, schema.ResponseBodyPlainTransportCreated)
	if err != nil {
		return err
	}
	t.listenAt(created)
	t.data.enable(created.Sctp(nil))
	return nil
}

func (t *PlainTransport) handle(notification *schema.Notification) {
	switch notification.BodyType() {
	case schema.NotificationBodyTupleChange:
		if tuple := decodeTuple(newsOf[schema.TupleChange](notification).Tuple(nil)); tuple != nil {
			t.tuple = *tuple
			t.onTuple.emit(t.core, *tuple)
		}
	case schema.NotificationBodyRtcpTupleChange:
		if tuple := decodeTuple(newsOf[schema.RtcpTupleChange](notification).Tuple(nil)); tuple != nil {
			t.rtcpTuple = tuple
			t.onRtcpTuple.emit(t.core, *tuple)
		}
	default:
		t.transport.handle(notification)
	}
}

func (a *addressed) listenAt(created *schema.PlainTransportCreated) {
	a.tuple = TransportTuple{LocalAddress: string(created.LocalAddress()), LocalPort: created.LocalPort(), Protocol: UDP}
	if port := created.RtcpLocalPort(); port != 0 {
		a.rtcpTuple = &TransportTuple{LocalAddress: string(created.RtcpLocalAddress()), LocalPort: port, Protocol: UDP}
	}
	a.srtp = decodeSrtp(created.Srtp(nil))
}

func (a *addressed) connectTo(ctx context.Context, o *object, options *PlainConnectOptions) error {
	srtp, err := options.SrtpParameters.encode()
	if err != nil {
		return err
	}
	body := &schema.ConnectPlainTransportT{Ip: options.IP, Port: options.Port, RtcpPort: options.RtcpPort, Srtp: srtp}
	return o.commandWith(ctx, schema.RequestBodyConnectPlainTransport, body, func(response *schema.Response) error {
		connected, err := bodyOf[schema.PlainTransportConnected](response, schema.ResponseBodyPlainTransportConnected)
		if err != nil {
			return err
		}
		if tuple := decodeTuple(connected.Tuple(nil)); tuple != nil {
			a.tuple = *tuple
		}
		if tuple := decodeTuple(connected.RtcpTuple(nil)); tuple != nil {
			a.rtcpTuple = tuple
		}
		a.srtp = decodeSrtp(connected.Srtp(nil))
		return nil
	})
}
