package sdp

import (
	"fmt"
	"strings"

	"sluice.dev/sdk/ortc"
	"sluice.dev/sdk/rtp"
)

const (
	midURI         = "urn:ietf:params:rtp-hdrext:sdes:mid"
	ridURI         = "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id"
	transportCCURI = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"
)

// isHelper has what accompanies media and is none itself.
var isHelper = map[string]bool{
	"rtx": true, "red": true, "ulpfec": true, "flexfec-03": true, "flexfec": true, "cn": true,
	"telephone-event": true,
}

// CapabilitiesOf is what a receiver that offers, or answers, sections can take: in its own payload
// types and header extension ids. Of every payload type the first section that names it counts, and
// so it does for header extensions of one kind.
func CapabilitiesOf(sections ...Section) rtp.Capabilities {
	var all rtp.Capabilities
	numbers, extensions := map[uint8]bool{}, map[string]bool{}
	for index := range sections {
		section := &sections[index]
		kind, isMedia := section.MediaKind()
		if !isMedia {
			continue
		}
		for each := range section.Codecs {
			codec := &section.Codecs[each]
			if numbers[codec.PayloadType] || isRtx(codec) && !section.hasRepeated(codec) {
				continue
			}
			numbers[codec.PayloadType] = true
			all.Codecs = append(all.Codecs, capabilityOf(kind, codec))
		}
		for _, extension := range uniqueExtensions(section.HeaderExtensions) {
			key := section.Kind + " " + extension.URI
			if extensions[key] {
				continue
			}
			extensions[key] = true
			all.HeaderExtensions = append(all.HeaderExtensions, rtp.HeaderExtension{
				Kind: kind, URI: extension.URI, PreferredID: extension.ID,
				Direction: directionOrBoth(extension.Direction),
			})
		}
	}
	return all
}

func directionOrBoth(direction Direction) Direction {
	if direction == "" {
		return rtp.SendRecv
	}
	return direction
}

func isRtx(codec *Codec) bool { return strings.EqualFold(codec.Name, "rtx") }

// aptOf is the payload type that an RTX codec repeats (RFC 4588 §8.1), or -1.
func aptOf(parameters rtp.FormatParameters) int {
	if apt, isNumber := parameters["apt"].(float64); isNumber {
		return int(apt)
	}
	return -1
}

func (s *Section) hasRepeated(rtx *Codec) bool {
	apt := aptOf(rtx.Parameters)
	for index := range s.Codecs {
		if int(s.Codecs[index].PayloadType) == apt && !isRtx(&s.Codecs[index]) {
			return true
		}
	}
	return false
}

func capabilityOf(kind rtp.MediaKind, codec *Codec) rtp.CodecCapability {
	payloadType := codec.PayloadType
	parameters := codecParameters(kind, codec)
	return rtp.CodecCapability{
		Kind:                 kind,
		MimeType:             parameters.MimeType,
		PreferredPayloadType: &payloadType,
		ClockRate:            parameters.ClockRate,
		Channels:             parameters.Channels,
		Parameters:           parameters.Parameters,
		RtcpFeedback:         parameters.RtcpFeedback,
	}
}

// codecParameters is a codec as the sender of a section describes it.
func codecParameters(kind rtp.MediaKind, codec *Codec) rtp.CodecParameters {
	parameters := rtp.CodecParameters{
		MimeType:     string(kind) + "/" + codec.Name,
		PayloadType:  codec.PayloadType,
		ClockRate:    codec.ClockRate,
		Parameters:   cloneParameters(codec.Parameters),
		RtcpFeedback: append(rtp.List[rtp.RtcpFeedback]{}, codec.RtcpFeedback...),
	}
	if kind == rtp.Audio {
		parameters.Channels = 1
		if codec.Channels > 0 {
			parameters.Channels = codec.Channels
		}
	}
	return parameters
}

// sdpCodec is a codec of ORTC as SDP writes it.
func sdpCodec(codec *rtp.CodecParameters) Codec {
	_, name, _ := strings.Cut(codec.MimeType, "/")
	return Codec{
		PayloadType:  codec.PayloadType,
		Name:         name,
		ClockRate:    codec.ClockRate,
		Channels:     codec.Channels,
		Parameters:   cloneParameters(codec.Parameters),
		RtcpFeedback: append(rtp.List[rtp.RtcpFeedback]{}, codec.RtcpFeedback...),
	}
}

func cloneParameters(parameters rtp.FormatParameters) rtp.FormatParameters {
	clone := make(rtp.FormatParameters, len(parameters))
	for name, value := range parameters {
		clone[name] = value
	}
	return clone
}

// AcceptedCodecs are what of a section's codecs a sender may use towards a router.
type AcceptedCodecs struct {
	// Codecs are the media codec and, where both sides have it, its RTX; in the section's payload
	// types.
	Codecs           rtp.List[rtp.CodecParameters] `json:"codecs"`
	HeaderExtensions rtp.List[HeaderExtension]     `json:"headerExtensions"`
}

// AcceptCodecs takes the first codec of the section that the router has, or the first of prefer
// (MIME types) that both have. False if there is none.
func AcceptCodecs(section *Section, router rtp.Capabilities, prefer ...string) (AcceptedCodecs, bool) {
	kind, isMedia := section.MediaKind()
	if !isMedia {
		return AcceptedCodecs{}, false
	}
	var chosen *pair
	best := len(prefer)
	for index := range section.Codecs {
		codec := &section.Codecs[index]
		found := matchCodec(kind, codec, router)
		if found == nil {
			continue
		}
		if rank := rankOf(found.theirs.MimeType, prefer); chosen == nil || rank < best {
			chosen, best = found, rank
		}
	}
	if chosen == nil {
		return AcceptedCodecs{}, false
	}
	accepted := AcceptedCodecs{
		HeaderExtensions: acceptExtensions(section, router, sends, receives),
	}
	accepted.Codecs = append(accepted.Codecs, chosen.agree(accepted.has(transportCCURI)))
	if rtx := findRtx(section, chosen, router); rtx != nil {
		repair := codecParameters(kind, rtx)
		repair.RtcpFeedback = nil
		accepted.Codecs = append(accepted.Codecs, repair)
	}
	return accepted, true
}

func (a *AcceptedCodecs) has(uri string) bool {
	for _, extension := range a.HeaderExtensions {
		if extension.URI == uri {
			return true
		}
	}
	return false
}

// rankOf is how far in front of prefer a codec stands; behind all of it if it is not there.
func rankOf(mimeType string, prefer []string) int {
	for index, each := range prefer {
		if strings.EqualFold(each, mimeType) {
			return index
		}
	}
	return len(prefer)
}

type pair struct {
	theirs rtp.CodecParameters
	ours   *rtp.CodecCapability
}

func matchCodec(kind rtp.MediaKind, codec *Codec, router rtp.Capabilities) *pair {
	if isHelper[strings.ToLower(codec.Name)] {
		return nil
	}
	wanted := ortc.Codec{MimeType: string(kind) + "/" + codec.Name, ClockRate: codec.ClockRate,
		Channels: codec.Channels, Parameters: codec.Parameters}
	for index := range router.Codecs {
		ours := &router.Codecs[index]
		if ours.Kind == kind && ortc.IsCompatibleCodec(wanted, ortc.Codec{MimeType: ours.MimeType,
			ClockRate: ours.ClockRate, Channels: ours.Channels, Parameters: ours.Parameters}) {
			// Only now is anything copied: descriptions may be full of what nobody has.
			return &pair{codecParameters(kind, codec), ours}
		}
	}
	return nil
}

// maxNames in a message; browsers offer five or six.
const maxNames = 8

// whyNoCodec is why none of a section's codecs is accepted.
func whyNoCodec(section *Section, router rtp.Capabilities) string {
	var theirs, ours codecNames
	for index := range section.Codecs {
		codec := &section.Codecs[index]
		theirs.add(codec.Name, codec.Parameters)
	}
	for index := range router.Codecs {
		codec := &router.Codecs[index]
		if _, name, _ := strings.Cut(codec.MimeType, "/"); string(codec.Kind) == section.Kind {
			ours.add(name, codec.Parameters)
		}
	}
	return fmt.Sprintf("the router has none of its codecs (%s), but %s", &theirs, &ours)
}

// codecNames are codecs for a message; of H264 also the profiles, which have to fit as well.
type codecNames []string

func (n *codecNames) add(name string, parameters rtp.FormatParameters) {
	if isHelper[strings.ToLower(name)] || len(*n) == maxNames {
		return
	}
	if strings.EqualFold(name, "h264") {
		profile, mode := parameters["profile-level-id"], parameters["packetization-mode"]
		if profile == nil {
			profile = ortc.DefaultProfileLevelID
		}
		if mode == nil {
			mode = 0
		}
		if text, isText := mode.(string); isText {
			mode = quoted(text)
		}
		name = fmt.Sprintf("%s %s packetization-mode %v", name, quoted(fmt.Sprint(profile)), mode)
	}
	for _, known := range *n {
		if known == name {
			return
		}
	}
	*n = append(*n, name)
}

func (n *codecNames) String() string {
	if len(*n) == 0 {
		return "none"
	}
	return strings.Join(*n, ", ")
}

func findRtx(section *Section, chosen *pair, router rtp.Capabilities) *Codec {
	isRepaired := false
	for _, codec := range router.Codecs {
		isRepaired = isRepaired || strings.EqualFold(codec.MimeType, string(chosen.ours.Kind)+"/rtx") &&
			chosen.ours.PreferredPayloadType != nil &&
			aptOf(codec.Parameters) == int(*chosen.ours.PreferredPayloadType)
	}
	if !isRepaired {
		return nil
	}
	for index := range section.Codecs {
		codec := &section.Codecs[index]
		if isRtx(codec) && aptOf(codec.Parameters) == int(chosen.theirs.PayloadType) {
			return codec
		}
	}
	return nil
}

// agree is what the sender may do of what it offered: what the router understands as well.
func (p *pair) agree(hasTransportCC bool) rtp.CodecParameters {
	agreed := p.theirs
	var offered rtp.List[rtp.RtcpFeedback]
	for _, feedback := range p.theirs.RtcpFeedback {
		for _, known := range p.ours.RtcpFeedback {
			if known == feedback {
				offered = append(offered, feedback)
				break
			}
		}
	}
	byNumber := false
	for _, feedback := range offered {
		byNumber = byNumber || hasTransportCC && feedback.Type == "transport-cc"
	}
	agreed.RtcpFeedback = nil
	for _, feedback := range offered {
		// One estimate of the path is enough: that of the sender, if it can make one.
		if feedback.Type == "transport-cc" && !byNumber || feedback.Type == "goog-remb" && byNumber {
			continue
		}
		agreed.RtcpFeedback = append(agreed.RtcpFeedback, feedback)
	}
	if strings.EqualFold(agreed.MimeType, "video/h264") {
		// RFC 6184 §8.2.2: with the level that the router takes, if both allow two of them.
		local := cloneParameters(p.ours.Parameters)
		if _, known := local["profile-level-id"]; !known {
			if offered, known := agreed.Parameters["profile-level-id"]; known {
				local["profile-level-id"] = offered
			}
		}
		agreed.Parameters["profile-level-id"] = ortc.AnswerProfileLevelID(local, agreed.Parameters)
	}
	return agreed
}

// acceptExtensions are those of the section that they use in one way, and the router in the other.
func acceptExtensions(section *Section, router rtp.Capabilities,
	theirs, ours func(Direction) bool) rtp.List[HeaderExtension] {
	var accepted rtp.List[HeaderExtension]
	for _, extension := range uniqueExtensions(section.HeaderExtensions) {
		if !theirs(directionOrBoth(extension.Direction)) {
			continue
		}
		for _, known := range router.HeaderExtensions {
			if string(known.Kind) == section.Kind && known.URI == extension.URI {
				if ours(directionOrBoth(known.Direction)) {
					accepted = append(accepted, HeaderExtension{ID: extension.ID, URI: extension.URI})
				}
				break
			}
		}
	}
	return accepted
}

// RFC 8285 §5: of an extension that is offered twice one is taken.
func uniqueExtensions(extensions []HeaderExtension) []HeaderExtension {
	ids, uris := map[uint8]bool{}, map[string]bool{}
	var unique []HeaderExtension
	for _, extension := range extensions {
		// 15 means something else in the one-byte form.
		if extension.ID == 15 || ids[extension.ID] || uris[extension.URI] {
			continue
		}
		ids[extension.ID], uris[extension.URI] = true, true
		unique = append(unique, extension)
	}
	return unique
}
