package sdp

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"sluice.dev/sdk/rtp"
)

const (
	maxSources  = 64
	maxFeedback = 32
	// maxParameters of a codec; H264 has five.
	maxParameters = 32
)

var (
	// RFC 8851 §10: letters and digits; what is in the field has - and _ as well.
	ridPattern         = regexp.MustCompile(`^[A-Za-z0-9_-]{1,16}$`)
	fingerprintPattern = regexp.MustCompile(`^[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){15,63}$`)
	uriPattern         = regexp.MustCompile(`^[!-~]{1,255}$`)
	numberPattern      = regexp.MustCompile(`^(0|[1-9][0-9]{0,8})$`)
)

var errTooManyParameters = fmt.Errorf("more than %d parameters of a codec", maxParameters)

// readers know what each attribute means. Attributes that are not here are passed over, as RFC 8866
// §5.13 asks.
var readers = map[string]func(*Section, string) error{
	"sendrecv": func(s *Section, _ string) error { s.Direction = rtp.SendRecv; return nil },
	"sendonly": func(s *Section, _ string) error { s.Direction = rtp.SendOnly; return nil },
	"recvonly": func(s *Section, _ string) error { s.Direction = rtp.RecvOnly; return nil },
	"inactive": func(s *Section, _ string) error { s.Direction = rtp.Inactive; return nil },

	"end-of-candidates":  func(s *Section, _ string) error { s.EndOfCandidates = true; return nil },
	"bundle-only":        func(s *Section, _ string) error { s.BundleOnly = true; return nil },
	"rtcp-mux":           func(s *Section, _ string) error { s.RtcpMux = true; return nil },
	"rtcp-mux-only":      func(s *Section, _ string) error { s.RtcpMuxOnly = true; return nil },
	"rtcp-rsize":         func(s *Section, _ string) error { s.RtcpReducedSize = true; return nil },
	"extmap-allow-mixed": func(s *Section, _ string) error { s.ExtmapAllowMixed = true; return nil },

	"mid": func(s *Section, value string) error {
		s.MID = value
		return checkToken(value, "mid", 16)
	},
	"setup": func(s *Section, value string) error {
		s.Setup = Setup(value)
		return checkOneOf(value, "setup", "actpass", "active", "passive", "holdconn")
	},
	"ice-ufrag": func(s *Section, value string) error {
		s.ice().UsernameFragment = value
		return checkIceChars(value, "ice-ufrag", 4, 256)
	},
	"ice-pwd": func(s *Section, value string) error {
		s.ice().Password = value
		return checkIceChars(value, "ice-pwd", 22, 256)
	},
	"ice-options": func(s *Section, value string) error {
		options := words(value)
		if len(options) > 16 {
			options = options[:16]
		}
		s.IceOptions = options
		return nil
	},
	"candidate": func(s *Section, value string) error {
		candidate, err := readCandidate(value)
		if err != nil {
			return err
		}
		return push(&s.Candidates, candidate, MaxAttributes)
	},
	"sctp-port": func(s *Section, value string) error {
		port, err := readInteger[uint16](value, "sctp-port", 0, 1<<16-1)
		s.SctpPort = &port
		return err
	},
	"max-message-size": func(s *Section, value string) error {
		size, err := readInteger[uint32](value, "max-message-size", 0, 1<<32-1)
		s.MaxMessageSize = &size
		return err
	},

	"fingerprint": (*Section).readFingerprint,
	"rtpmap":      (*Section).readRtpmap,
	"fmtp":        (*Section).readFmtp,
	"rtcp-fb":     (*Section).readFeedback,
	"extmap":      (*Section).readExtmap,
	"msid":        (*Section).readMsid,
	"ssrc":        (*Section).readSource,
	"ssrc-group":  (*Section).readSourceGroup,
	"rid":         (*Section).readRID,
	"simulcast":   (*Section).readSimulcast,
}

// isForAllSections has what may stand before the first section, and is meant for every one.
var isForAllSections = map[string]bool{
	"sendrecv": true, "sendonly": true, "recvonly": true, "inactive": true,
	"setup": true, "fingerprint": true, "ice-ufrag": true, "ice-pwd": true, "ice-options": true,
	"extmap-allow-mixed": true, "end-of-candidates": true,
}

// isOfCodec has what says something of a codec that may be described further down.
var isOfCodec = map[string]bool{"fmtp": true, "rtcp-fb": true}

// readAttribute notes an attribute. Its error says why the value makes no sense.
func (s *Section) readAttribute(name, value string) error {
	if read := readers[name]; read != nil {
		return read(s, value)
	}
	return nil
}

func (s *Section) ice() *IceParameters {
	if s.Ice == nil {
		s.Ice = &IceParameters{}
	}
	return s.Ice
}

func push[Entry any](list *rtp.List[Entry], entry Entry, most int) error {
	if len(*list) >= most {
		return fmt.Errorf("more than %d attributes of one kind", most)
	}
	*list = append(*list, entry)
	return nil
}

func (s *Section) readFingerprint(value string) error {
	parts := words(value)
	if !fingerprintPattern.MatchString(at(parts, 1)) {
		return errors.New("fingerprint is not of pairs of digits")
	}
	if err := checkToken(parts[0], "algorithm of the fingerprint", 32); err != nil {
		return err
	}
	fingerprint := Fingerprint{strings.ToLower(parts[0]), strings.ToUpper(parts[1])}
	return push(&s.Fingerprints, fingerprint, 8)
}

func (s *Section) codec(payloadType uint8) *Codec {
	for index := range s.Codecs {
		if s.Codecs[index].PayloadType == payloadType {
			return &s.Codecs[index]
		}
	}
	return nil
}

func readPayloadType(text string) (uint8, error) {
	return readInteger[uint8](text, "payload type", 0, 127)
}

// RFC 8866 §6.6: PT NAME/RATE[/CHANNELS].
func (s *Section) readRtpmap(value string) error {
	parts := words(value)
	payloadType, err := readPayloadType(at(parts, 0))
	if err != nil {
		return err
	}
	encoding := strings.Split(at(parts, 1), "/")
	if s.codec(payloadType) != nil {
		return fmt.Errorf("payload type %d is described twice", payloadType)
	}
	codec := Codec{PayloadType: payloadType, Name: encoding[0], Parameters: rtp.FormatParameters{}}
	if err := checkToken(codec.Name, "name of the codec", 64); err != nil {
		return err
	}
	codec.ClockRate, err = readInteger[uint32](at(encoding, 1), "clock rate", 1, 1<<32-1)
	if err == nil && len(encoding) > 2 {
		codec.Channels, err = readInteger[uint8](encoding[2], "channels", 1, 255)
		// One channel is what is meant without it.
		if codec.Channels == 1 {
			codec.Channels = 0
		}
	}
	if err != nil {
		return err
	}
	return push(&s.Codecs, codec, 128)
}

// RFC 8866 §6.15. Lists of name=value are what codecs of WebRTC have; others (RED, "0-15" of
// telephone-event) are kept under a name of their own, as the whole text with an empty value.
func (s *Section) readFmtp(value string) error {
	number, text, _ := strings.Cut(value, " ")
	payloadType, err := readPayloadType(number)
	codec := s.codec(payloadType)
	if err != nil || codec == nil {
		return err
	}
	// No more are looked at than there may be, with as many that are empty.
	parts := strings.SplitN(text, ";", 2*maxParameters+1)
	if len(parts) > 2*maxParameters {
		return errTooManyParameters
	}
	parameters := rtp.FormatParameters{}
	count := 0
	for _, part := range parts {
		name, setting, _ := strings.Cut(strings.TrimSpace(part), "=")
		name, setting = strings.TrimSpace(name), strings.TrimSpace(setting)
		if name == "" {
			continue
		}
		if count++; count > maxParameters {
			return errTooManyParameters
		}
		parameters[name] = setting
		if numberPattern.MatchString(setting) {
			// Nine digits fit.
			number, _ := strconv.Atoi(setting)
			parameters[name] = float64(number)
		}
	}
	codec.Parameters = parameters
	return nil
}

// RFC 4585 §4.2; "*" is for all payload types. RTX is no media that anything could be told of.
func (s *Section) readFeedback(value string) error {
	parts := words(value)
	name := at(parts, 1)
	if err := checkToken(name, "rtcp-fb", 64); err != nil {
		return err
	}
	feedback := rtp.RtcpFeedback{Type: name, Parameter: strings.Join(parts[2:], " ")}
	if parts[0] != "*" {
		payloadType, err := readPayloadType(parts[0])
		codec := s.codec(payloadType)
		if err != nil || codec == nil {
			return err
		}
		return push(&codec.RtcpFeedback, feedback, maxFeedback)
	}
	for index := range s.Codecs {
		if codec := &s.Codecs[index]; !isRtx(codec) {
			if err := push(&codec.RtcpFeedback, feedback, maxFeedback); err != nil {
				return err
			}
		}
	}
	return nil
}

// RFC 8285 §8: ID[/DIRECTION] URI [ATTRIBUTES].
func (s *Section) readExtmap(value string) error {
	parts := words(value)
	number, direction, hasDirection := strings.Cut(at(parts, 0), "/")
	extension := HeaderExtension{URI: at(parts, 1), Direction: Direction(direction)}
	if !uriPattern.MatchString(extension.URI) {
		return errors.New("extmap without a URI of 1 to 255 printable characters")
	}
	// §5: what is above stands for more than fits, and is to be numbered anew.
	id, err := readInteger[uint8](number, "id of the header extension", 1, 255)
	if err != nil {
		return err
	}
	extension.ID = id
	if hasDirection {
		err := checkOneOf(direction, "direction", "sendrecv", "sendonly", "recvonly", "inactive")
		if err != nil {
			return err
		}
	}
	return push(&s.HeaderExtensions, extension, MaxAttributes)
}

func (s *Section) readMsid(value string) error {
	parts := words(value)
	if len(parts) == 0 {
		return errors.New("msid is empty")
	}
	return push(&s.Msids, Msid{Stream: parts[0], Track: at(parts, 1)}, 64)
}

// RFC 5576 §4.1. One line for each attribute of a source.
func (s *Section) readSource(value string) error {
	number, attribute, _ := strings.Cut(value, " ")
	ssrc, err := readInteger[uint32](number, "ssrc", 0, 1<<32-1)
	if err != nil {
		return err
	}
	source := s.source(ssrc)
	if source == nil {
		if err := push(&s.Sources, Source{SSRC: ssrc}, maxSources); err != nil {
			return err
		}
		source = s.source(ssrc)
	}
	switch name, text, _ := strings.Cut(attribute, ":"); name {
	case "cname":
		source.CNAME = shortened(text, 255)
	case "msid":
		source.Msid = shortened(text, 255)
	}
	return nil
}

func (s *Section) source(ssrc uint32) *Source {
	for index := range s.Sources {
		if s.Sources[index].SSRC == ssrc {
			return &s.Sources[index]
		}
	}
	return nil
}

func (s *Section) readSourceGroup(value string) error {
	parts := words(value)
	group := SourceGroup{Semantics: at(parts, 0)}
	if err := checkToken(group.Semantics, "ssrc-group", 255); err != nil {
		return err
	}
	for _, text := range parts[1:] {
		if len(group.SSRCs) == maxSources {
			break
		}
		ssrc, err := readInteger[uint32](text, "ssrc", 0, 1<<32-1)
		if err != nil {
			return err
		}
		group.SSRCs = append(group.SSRCs, ssrc)
	}
	return push(&s.SourceGroups, group, MaxAttributes)
}

// RFC 8851 §10: ID DIRECTION [pt=LIST;name=value].
func (s *Section) readRID(value string) error {
	parts := words(value)
	rid := RID{ID: at(parts, 0), Direction: at(parts, 1), Restrictions: map[string]string{}}
	if !ridPattern.MatchString(rid.ID) {
		return fmt.Errorf("rid %s is not of 1 to 16 letters and digits", quoted(rid.ID))
	}
	if err := checkOneOf(rid.Direction, "direction of the rid", "send", "recv"); err != nil {
		return err
	}
	for _, other := range s.RIDs {
		if other.ID == rid.ID {
			return fmt.Errorf("rid %s is described twice", rid.ID)
		}
	}
	for _, part := range strings.Split(at(parts, 2), ";") {
		name, setting, _ := strings.Cut(part, "=")
		if name != "" && len(rid.Restrictions) < 32 {
			rid.Restrictions[name] = setting
		}
	}
	return push(&s.RIDs, rid, 32)
}

// RFC 8853 §5.1: send A,B;~C recv D.
func (s *Section) readSimulcast(value string) error {
	if s.Simulcast != nil {
		return errors.New("simulcast is described twice")
	}
	parts := words(value)
	if len(parts) != 2 && len(parts) != 4 {
		return errors.New("simulcast is malformed")
	}
	simulcast := &Simulcast{}
	for ; len(parts) > 0; parts = parts[2:] {
		if err := checkOneOf(parts[0], "direction", "send", "recv"); err != nil {
			return err
		}
		list := &simulcast.Send
		if parts[0] == "recv" {
			list = &simulcast.Recv
		}
		if len(*list) > 0 {
			return errors.New("simulcast has one direction twice")
		}
		streams, err := readStreams(parts[1])
		if err != nil {
			return err
		}
		*list = streams
	}
	s.Simulcast = simulcast
	return nil
}

func readStreams(text string) ([][]SimulcastStream, error) {
	list := strings.Split(text, ";")
	if len(list) > 16 {
		return nil, errors.New("simulcast of more than 16 streams")
	}
	var streams [][]SimulcastStream
	for _, each := range list {
		var alternatives []SimulcastStream
		for _, name := range strings.Split(each, ",") {
			rid := strings.TrimPrefix(name, "~")
			if !ridPattern.MatchString(rid) {
				return nil, fmt.Errorf("simulcast names a rid %s", quoted(rid))
			}
			alternatives = append(alternatives, SimulcastStream{RID: rid, Paused: rid != name})
		}
		streams = append(streams, alternatives)
	}
	return streams, nil
}
