package sdp

import (
	"strconv"

	"sluice.dev/sdk/rtp"
)

// As many sizes of one picture as the worker takes.
const maxSizes = 4

// SenderParameters are what of a sending section is granted.
type SenderParameters struct {
	Kind          rtp.MediaKind  `json:"kind"`
	RtpParameters rtp.Parameters `json:"rtpParameters"`
	// RIDs are those that the answer has to grant, in the order of the offer; empty without
	// simulcast.
	RIDs rtp.List[string] `json:"rids"`
}

// SenderParametersOf is what the sender of a section is going to send. index is where the section
// stands, for errors, and mid what it is called if it has none itself. A section that cannot be told
// apart from others is an *Error.
func SenderParametersOf(section *Section, accepted AcceptedCodecs, mid string,
	index int) (SenderParameters, error) {
	kind, isMedia := section.MediaKind()
	if !isMedia {
		return SenderParameters{}, errorAt(index, "%s is no kind of media", quoted(section.Kind))
	}
	sender := SenderParameters{Kind: kind}
	var encodings rtp.List[rtp.EncodingParameters]
	if kind == rtp.Video && accepted.has(ridURI) {
		for _, rid := range section.sentRIDs() {
			sender.RIDs = append(sender.RIDs, rid.ID)
			encodings = append(encodings, section.encodingOf(rid))
		}
	}
	if len(encodings) == 0 {
		var err error
		if encodings, err = section.encodingsBySource(len(accepted.Codecs) > 1, index); err != nil {
			return SenderParameters{}, err
		}
	}
	if kind == rtp.Audio && len(encodings) > 1 {
		encodings = encodings[:1]
	}
	if section.MID != "" {
		mid = section.MID
	}
	reducedSize := section.RtcpReducedSize
	sender.RtpParameters = rtp.Parameters{
		MID:       mid,
		Codecs:    accepted.Codecs,
		Encodings: encodings,
		Rtcp:      rtp.RtcpParameters{CNAME: section.cname(), ReducedSize: &reducedSize},
		Msid:      section.msid(),
	}
	for _, extension := range accepted.HeaderExtensions {
		sender.RtpParameters.HeaderExtensions = append(sender.RtpParameters.HeaderExtensions,
			rtp.HeaderExtensionParameters{URI: extension.URI, ID: extension.ID})
	}
	return sender, nil
}

func (s *Section) cname() string {
	for _, source := range s.Sources {
		if source.CNAME != "" {
			return source.CNAME
		}
	}
	return ""
}

// msid is the stream and track of a section, from wherever it tells them.
func (s *Section) msid() string {
	for _, msid := range s.Msids {
		if msid.Track == "" {
			return msid.Stream
		}
		return msid.Stream + " " + msid.Track
	}
	for _, source := range s.Sources {
		if source.Msid != "" {
			return source.Msid
		}
	}
	return ""
}

// RFC 8853 §5.2: the first alternative of each stream, if it is described.
func (s *Section) sentRIDs() []RID {
	if s.Simulcast == nil {
		return nil
	}
	var rids []RID
	seen := map[string]bool{}
	for _, alternatives := range s.Simulcast.Send {
		for _, alternative := range alternatives {
			rid := s.rid(alternative.RID)
			if rid == nil || rid.Direction != "send" {
				continue
			}
			if !seen[rid.ID] && len(rids) < maxSizes {
				rids = append(rids, *rid)
			}
			seen[rid.ID] = true
			break
		}
	}
	return rids
}

func (s *Section) rid(id string) *RID {
	for index := range s.RIDs {
		if s.RIDs[index].ID == id {
			return &s.RIDs[index]
		}
	}
	return nil
}

func (s *Section) encodingOf(rid RID) rtp.EncodingParameters {
	encoding := rtp.EncodingParameters{RID: rid.ID}
	// RFC 8851 §5: bits per second, pictures per second.
	encoding.MaxBitrate = positive(rid.Restrictions["max-br"])
	encoding.MaxFramerate = float64(positive(rid.Restrictions["max-fps"]))
	for _, codec := range s.Codecs {
		encoding.Dtx = encoding.Dtx || codec.Parameters["usedtx"] == 1.0
	}
	return encoding
}

func positive(text string) uint32 {
	if len(text) > 9 || !digitsPattern.MatchString(text) {
		return 0
	}
	// Nine digits fit.
	value, _ := strconv.ParseUint(text, 10, 32)
	return uint32(value)
}

// encodingsBySource goes by SSRC. Several sizes are told by SIM; of sources that belong to no group
// the first is the one, because a section is one track (RFC 8829 §5.2.1).
func (s *Section) encodingsBySource(hasRtx bool, index int) ([]rtp.EncodingParameters, error) {
	repairs, isRepair := map[uint32]uint32{}, map[uint32]bool{}
	var sizes []uint32
	for _, group := range s.SourceGroups {
		if group.Semantics == "SIM" {
			if sizes == nil {
				sizes = group.SSRCs
			}
			continue
		}
		if group.Semantics == "FID" && len(group.SSRCs) == 2 {
			repairs[group.SSRCs[0]] = group.SSRCs[1]
		}
		for position, ssrc := range group.SSRCs {
			isRepair[ssrc] = isRepair[ssrc] || position > 0
		}
	}
	if len(sizes) == 0 {
		for _, source := range s.Sources {
			if !isRepair[source.SSRC] {
				sizes = []uint32{source.SSRC}
				break
			}
		}
	}
	// Without an SSRC its packets are told by MID or payload type (RFC 8843 §9.2).
	if len(sizes) == 0 {
		return []rtp.EncodingParameters{{}}, nil
	}
	return sizesOf(sizes, repairs, hasRtx, index)
}

func sizesOf(ssrcs []uint32, repairs map[uint32]uint32, hasRtx bool,
	index int) ([]rtp.EncodingParameters, error) {
	var encodings []rtp.EncodingParameters
	seen := map[uint32]bool{}
	for _, ssrc := range ssrcs {
		if seen[ssrc] || len(encodings) == maxSizes {
			continue
		}
		seen[ssrc] = true
		if ssrc == 0 {
			return nil, errorAt(index, "ssrc 0 cannot be told from none")
		}
		encoding := rtp.EncodingParameters{SSRC: ssrc}
		if rtx := repairs[ssrc]; hasRtx && rtx != 0 && rtx != ssrc {
			encoding.RTX = &rtp.RtxParameters{SSRC: rtx}
		}
		encodings = append(encodings, encoding)
	}
	return encodings, nil
}
