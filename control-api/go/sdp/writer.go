package sdp

import (
	"fmt"
	"regexp"
	"sort"
	"strconv"
	"strings"

	"sluice.dev/sdk/rtp"
)

// String is the text of a description in the order that JSEP gives (RFC 8829 §5.2.1, §5.3.1), with
// CR LF behind every line.
func (d *Description) String() string {
	var w writer
	w.line("v=0")
	w.line("o=%s %s %s %s", d.Origin.Username, d.Origin.SessionID, d.Origin.SessionVersion,
		network(d.Origin.Address))
	name := d.Name
	if name == "" {
		name = "-"
	}
	w.line("s=%s", name)
	w.line("t=0 0")
	if d.IceLite {
		w.line("a=ice-lite")
	}
	if len(d.IceOptions) > 0 {
		w.line("a=ice-options:%s", strings.Join(d.IceOptions, " "))
	}
	// RFC 8285 §6: for all at once, or in each section of media.
	w.isMixed = len(d.Sections) > 0
	for index := range d.Sections {
		w.isMixed = w.isMixed && d.Sections[index].ExtmapAllowMixed
	}
	w.flag(w.isMixed, "extmap-allow-mixed")
	for _, group := range d.Groups {
		w.line("a=group:%s", strings.Join(append([]string{group.Semantics}, group.MIDs...), " "))
	}
	for index := range d.Sections {
		if len(d.Sections[index].Msids) > 0 {
			w.line("a=msid-semantic: WMS *")
			break
		}
	}
	for index := range d.Sections {
		w.section(&d.Sections[index])
	}
	return w.String()
}

type writer struct {
	strings.Builder
	isMixed bool
}

var lineBreaks = regexp.MustCompile(`[\r\n]+`)

// line keeps what comes from elsewhere from beginning a line of its own.
func (w *writer) line(format string, args ...any) {
	w.WriteString(lineBreaks.ReplaceAllString(fmt.Sprintf(format, args...), " "))
	w.WriteString("\r\n")
}

func (w *writer) flag(isSet bool, name string) {
	if isSet {
		w.line("a=%s", name)
	}
}

func (w *writer) section(s *Section) {
	formats := strings.Join(s.Formats, " ")
	if formats == "" {
		// RFC 8866 §5.14 wants one, whatever it is.
		formats = "0"
	}
	w.line("m=%s %d %s %s", s.Kind, s.Port, s.Protocol, formats)
	if s.IsStopped() {
		w.line("c=%s", network("0.0.0.0"))
		w.flag(s.MID != "", "mid:"+s.MID)
		w.line("a=inactive")
		return
	}
	w.line("c=%s", network(s.defaultAddress()))
	_, isMedia := s.MediaKind()
	if isMedia {
		// RFC 5761 §5.1.1: with rtcp-mux the port is that of RTP.
		w.line("a=rtcp:%d %s", s.Port, network(s.defaultAddress()))
	}
	w.transport(s)
	w.flag(s.MID != "", "mid:"+s.MID)
	if isMedia {
		w.media(s)
		return
	}
	if s.SctpPort != nil {
		w.line("a=sctp-port:%d", *s.SctpPort)
	}
	if s.MaxMessageSize != nil {
		w.line("a=max-message-size:%d", *s.MaxMessageSize)
	}
}

func (w *writer) transport(s *Section) {
	for _, candidate := range s.Candidates {
		w.line("a=%s", candidate)
	}
	w.flag(s.EndOfCandidates, "end-of-candidates")
	w.flag(s.BundleOnly, "bundle-only")
	if s.Ice != nil {
		w.line("a=ice-ufrag:%s", s.Ice.UsernameFragment)
		w.line("a=ice-pwd:%s", s.Ice.Password)
	}
	if len(s.IceOptions) > 0 {
		w.line("a=ice-options:%s", strings.Join(s.IceOptions, " "))
	}
	for _, fingerprint := range s.Fingerprints {
		w.line("a=fingerprint:%s %s", fingerprint.Algorithm, fingerprint.Value)
	}
	w.flag(s.Setup != "", "setup:"+string(s.Setup))
}

func (w *writer) media(s *Section) {
	w.flag(s.ExtmapAllowMixed && !w.isMixed, "extmap-allow-mixed")
	for _, extension := range s.HeaderExtensions {
		direction := ""
		if extension.Direction != "" {
			direction = "/" + string(extension.Direction)
		}
		w.line("a=extmap:%d%s %s", extension.ID, direction, extension.URI)
	}
	w.line("a=%s", s.Direction)
	for _, msid := range s.Msids {
		w.line("a=msid:%s", strings.TrimSuffix(msid.Stream+" "+msid.Track, " "))
	}
	w.flag(s.RtcpMux, "rtcp-mux")
	w.flag(s.RtcpMuxOnly, "rtcp-mux-only")
	w.flag(s.RtcpReducedSize, "rtcp-rsize")
	for index := range s.Codecs {
		w.codec(&s.Codecs[index])
	}
	w.sources(s)
	for _, rid := range s.RIDs {
		var list []string
		for name, setting := range rid.Restrictions {
			list = append(list, name+"="+setting)
		}
		sort.Strings(list)
		w.line("a=rid:%s", strings.TrimSuffix(rid.ID+" "+rid.Direction+" "+strings.Join(list, ";"), " "))
	}
	if s.Simulcast != nil {
		parts := append(directionOf("send", s.Simulcast.Send), directionOf("recv", s.Simulcast.Recv)...)
		w.flag(len(parts) > 0, "simulcast:"+strings.Join(parts, " "))
	}
}

// codec writes rtpmap, rtcp-fb and fmtp.
func (w *writer) codec(codec *Codec) {
	channels := ""
	if codec.Channels > 1 {
		channels = fmt.Sprintf("/%d", codec.Channels)
	}
	w.line("a=rtpmap:%d %s/%d%s", codec.PayloadType, codec.Name, codec.ClockRate, channels)
	for _, feedback := range codec.RtcpFeedback {
		w.line("a=rtcp-fb:%d %s", codec.PayloadType,
			strings.TrimSuffix(feedback.Type+" "+feedback.Parameter, " "))
	}
	if len(codec.Parameters) > 0 {
		w.line("a=fmtp:%d %s", codec.PayloadType, formatOf(codec.Parameters))
	}
}

// formatOf has the parameters by name, so that one description always gives one text.
func formatOf(parameters rtp.FormatParameters) string {
	list := make([]string, 0, len(parameters))
	for name, value := range parameters {
		text := fmt.Sprint(value)
		if number, isNumber := value.(float64); isNumber {
			// Never as 1e+06.
			text = strconv.FormatFloat(number, 'f', -1, 64)
		}
		if text == "" {
			list = append(list, name)
		} else {
			list = append(list, name+"="+text)
		}
	}
	sort.Strings(list)
	return strings.Join(list, ";")
}

func (w *writer) sources(s *Section) {
	for _, group := range s.SourceGroups {
		var list strings.Builder
		for _, ssrc := range group.SSRCs {
			fmt.Fprintf(&list, " %d", ssrc)
		}
		w.line("a=ssrc-group:%s%s", group.Semantics, list.String())
	}
	for _, source := range s.Sources {
		cname := source.CNAME
		if cname == "" {
			cname = "-"
		}
		w.line("a=ssrc:%d cname:%s", source.SSRC, cname)
		w.flag(source.Msid != "", fmt.Sprintf("ssrc:%d msid:%s", source.SSRC, source.Msid))
	}
}

func directionOf(direction string, streams [][]SimulcastStream) []string {
	if len(streams) == 0 {
		return nil
	}
	var list []string
	for _, alternatives := range streams {
		var names []string
		for _, stream := range alternatives {
			name := stream.RID
			if stream.Paused {
				name = "~" + name
			}
			names = append(names, name)
		}
		list = append(list, strings.Join(names, ","))
	}
	return []string{direction, strings.Join(list, ";")}
}

// RFC 8839 §4.2.1.2: that of the candidate whose port the m-line has.
func (s *Section) defaultAddress() string {
	for _, candidate := range s.Candidates {
		if candidate.Port == s.Port && candidate.Protocol == "udp" {
			return candidate.Address
		}
	}
	return "0.0.0.0"
}

func network(address string) string {
	if strings.Contains(address, ":") {
		return "IN IP6 " + address
	}
	return "IN IP4 " + address
}
