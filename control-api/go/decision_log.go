package sluice

import (
	"context"

	"sluice.dev/sdk/internal/fault"
	schema "sluice.dev/sdk/internal/generated"
)

// DecisionKind is what was decided about a consumer.
type DecisionKind string

// The kinds of decisions.
const (
	// DecisionLayers: those that it is to have were chosen. DecisionSwitched: what flows has changed to them.
	DecisionLayers   DecisionKind = "layers"
	DecisionSwitched DecisionKind = "switched"
	DecisionPaused   DecisionKind = "paused"
	DecisionResumed  DecisionKind = "resumed"
	// DecisionPreferredLayers and DecisionPriority are of the application.
	DecisionPreferredLayers DecisionKind = "preferredlayers"
	DecisionPriority        DecisionKind = "priority"
	// DecisionKeyFrameWanted: its client asked for one (PLI or FIR). DecisionKeyFrameRequested: the
	// application did.
	DecisionKeyFrameWanted    DecisionKind = "keyframewanted"
	DecisionKeyFrameRequested DecisionKind = "keyframerequested"
	DecisionProducerPaused    DecisionKind = "producerpaused"
	DecisionProducerResumed   DecisionKind = "producerresumed"
)

// In the order of the schema.
var decisionKinds = []DecisionKind{DecisionLayers, DecisionSwitched, DecisionPaused, DecisionResumed,
	DecisionPreferredLayers, DecisionPriority, DecisionKeyFrameWanted, DecisionKeyFrameRequested,
	DecisionProducerPaused, DecisionProducerResumed}

// Decision is one about a consumer.
type Decision struct {
	Kind DecisionKind `json:"kind"`
	// Timestamp in milliseconds of the worker's monotonic clock.
	Timestamp uint64 `json:"timestamp"`
	// Layers are with layers, switched and preferredlayers; nil for none.
	Layers *ConsumerLayers `json:"layers,omitempty"`
	// Reason is with layers and switched, in one word, as "bandwidthDown".
	Reason string `json:"reason,omitempty"`
	// AvailableBitrate is what all video of the transport had to share, in bits per second; nil if no
	// bound was known.
	AvailableBitrate *uint32 `json:"availableBitrate,omitempty"`
	// Priority is with priority.
	Priority uint8 `json:"priority,omitempty"`
	// Times is how often in a row the same was decided; Timestamp is that of the first.
	Times uint32 `json:"times"`
}

// DecisionLog is why a consumer got what it got.
type DecisionLog struct {
	// Decisions are in order, the oldest first.
	Decisions []Decision `json:"decisions"`
	// Overwritten are older ones that had to make room.
	Overwritten uint64 `json:"overwritten"`
}

const mostDecisions = 1024

// EnableDecisionLog keeps the last so many decisions, up to 1,024; 0 ends the log.
func (c *Consumer) EnableDecisionLog(ctx context.Context, entries uint16) error {
	if entries > mostDecisions {
		return fault.Argument("entries", "%d is not 0 to %d", entries, mostDecisions)
	}
	return c.command(ctx, schema.RequestBodyEnableDecisionLog, &schema.EnableDecisionLogT{Entries: entries}, nil)
}

// GetDecisionLog is what EnableDecisionLog has kept.
func (c *Consumer) GetDecisionLog(ctx context.Context) (*DecisionLog, error) {
	return ask(ctx, &c.object, schema.RequestBodyGetDecisionLog, &schema.GetDecisionLogT{}, decodeDecisionLog)
}

func decodeDecisionLog(response *schema.Response) (*DecisionLog, error) {
	told, err := bodyOf[schema.DecisionLog](response, schema.ResponseBodyDecisionLog)
	if err != nil {
		return nil, err
	}
	log := &DecisionLog{Decisions: []Decision{}, Overwritten: told.Overwritten()}
	var decision schema.Decision
	for i := 0; i < told.DecisionsLength() && told.Decisions(&decision, i); i++ {
		// A newer worker may know more kinds.
		if int(decision.Kind()) >= len(decisionKinds) {
			continue
		}
		log.Decisions = append(log.Decisions, Decision{
			Kind:             decisionKinds[decision.Kind()],
			Timestamp:        decision.TimestampMs(),
			Layers:           decodeLayers(decision.Layers(nil)),
			Reason:           string(decision.Reason()),
			AvailableBitrate: decision.AvailableBitrate(),
			Priority:         decision.Priority(),
			Times:            decision.Times(),
		})
	}
	return log, nil
}
