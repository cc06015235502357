package sluice

import (
	"sluice.dev/sdk/internal/fault"
	schema "sluice.dev/sdk/internal/generated"
	"sluice.dev/sdk/ortc"
	"sluice.dev/sdk/rtp"
)

// ConsumerLayers are sizes and frame rates of a video, both counted from 0, the lowest. Of several
// encodings the one with the larger picture is the higher spatial layer, wherever it stands in the list.
type ConsumerLayers struct {
	// SpatialLayer is 0 to 254.
	SpatialLayer uint8 `json:"spatialLayer"`
	// TemporalLayer is 0 to 254; nil stands for all of them.
	TemporalLayer *uint8 `json:"temporalLayer,omitempty"`
}

// What the schema says for "all temporal layers".
const allTemporalLayers = 255

// More than there can be is not wrong: the worker takes the highest then.
func encodeLayers(layers ConsumerLayers, field string) (*schema.ConsumerLayersT, error) {
	temporal := valueOr(layers.TemporalLayer, allTemporalLayers)
	if layers.SpatialLayer == allTemporalLayers {
		return nil, fault.Argument(field+".spatialLayer", "is not 0 to 254")
	}
	if layers.TemporalLayer != nil && temporal == allTemporalLayers {
		return nil, fault.Argument(field+".temporalLayer", "is not 0 to 254")
	}
	return &schema.ConsumerLayersT{SpatialLayer: layers.SpatialLayer, TemporalLayer: temporal}, nil
}

// decodeLayers gives nil where the worker says that nothing flows, or nothing is asked for.
func decodeLayers(layers *schema.ConsumerLayers) *ConsumerLayers {
	if layers == nil {
		return nil
	}
	decoded := &ConsumerLayers{SpatialLayer: layers.SpatialLayer()}
	if temporal := layers.TemporalLayer(); temporal != allTemporalLayers {
		decoded.TemporalLayer = &temporal
	}
	return decoded
}

// highestLayers are the highest that encodings declare.
func highestLayers(encodings []rtp.EncodingParameters) *ConsumerLayers {
	spatial, temporal := 1, 1
	for i := range encodings {
		mode := ortc.ParseScalabilityMode(encodings[i].ScalabilityMode)
		if mode.TemporalLayers > temporal {
			temporal = mode.TemporalLayers
		}
		if i == 0 {
			spatial = mode.SpatialLayers
		}
	}
	if len(encodings) > 1 {
		spatial = len(encodings)
	}
	return &ConsumerLayers{SpatialLayer: uint8(spatial - 1), TemporalLayer: Ptr(uint8(temporal - 1))}
}

func copyLayers(layers *ConsumerLayers) *ConsumerLayers {
	if layers == nil {
		return nil
	}
	copied := *layers
	if layers.TemporalLayer != nil {
		copied.TemporalLayer = Ptr(*layers.TemporalLayer)
	}
	return &copied
}
