package sluice

import (
	"context"

	schema "sluice.dev/sdk/internal/generated"
)

// PipeTransportOptions describe one end of a pipe between two routers.
type PipeTransportOptions struct {
	ListenInfo ListenInfo
	// EnableRtx has retransmissions of video come on streams of their own; otherwise as what they
	// repeat.
	EnableRtx bool
	// EnableSrtp encrypts with AEAD_AES_256_GCM.
	EnableSrtp bool
	// OnDemand: each end says which encodings somebody there wants, and no others are sent. Nil: true.
	// Both ends need it, or neither.
	OnDemand *bool
	// Sctp enables messages. Nil: there are none.
	Sctp    *SctpOptions
	AppData any
}

// PipeConnectOptions are where the other end is, and what it sends with.
type PipeConnectOptions struct {
	IP   string
	Port uint16
	// SrtpParameters are for EnableSrtp.
	SrtpParameters *SrtpParameters
}

// PipeTransport is one end of a pipe to another router: what a producer sends goes over whole, or as far as
// somebody at the other end wants it.
type PipeTransport struct {
	transport
	addressed
	enableRtx bool
}

// Tuple is where we listen, and where the other end is once connected.
func (t *PipeTransport) Tuple() TransportTuple {
	t.core.mu.Lock()
	defer t.core.mu.Unlock()
	return t.tuple
}

// SrtpParameters are what we send with; the other end has to be told. Nil without EnableSrtp.
func (t *PipeTransport) SrtpParameters() *SrtpParameters {
	t.core.mu.Lock()
	defer t.core.mu.Unlock()
	return copySrtp(t.srtp)
}

// SctpParameters are nil without SctpOptions.
func (t *PipeTransport) SctpParameters() *SctpParameters { return t.data.sctpParameters() }

// SctpState is empty without SctpOptions.
func (t *PipeTransport) SctpState() SctpState { return t.data.sctpState() }

// Connect says where the other end is and what it sends with. Once per transport.
func (t *PipeTransport) Connect(ctx context.Context, options PipeConnectOptions) error {
	return t.connectTo(ctx, &t.object, &PlainConnectOptions{
		IP: options.IP, Port: options.Port, SrtpParameters: options.SrtpParameters})
}

// OnSctpStateChange tells each new state.
func (t *PipeTransport) OnSctpStateChange(call func(SctpState)) (remove func()) {
	return t.data.onState.add(t.core, call)
}

// OnDataChannelClose tells of each stream that both ends have reset; it is free for another one.
func (t *PipeTransport) OnDataChannelClose(call func(streamID uint16)) (remove func()) {
	return t.data.onReset.add(t.core, call)
}

func (o *PipeTransportOptions) encode(id string) (*schema.CreatePipeTransportT, error) {
	info, err := encodeListenInfo(&o.ListenInfo, "listenInfo")
	if err != nil {
		return nil, err
	}
	sctp, err := o.Sctp.encode()
	return &schema.CreatePipeTransportT{
		TransportId: id,
		ListenInfo:  info,
		EnableSrtp:  o.EnableSrtp,
		OnDemand:    valueOr(o.OnDemand, true),
		Sctp:        sctp,
	}, err
}

// With core.mu held.
func (t *PipeTransport) created(response *schema.Response) error {
	created, err := bodyOf[schema.PlainTransportCreated](response, schema.ResponseBodyPlainTransportCreated)
	if err != nil {
		return err
	}
	t.listenAt(created)
	t.data.enable(created.Sctp(nil))
	return nil
}
