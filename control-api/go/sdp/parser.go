package sdp

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"sluice.dev/sdk/rtp"
)

var (
	protocolPattern = regexp.MustCompile(`^[A-Za-z0-9/]{1,64}$`)
	sessionPattern  = regexp.MustCompile(`^[0-9]{1,20}$`)
)

// RFC 3551 §6: payload types that need no rtpmap.
var staticCodecs = map[uint8]Codec{
	0:  {PayloadType: 0, Name: "PCMU", ClockRate: 8000},
	8:  {PayloadType: 8, Name: "PCMA", ClockRate: 8000},
	9:  {PayloadType: 9, Name: "G722", ClockRate: 8000},
	13: {PayloadType: 13, Name: "CN", ClockRate: 8000},
}

// maxFormats is how many fmtp of a format there may be (RFC 8866 §6.15): one for each payload type, of
// which some senders make two; the last one holds.
const maxFormats = 2

// ParseBounds say how much of a text is looked at: less than what a description may have at most.
type ParseBounds struct {
	// Lines, 1 to 32,768; 0 takes that. They are counted before any of them is read.
	Lines int
	// Sections, 1 to 256; 0 takes that.
	Sections int
}

// Parse reads a session description (RFC 8866) of WebRTC. What is not understood is passed over;
// what is understood and wrong is an *Error with its line. Time grows with the lines, so that whoever
// is offered descriptions by strangers bounds them: ParseWithin.
func Parse(text string) (*Description, error) {
	return parse(text, ParseBounds{MaxLines, MaxSections})
}

// ParseWithin is Parse of a text that has no more than bounds allow; what has more is an *Error as
// well. Bounds out of their range are an *ArgumentError.
func ParseWithin(text string, bounds ParseBounds) (*Description, error) {
	err := complete([]bound{
		{"lines", &bounds.Lines, MaxLines, MaxLines},
		{"sections", &bounds.Sections, MaxSections, MaxSections},
	})
	if err != nil {
		return nil, err
	}
	return parse(text, bounds)
}

func parse(text string, bounds ParseBounds) (*Description, error) {
	lines, err := readLines(text, bounds.Lines)
	if err != nil {
		return nil, err
	}
	if len(lines) == 0 || lines[0].kind != 'v' || lines[0].value != "0" {
		return nil, &Error{Line: 1, Section: -1, Reason: "it does not begin with v=0"}
	}
	parser := parser{common: newSection("", ""), maxSections: bounds.Sections}
	parser.Origin.Address, parser.Name = "0.0.0.0", "-"
	for _, line := range lines {
		if err := parser.readLine(line); err != nil {
			return nil, &Error{Line: line.number, Section: len(parser.Sections) - 1, Reason: err.Error()}
		}
	}
	if parser.Origin.SessionID == "" {
		return nil, errorf("o= is missing")
	}
	if err := parser.readDeferred(); err != nil {
		return nil, err
	}
	if err := parser.settle(); err != nil {
		return nil, err
	}
	return &parser.Description, nil
}

type line struct {
	// The first of the text is 1.
	number int
	kind   byte
	value  string
}

// readLines are the lines of a text, whatever ends them; empty ones are passed over, but count.
func readLines(text string, most int) ([]line, error) {
	if len(text) > MaxTextLength {
		return nil, errorf("it is longer than %d bytes", MaxTextLength)
	}
	count := strings.Count(text, "\n")
	if text != "" && !strings.HasSuffix(text, "\n") {
		count++
	}
	if count > most {
		return nil, errorf("it has more than %d lines", most)
	}
	lines := make([]line, 0, count)
	for number := 1; text != ""; number++ {
		var each string
		each, text, _ = strings.Cut(text, "\n")
		each = strings.TrimSuffix(each, "\r")
		if each == "" {
			continue
		}
		if len(each) > MaxLineLength {
			return nil, &Error{Line: number, Section: -1,
				Reason: fmt.Sprintf("it is longer than %d bytes", MaxLineLength)}
		}
		if len(each) < 2 || each[1] != '=' || each[0] < 'a' || each[0] > 'z' {
			return nil, &Error{Line: number, Section: -1, Reason: quoted(each) + " is not TYPE=VALUE"}
		}
		lines = append(lines, line{number, each[0], each[2:]})
	}
	return lines, nil
}

type parser struct {
	Description
	maxSections int
	// common has what stands at session level and is meant for every section that says nothing else.
	common Section
	// deferred has the attributes of sections that are read when all codecs are known.
	deferred []deferred
}

type deferred struct {
	section     int
	line        int
	name, value string
}

func (p *parser) readLine(line line) error {
	switch line.kind {
	case 'm':
		if len(p.Sections) >= p.maxSections {
			return fmt.Errorf("more than %d sections", p.maxSections)
		}
		section, err := readMedia(line.value, &p.common)
		if err != nil {
			return err
		}
		p.Sections = append(p.Sections, section)
	case 'o':
		return p.readOrigin(line.value)
	case 's':
		p.Name = line.value
	case 'a':
		name, value, _ := strings.Cut(line.value, ":")
		last := len(p.Sections) - 1
		switch {
		case last < 0:
			return p.readSessionAttribute(name, value)
		case isOfCodec[name]:
			p.deferred = append(p.deferred, deferred{last, line.number, name, value})
		default:
			return p.Sections[last].readAttribute(name, value)
		}
	}
	return nil
}

func (p *parser) readSessionAttribute(name, value string) error {
	switch {
	case name == "ice-lite":
		p.IceLite = true
	case name == "group":
		return p.readGroup(value)
	case isForAllSections[name]:
		err := p.common.readAttribute(name, value)
		p.IceOptions = p.common.IceOptions
		return err
	}
	return nil
}

func (p *parser) readGroup(value string) error {
	parts := words(value)
	if len(p.Groups) >= 64 {
		return errors.New("more than 64 groups")
	}
	group := Group{Semantics: at(parts, 0), MIDs: []string{}}
	if err := checkToken(group.Semantics, "group", 255); err != nil {
		return err
	}
	if len(parts) > MaxSections+1 {
		return errors.New("a group names too many sections")
	}
	for _, mid := range parts[1:] {
		if err := checkToken(mid, "mid", 16); err != nil {
			return err
		}
		group.MIDs = append(group.MIDs, mid)
	}
	p.Groups = append(p.Groups, group)
	return nil
}

// RFC 8866 §5.2.
func (p *parser) readOrigin(value string) error {
	parts := words(value)
	for index, what := range []string{"sessionId", "sessionVersion"} {
		if !sessionPattern.MatchString(at(parts, index+1)) {
			return fmt.Errorf("o= without %s", what)
		}
	}
	p.Origin = Origin{shortened(parts[0], 64), parts[1], parts[2], "0.0.0.0"}
	if len(parts) > 5 {
		p.Origin.Address = shortened(parts[5], 255)
	}
	return nil
}

// RFC 8866 §5.14.
func readMedia(value string, common *Section) (Section, error) {
	parts := words(value)
	protocol := at(parts, 2)
	if !protocolPattern.MatchString(protocol) {
		return Section{}, errors.New("m= without a protocol")
	}
	formats := parts[3:]
	if len(formats) == 0 || len(formats) > 128 {
		return Section{}, errors.New("m= without 1 to 128 formats")
	}
	if err := checkToken(parts[0], "kind of media", 32); err != nil {
		return Section{}, err
	}
	for _, format := range formats {
		if err := checkToken(format, "format", 64); err != nil {
			return Section{}, err
		}
	}
	section := newSection(parts[0], protocol)
	section.Formats = formats
	section.Direction, section.Setup = common.Direction, common.Setup
	section.ExtmapAllowMixed, section.IceOptions = common.ExtmapAllowMixed, common.IceOptions
	if common.Ice != nil {
		own := *common.Ice
		section.Ice = &own
	}
	number, _, _ := strings.Cut(parts[1], "/")
	port, err := readInteger[uint16](number, "port", 0, 1<<16-1)
	section.Port = port
	return section, err
}

func (p *parser) readDeferred() error {
	type format struct {
		section int
		name    string
	}
	counts := map[format]int{}
	for _, each := range p.deferred {
		if each.name == "fmtp" {
			number, _, _ := strings.Cut(each.value, " ")
			key := format{each.section, number}
			if counts[key]++; counts[key] > maxFormats {
				return &Error{Line: each.line, Section: each.section,
					Reason: fmt.Sprintf("more than %d fmtp of a format", maxFormats)}
			}
		}
		if err := p.Sections[each.section].readAttribute(each.name, each.value); err != nil {
			return &Error{Line: each.line, Section: each.section, Reason: err.Error()}
		}
	}
	return nil
}

// settle says what can only be said once everything has been read.
func (p *parser) settle() error {
	mids := map[string]bool{}
	for index := range p.Sections {
		section := &p.Sections[index]
		if len(section.Fingerprints) == 0 {
			section.Fingerprints = append(rtp.List[Fingerprint]{}, p.common.Fingerprints...)
		}
		section.EndOfCandidates = section.EndOfCandidates || p.common.EndOfCandidates
		if section.MID != "" && mids[section.MID] {
			return errorAt(index, "mid %s is used twice", section.MID)
		}
		mids[section.MID] = true
		if ice := section.Ice; ice != nil && (ice.UsernameFragment == "") != (ice.Password == "") {
			return errorAt(index, "ice-ufrag and ice-pwd do not come together")
		}
		if err := section.settleCodecs(index); err != nil {
			return err
		}
	}
	for _, group := range p.Groups {
		if group.Semantics != "BUNDLE" {
			continue
		}
		for _, mid := range group.MIDs {
			if !mids[mid] {
				return errorf("BUNDLE names a mid %s of no section", mid)
			}
		}
	}
	return nil
}

// settleCodecs puts them in the order of the m-line, which is that of preference (RFC 3264 §5.1).
func (s *Section) settleCodecs(section int) error {
	if _, isMedia := s.MediaKind(); !isMedia {
		return nil
	}
	var codecs rtp.List[Codec]
	for _, format := range s.Formats {
		payloadType, err := readPayloadType(format)
		if err != nil || len(format) > 3 {
			return errorAt(section, "format %s is no payload type", quoted(format))
		}
		if known := s.codec(payloadType); known != nil {
			codecs = append(codecs, *known)
		} else if codec, isStatic := staticCodecs[payloadType]; isStatic && s.Kind == "audio" {
			codec.Parameters = rtp.FormatParameters{}
			codecs = append(codecs, codec)
		}
	}
	s.Codecs = codecs
	return nil
}
