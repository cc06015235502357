package ortc

import (
	"regexp"
	"strconv"
)

// ScalabilityMode is how an encoding is layered (W3C webrtc-svc §6).
type ScalabilityMode struct {
	// SpatialLayers and TemporalLayers are 1 to 99.
	SpatialLayers  int `json:"spatialLayers"`
	TemporalLayers int `json:"temporalLayers"`
	// Ksvc says that layers of size depend on each other in key frames only.
	Ksvc bool `json:"ksvc"`
}

var scalabilityModePattern = regexp.MustCompile(`^[LS]([1-9][0-9]?)T([1-9][0-9]?)(_KEY)?`)

// ParseScalabilityMode reads L1T3, L3T3_KEY, S2T1 and so on. What is empty or no scalability mode
// has one layer of each kind.
func ParseScalabilityMode(mode string) ScalabilityMode {
	match := scalabilityModePattern.FindStringSubmatch(mode)
	if match == nil {
		return ScalabilityMode{SpatialLayers: 1, TemporalLayers: 1}
	}
	// The pattern lets nothing but one or two digits through.
	spatial, _ := strconv.Atoi(match[1])
	temporal, _ := strconv.Atoi(match[2])
	return ScalabilityMode{SpatialLayers: spatial, TemporalLayers: temporal, Ksvc: match[3] != ""}
}
