package sluice

import (
	"context"

	"sluice.dev/sdk/internal/fault"
	schema "sluice.dev/sdk/internal/generated"
)

// DataProducer is messages that a peer, or the application itself, sends to a router.
type DataProducer struct {
	dataObject

	// core.mu guards the rest.
	consumers int
	pipes     flights[*PipeToRouterResult]
	origin    pipeOrigin
}

// SendOptions say who hears a message. The zero value stands for everybody.
type SendOptions struct {
	// Subchannels: only consumers that listen to one of these, or to everything.
	Subchannels []uint16
	// RequiredSubchannel: of them, only those that listen to this one.
	RequiredSubchannel *uint16
	// IgnoredSubchannel: and not those that listen to this one.
	IgnoredSubchannel *uint16
}

// Send speaks to consumers. If the peer speaks for this producer it is ErrUnsupported.
func (p *DataProducer) Send(ctx context.Context, message Message, options SendOptions) error {
	if p.stream != nil {
		return fault.Errorf(ErrUnsupported, "the peer speaks for this data producer")
	}
	if err := checkSubchannels(options.Subchannels, "subchannels"); err != nil {
		return err
	}
	body := encodeMessage(message)
	body.Subchannels = options.Subchannels
	body.RequiredSubchannel = options.RequiredSubchannel
	body.IgnoredSubchannel = options.IgnoredSubchannel
	return p.command(ctx, schema.RequestBodySendData, body, nil)
}

// Close closes the channel at the peer as well, unless the other direction of it is in use. Its consumers
// are closed, on whatever transport.
func (p *DataProducer) Close() {
	p.core.mu.Lock()
	defer p.core.mu.Unlock()
	if p.end(ClosedByApplication) {
		p.core.closeInWorker(p.id)
	}
}

// GetStats is what has come in.
func (p *DataProducer) GetStats(ctx context.Context) (*DataProducerStat, error) {
	return ask(ctx, &p.object, schema.RequestBodyGetStats, &schema.GetStatsT{}, decodeDataProducerStats)
}

// With core.mu held, as the rest.
func (p *DataProducer) end(reason CloseReason) bool {
	if p.reason != NotClosed {
		return false
	}
	data := &p.transport.data
	delete(data.producers, p.id)
	delete(p.transport.router.dataProducers, p.id)
	data.release(p.stream)
	return p.finish(reason)
}

// Nothing is told of data producers.
func (p *DataProducer) handle(*schema.Notification) {}

func encodeMessage(message Message) *schema.SendDataT {
	body := &schema.SendDataT{Ppid: message.PPID, Data: message.Data}
	if body.Ppid == 0 {
		body.Ppid = defaultPPIDBinary
	}
	return body
}
