package sluice

import (
	"context"
	"time"

	"sluice.dev/sdk/internal/fault"
	schema "sluice.dev/sdk/internal/generated"
)

// WebRtcTransportOptions describe a path to a browser.
type WebRtcTransportOptions struct {
	// WebRtcServer of the same worker, or ListenInfos for sockets of its own: 1 to 8.
	WebRtcServer *WebRtcServer
	ListenInfos  []ListenInfo
	// EnableUDP says whether candidates of UDP are offered and checks over UDP heard. Nil: true.
	EnableUDP *bool
	// EnableTCP is the same for TCP (RFC 6544, passive). Nil: with a server, true; otherwise, whether
	// one of ListenInfos names TCP.
	EnableTCP *bool
	// PreferUDP and PreferTCP say whose candidates get the higher priorities; UDP's if neither or both
	// are true. Clients weigh them with preferences of their own.
	PreferUDP bool
	PreferTCP bool
	// IceConsentTimeout is the time without a sign of the peer after which ICE is disconnected (RFC
	// 7675 §5.1): 10 to 60 s, in seconds. 0 takes 30 s; less than 0 stands for never.
	IceConsentTimeout time.Duration
	// InitialAvailableOutgoingBitrate is what the path to the client is taken to carry until it is
	// measured, in bits per second; 0 takes 600,000.
	InitialAvailableOutgoingBitrate uint32
	// Sctp enables data channels. Nil: there are none.
	Sctp    *SctpOptions
	AppData any
}

const (
	defaultConsent  = 30 * time.Second
	leastConsent    = 10 * time.Second
	mostConsent     = 60 * time.Second
	initialOutgoing = 600000
)

// WebRtcTransport is the path between a router and one browser: ICE, DTLS, and the streams on top.
type WebRtcTransport struct {
	transport
	server *WebRtcServer

	// core.mu guards the rest.
	iceParameters  IceParameters
	iceCandidates  []IceCandidate
	iceState       IceState
	iceTuple       *TransportTuple
	dtlsParameters DtlsParameters
	dtlsState      DtlsState
	dtlsRemoteCert string

	onIceState  listeners[IceState]
	onIceTuple  listeners[TransportTuple]
	onDtlsState listeners[DtlsState]
}

// IceRole is "controlled": clients decide.
func (t *WebRtcTransport) IceRole() string { return "controlled" }

// IceParameters are for the client; new after RestartIce.
func (t *WebRtcTransport) IceParameters() IceParameters {
	t.core.mu.Lock()
	defer t.core.mu.Unlock()
	return t.iceParameters
}

// IceCandidates are for the client.
func (t *WebRtcTransport) IceCandidates() []IceCandidate {
	return append([]IceCandidate(nil), t.iceCandidates...)
}

// IceState is IceClosed once the transport is closed.
func (t *WebRtcTransport) IceState() IceState {
	t.core.mu.Lock()
	defer t.core.mu.Unlock()
	return t.iceState
}

// IceSelectedTuple is the path in use; nil while there is none.
func (t *WebRtcTransport) IceSelectedTuple() *TransportTuple {
	t.core.mu.Lock()
	defer t.core.mu.Unlock()
	return copyTuple(t.iceTuple)
}

// DtlsParameters are for the client. Their Role is ours, once it is decided.
func (t *WebRtcTransport) DtlsParameters() DtlsParameters {
	t.core.mu.Lock()
	defer t.core.mu.Unlock()
	parameters := t.dtlsParameters
	parameters.Fingerprints = append([]DtlsFingerprint(nil), parameters.Fingerprints...)
	return parameters
}

// DtlsState is DtlsClosed once the transport is closed.
func (t *WebRtcTransport) DtlsState() DtlsState {
	t.core.mu.Lock()
	defer t.core.mu.Unlock()
	return t.dtlsState
}

// DtlsRemoteCert is PEM; empty until DTLS is connected.
func (t *WebRtcTransport) DtlsRemoteCert() string {
	t.core.mu.Lock()
	defer t.core.mu.Unlock()
	return t.dtlsRemoteCert
}

// WebRtcServer is the server that it uses; nil if it has sockets of its own.
func (t *WebRtcTransport) WebRtcServer() *WebRtcServer { return t.server }

// SctpParameters are for the client; nil without SctpOptions.
func (t *WebRtcTransport) SctpParameters() *SctpParameters { return t.data.sctpParameters() }

// SctpState is empty without SctpOptions.
func (t *WebRtcTransport) SctpState() SctpState { return t.data.sctpState() }

// SctpNegotiatedCapabilities are nil until SCTP is connected.
func (t *WebRtcTransport) SctpNegotiatedCapabilities() *SctpNegotiatedCapabilities {
	return t.data.negotiatedCapabilities()
}

// Connect takes what the client tells of its DTLS. Once per transport.
func (t *WebRtcTransport) Connect(ctx context.Context, parameters DtlsParameters) error {
	body, err := parameters.encode()
	if err != nil {
		return err
	}
	return t.commandWith(ctx, schema.RequestBodyConnectWebRtcTransport, body, func(response *schema.Response) error {
		connected, err := bodyOf[schema.WebRtcTransportConnected](response, schema.ResponseBodyWebRtcTransportConnected)
		if err != nil {
			return err
		}
		t.dtlsParameters.Role = nameOf(int(connected.DtlsLocalRole()), dtlsRoles)
		return nil
	})
}

// RestartIce makes new credentials, for the client's restart (RFC 8445 §9). The old ones work until the new
// ones are used.
func (t *WebRtcTransport) RestartIce(ctx context.Context) (IceParameters, error) {
	var parameters IceParameters
	err := t.commandWith(ctx, schema.RequestBodyRestartIce, &schema.RestartIceT{}, func(response *schema.Response) error {
		restarted, err := bodyOf[schema.IceRestarted](response, schema.ResponseBodyIceRestarted)
		if err != nil {
			return err
		}
		t.iceParameters = decodeIceParameters(restarted.IceParameters(nil))
		return nil
	})
	if err == nil {
		parameters = t.IceParameters()
	}
	return parameters, err
}

// OnIceStateChange tells each new state.
func (t *WebRtcTransport) OnIceStateChange(call func(IceState)) (remove func()) {
	return t.onIceState.add(t.core, call)
}

// OnIceSelectedTupleChange tells each new path.
func (t *WebRtcTransport) OnIceSelectedTupleChange(call func(TransportTuple)) (remove func()) {
	return t.onIceTuple.add(t.core, call)
}

// OnDtlsStateChange tells each new state. DtlsRemoteCert is there with DtlsConnected.
func (t *WebRtcTransport) OnDtlsStateChange(call func(DtlsState)) (remove func()) {
	return t.onDtlsState.add(t.core, call)
}

// OnSctpStateChange tells each new state.
func (t *WebRtcTransport) OnSctpStateChange(call func(SctpState)) (remove func()) {
	return t.data.onState.add(t.core, call)
}

// OnSctpNegotiatedCapabilities tells how many streams were agreed, before SctpConnected is told.
func (t *WebRtcTransport) OnSctpNegotiatedCapabilities(call func(SctpNegotiatedCapabilities)) (remove func()) {
	return t.data.onNegotiated.add(t.core, call)
}

// OnDataChannelOpen tells of each channel that the client opens by itself (RFC 8832). Produce on its stream
// to hear it.
func (t *WebRtcTransport) OnDataChannelOpen(call func(DataChannelInfo)) (remove func()) {
	return t.data.onOpen.add(t.core, call)
}

// OnDataChannelClose tells of each stream that both sides have reset; it is free for another channel.
func (t *WebRtcTransport) OnDataChannelClose(call func(streamID uint16)) (remove func()) {
	return t.data.onReset.add(t.core, call)
}

func (o *WebRtcTransportOptions) encode(id string) (*schema.CreateWebRtcTransportT, error) {
	if (o.WebRtcServer == nil) == (len(o.ListenInfos) == 0) {
		return nil, fault.Argument("listenInfos", "either webRtcServer or listenInfos has to be given")
	}
	enableUDP, listensOnTCP := valueOr(o.EnableUDP, true), o.WebRtcServer != nil
	body := &schema.CreateWebRtcTransportT{
		TransportId:                     id,
		EnableUdp:                       enableUDP,
		PreferUdp:                       o.PreferUDP,
		PreferTcp:                       o.PreferTCP,
		InitialAvailableOutgoingBitrate: o.InitialAvailableOutgoingBitrate,
	}
	if o.WebRtcServer != nil {
		if o.WebRtcServer.Closed() {
			return nil, fault.Errorf(ErrInvalidState, "webRtcServer is closed")
		}
		body.WebrtcServerId = o.WebRtcServer.id
	} else {
		infos, err := encodeListenInfos(o.ListenInfos)
		if err != nil {
			return nil, err
		}
		body.ListenInfos = infos
		for _, info := range infos {
			listensOnTCP = listensOnTCP || info.Protocol == schema.ProtocolTcp
		}
	}
	body.EnableTcp = valueOr(o.EnableTCP, listensOnTCP)
	if !body.EnableUdp && !body.EnableTcp {
		return nil, fault.Argument("enableTcp", "enableUdp and enableTcp are both false: nothing is left to listen on")
	}
	if body.InitialAvailableOutgoingBitrate == 0 {
		body.InitialAvailableOutgoingBitrate = initialOutgoing
	}
	if o.IceConsentTimeout >= 0 {
		consent, err := inRangeOr(o.IceConsentTimeout, "iceConsentTimeout", defaultConsent, leastConsent, mostConsent)
		if err != nil {
			return nil, err
		}
		body.IceConsentTimeoutS = byte(consent / time.Second)
	}
	sctp, err := o.Sctp.encode()
	body.Sctp = sctp
	return body, err
}

// created takes what the worker has made. With core.mu held, as the rest.
func (t *WebRtcTransport) created(response *schema.Response) error {
	created, err := bodyOf[schema.WebRtcTransportCreated](response, schema.ResponseBodyWebRtcTransportCreated)
	if err != nil {
		return err
	}
	t.iceParameters = decodeIceParameters(created.IceParameters(nil))
	t.iceState, t.dtlsState = IceNew, DtlsNew
	var candidate schema.IceCandidate
	for i := 0; i < created.IceCandidatesLength() && created.IceCandidates(&candidate, i); i++ {
		t.iceCandidates = append(t.iceCandidates, decodeIceCandidate(&candidate))
	}
	t.dtlsParameters = decodeDtlsParameters(created)
	t.data.enable(created.Sctp(nil))
	return nil
}

func (t *WebRtcTransport) end(reason CloseReason) bool {
	if !t.transport.end(reason) {
		return false
	}
	// Whoever still looks at the transport should see that it is over.
	t.iceState, t.dtlsState, t.iceTuple = IceClosed, DtlsClosed, nil
	if t.server != nil {
		t.server.detach(t)
	}
	return true
}

func (t *WebRtcTransport) handle(notification *schema.Notification) {
	switch notification.BodyType() {
	case schema.NotificationBodyIceStateChange:
		t.iceState = IceState(newsOf[schema.IceStateChange](notification).State())
		if t.iceState == IceDisconnected {
			t.iceTuple = nil
		}
		t.onIceState.emit(t.core, t.iceState)
	case schema.NotificationBodyIceSelectedTupleChange:
		tuple := decodeTuple(newsOf[schema.IceSelectedTupleChange](notification).Tuple(nil))
		if tuple != nil {
			t.iceTuple = tuple
			t.onIceTuple.emit(t.core, *tuple)
		}
	case schema.NotificationBodyDtlsStateChange:
		change := newsOf[schema.DtlsStateChange](notification)
		t.dtlsState = DtlsState(change.State())
		if t.dtlsState == DtlsConnected {
			t.dtlsRemoteCert = string(change.RemoteCertificate())
		}
		t.onDtlsState.emit(t.core, t.dtlsState)
	default:
		t.transport.handle(notification)
	}
}
