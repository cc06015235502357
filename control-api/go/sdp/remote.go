package sdp

import (
	"regexp"

	sluice "sluice.dev/sdk"
	"sluice.dev/sdk/rtp"
)

var (
	// Whatever it is called (RFC 8829 §5.1.2), it is SRTP with keys from DTLS.
	rtpProtocols  = regexp.MustCompile(`^((UDP|TCP)/D?TLS/)?RTP/SAVPF?$`)
	dataProtocols = regexp.MustCompile(`^(UDP|TCP)/DTLS/SCTP$`)
)

// bundle has the sections that share one transport (RFC 8843): those that are grouped with the first
// one in use.
type bundle struct {
	// first of those in use, or -1; active is how many there are.
	first, active int
	// mids is nil without a group.
	mids map[string]bool
}

func bundleOf(d *Description) bundle {
	b := bundle{first: -1}
	for index := range d.Sections {
		if d.Sections[index].IsStopped() {
			continue
		}
		if b.active++; b.active == 1 {
			b.first = index
		}
	}
	if b.first < 0 || d.Sections[b.first].MID == "" {
		return b
	}
	for _, group := range d.Groups {
		if group.Semantics != "BUNDLE" {
			continue
		}
		mids := map[string]bool{}
		for _, mid := range group.MIDs {
			mids[mid] = true
		}
		if mids[d.Sections[b.first].MID] {
			b.mids = mids
			break
		}
	}
	return b
}

// has tells of a section in use whether the transport is its one as well: of those that are in no
// group the first is, whoever it is alone with.
func (b *bundle) has(d *Description, index int) bool {
	mid := d.Sections[index].MID
	return b.active <= 1 || index == b.first || mid != "" && b.mids[mid]
}

// checkBundle checks what an answer has to say of all its sections, as all were offered for one
// transport.
func checkBundle(d *Description) error {
	bundle := bundleOf(d)
	for index := range d.Sections {
		section := &d.Sections[index]
		if section.IsStopped() {
			continue
		}
		if !bundle.has(d, index) {
			return errorAt(index, "it is not in the BUNDLE group, and there is one transport")
		}
		if _, isMedia := section.MediaKind(); isMedia && !section.RtcpMux && !section.RtcpMuxOnly {
			return errorAt(index, "it is without rtcp-mux")
		}
		if !isSameIdentity(section.Fingerprints, d.Sections[bundle.first].Fingerprints) {
			return errorAt(index, "its fingerprints are not those of the bundle")
		}
	}
	return nil
}

// met is what is known of the client with what its description says: that of the first section in use,
// which stands for the whole bundle (RFC 8843 §7.1.1). Without one it is what was known before.
func (r remoteSide) met(d *Description) (remoteSide, error) {
	bundle := bundleOf(d)
	if bundle.first < 0 {
		return r, nil
	}
	section := &d.Sections[bundle.first]
	if section.Ice == nil {
		return r, errorAt(bundle.first, "ice-ufrag and ice-pwd are missing")
	}
	if err := section.CheckFingerprint(bundle.first); err != nil {
		return r, err
	}
	setup, err := answerSetup(section.Setup, r.localSetup, bundle.first)
	if err != nil {
		return r, err
	}
	if r.known && !isSameIdentity(section.Fingerprints, r.fingerprints) {
		return r, errorAt(bundle.first, "another certificate needs another connection")
	}
	return remoteSide{known: true, isBundled: bundle.mids != nil, ice: *section.Ice,
		fingerprints: section.Fingerprints, localSetup: setup}, nil
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
		return "", errorAt(index, "setup:%s cannot be granted", theirs)
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
