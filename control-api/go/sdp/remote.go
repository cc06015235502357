package sdp

import (
	"strings"

	sluice "sluice.dev/sdk"
	"sluice.dev/sdk/rtp"
)

// checkShared checks what all sections of a client's description share, because they share one
// transport. It returns what is new about the client.
func (c *Connection) checkShared(d *Description) (remoteSide, error) {
	remote := c.remote
	isBundled := map[string]bool{}
	for _, group := range d.Groups {
		if group.Semantics == "BUNDLE" {
			for _, mid := range group.MIDs {
				isBundled[mid] = true
			}
			break
		}
	}
	active := 0
	for index := range d.Sections {
		section := &d.Sections[index]
		if section.IsStopped() {
			continue
		}
		if active++; active > 1 && !isBundled[section.MID] || active == 1 && len(isBundled) > 0 && !isBundled[section.MID] {
			return remote, errorAt(index, "it is not in the BUNDLE group, and there is one transport")
		}
		if _, isMedia := section.MediaKind(); isMedia && !section.RtcpMux && !section.RtcpMuxOnly {
			return remote, errorAt(index, "it is without rtcp-mux")
		}
		if active > 1 {
			if !isSameIdentity(section.Fingerprints, d.Sections[firstActive(d)].Fingerprints) {
				return remote, errorAt(index, "its fingerprints are not those of the bundle")
			}
			continue
		}
		if err := remote.take(section, index); err != nil {
			return c.remote, err
		}
	}
	if active == 0 && !remote.known {
		return remote, errorf("it has no section in use")
	}
	return remote, nil
}

func firstActive(d *Description) int {
	for index := range d.Sections {
		if !d.Sections[index].IsStopped() {
			return index
		}
	}
	return 0
}

// take notes what the first section in use says for the whole bundle.
func (r *remoteSide) take(section *Section, index int) error {
	if section.Ice == nil {
		return errorAt(index, "it is without ice-ufrag and ice-pwd")
	}
	if err := section.CheckFingerprint(index); err != nil {
		return err
	}
	setup, err := answerSetup(section.Setup, r.localSetup, index)
	if err != nil {
		return err
	}
	if r.known && !isSameIdentity(section.Fingerprints, r.fingerprints) {
		return errorAt(index, "another certificate needs another connection")
	}
	*r = remoteSide{known: true, ice: *section.Ice, fingerprints: section.Fingerprints, localSetup: setup}
	return nil
}

// hashLengths in bytes, of the hashes that a worker computes.
var hashLengths = map[string]int{"sha-256": 32, "sha-384": 48, "sha-512": 64}

// CheckFingerprint gives an *Error if none of the section's fingerprints is by a hash that a worker
// computes (SHA-256, SHA-384, SHA-512), or one of those is not as long as its hash. Others may stand
// beside them (RFC 8122 §5). index is where the section stands, for the error.
func (s *Section) CheckFingerprint(index int) error {
	if len(s.Fingerprints) == 0 {
		return errorAt(index, "fingerprint is missing")
	}
	isKnown := false
	for _, each := range s.Fingerprints {
		length, isHash := hashLengths[each.Algorithm]
		if isHash && len(each.Value) != 3*length-1 {
			return errorAt(index, "fingerprint is no %s hash", each.Algorithm)
		}
		isKnown = isKnown || isHash
	}
	if !isKnown {
		return errorAt(index, "fingerprint is by none of sha-256, sha-384, sha-512")
	}
	return nil
}

// answerSetup is our part in the handshake (RFC 8842 §5.3), which does not change once it is decided.
func answerSetup(theirs, decided Setup, index int) (Setup, error) {
	var ours Setup
	switch theirs {
	case Active:
		ours = Passive
	case Passive:
		ours = Active
	case ActPass, "":
		// The client begins, which saves it a round trip (RFC 8829 §5.3.1).
		ours = Passive
		if decided != "" {
			ours = decided
		}
	default:
		return "", errorAt(index, "setup:%s begins no handshake", theirs)
	}
	if decided != "" && ours != decided {
		return "", errorAt(index, "setup:%s would turn the DTLS roles round", theirs)
	}
	return ours, nil
}

// isSameIdentity: no fingerprints are those of the bundle.
func isSameIdentity(some, others []Fingerprint) bool {
	if len(some) == 0 {
		return true
	}
	for _, each := range some {
		for _, other := range others {
			if each == other {
				return true
			}
		}
	}
	return false
}

func (r *remoteSide) dtlsParameters() sluice.DtlsParameters {
	parameters := sluice.DtlsParameters{Role: sluice.DtlsClient}
	if r.localSetup == Active {
		parameters.Role = sluice.DtlsServer
	}
	for _, fingerprint := range r.fingerprints {
		parameters.Fingerprints = append(parameters.Fingerprints,
			sluice.DtlsFingerprint{Algorithm: fingerprint.Algorithm, Value: fingerprint.Value})
	}
	return parameters
}

// isRTP reports whether this is SRTP with keys from DTLS, by whatever name (RFC 8829 §5.1.2).
func isRTP(protocol string) bool {
	return strings.Contains(protocol, "RTP/SAVP")
}

// learn adds what a description says of the client to what is known of it. A payload type keeps its
// meaning as long as the connection lasts, so nothing is forgotten.
func (c *Connection) learn(d *Description) {
	var receiving, others []Section
	for _, section := range d.Sections {
		if section.IsStopped() {
			continue
		}
		if receives(section.Direction) {
			receiving = append(receiving, section)
		} else {
			others = append(others, section)
		}
	}
	c.capabilities = mergeCapabilities(CapabilitiesOf(append(receiving, others...)...), c.capabilities)
}

func mergeCapabilities(first, second rtp.Capabilities) rtp.Capabilities {
	numbers, extensions := map[uint8]bool{}, map[string]bool{}
	var merged rtp.Capabilities
	for _, each := range []rtp.Capabilities{first, second} {
		for _, codec := range each.Codecs {
			if !numbers[*codec.PreferredPayloadType] {
				numbers[*codec.PreferredPayloadType] = true
				merged.Codecs = append(merged.Codecs, codec)
			}
		}
		for _, extension := range each.HeaderExtensions {
			if key := string(extension.Kind) + extension.URI; !extensions[key] {
				extensions[key] = true
				merged.HeaderExtensions = append(merged.HeaderExtensions, extension)
			}
		}
	}
	return merged
}

// capabilitiesFor is what the client can get of a kind. While it has told nothing of that kind, it is
// what the router has, in numbers that the client has not given to anything else.
func (c *Connection) capabilitiesFor(kind rtp.MediaKind) rtp.Capabilities {
	for _, codec := range c.capabilities.Codecs {
		if codec.Kind == kind {
			return c.capabilities
		}
	}
	return mergeCapabilities(c.capabilities, c.numberAnew(kind))
}

func (c *Connection) numberAnew(kind rtp.MediaKind) rtp.Capabilities {
	numbers, ids := newNumbers(c.capabilities)
	var renumbered rtp.Capabilities
	media := map[uint8]uint8{}
	router := c.router.RtpCapabilities()
	for _, codec := range router.Codecs {
		if codec.Kind != kind {
			continue
		}
		own := *codec.PreferredPayloadType
		number, ok := numbers.take(own)
		if !ok {
			break
		}
		media[own] = number
		codec.PreferredPayloadType = &number
		if apt := aptOf(codec.Parameters); apt >= 0 {
			codec.Parameters = cloneParameters(codec.Parameters)
			codec.Parameters["apt"] = float64(media[uint8(apt)])
		}
		renumbered.Codecs = append(renumbered.Codecs, codec)
	}
	for _, extension := range router.HeaderExtensions {
		if extension.Kind != kind || !sends(extension.Direction) {
			continue
		}
		id, ok := ids.of(extension.URI, extension.PreferredID)
		if !ok {
			continue
		}
		extension.PreferredID, extension.Direction = id, rtp.SendRecv
		renumbered.HeaderExtensions = append(renumbered.HeaderExtensions, extension)
	}
	return renumbered
}

// payloadNumbers are the payload types that are free.
type payloadNumbers map[uint8]bool

// extensionNumbers are the header extension ids of a bundle, in which one URI has one id (RFC 8285
// §7, RFC 8843 §9.2).
type extensionNumbers struct {
	byURI map[string]uint8
	taken map[uint8]bool
}

func newNumbers(known rtp.Capabilities) (payloadNumbers, *extensionNumbers) {
	numbers := payloadNumbers{}
	for number := uint8(96); number <= 127; number++ {
		numbers[number] = true
	}
	for number := uint8(35); number <= 63; number++ {
		numbers[number] = true
	}
	ids := &extensionNumbers{byURI: map[string]uint8{}, taken: map[uint8]bool{}}
	for _, codec := range known.Codecs {
		delete(numbers, *codec.PreferredPayloadType)
	}
	for _, extension := range known.HeaderExtensions {
		ids.byURI[extension.URI] = extension.PreferredID
		ids.taken[extension.PreferredID] = true
	}
	return numbers, ids
}

// take is the wished number if it is free, else the lowest of the dynamic ones, else one of those
// that RFC 5761 §4 leaves beside them.
func (n payloadNumbers) take(wish uint8) (uint8, bool) {
	if n[wish] {
		delete(n, wish)
		return wish, true
	}
	for _, first := range []uint8{96, 35} {
		for number := first; number <= 127; number++ {
			if n[number] {
				delete(n, number)
				return number, true
			}
		}
	}
	return 0, false
}

func (e *extensionNumbers) of(uri string, wish uint8) (uint8, bool) {
	if id, known := e.byURI[uri]; known {
		return id, true
	}
	// 15 means something else in the one-byte form.
	for id := wish; ; id = id%14 + 1 {
		if !e.taken[id] {
			e.taken[id], e.byURI[uri] = true, id
			return id, true
		}
		if id%14+1 == wish || len(e.taken) >= 14 {
			return 0, false
		}
	}
}
