package sdp

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	sluice "sluice.dev/sdk"
)

const maxCandidateLength = 1024

var (
	addressPattern    = regexp.MustCompile(`^[0-9A-Za-z.:_%-]{1,255}$`)
	foundationPattern = regexp.MustCompile(`^[A-Za-z0-9+/=_-]{1,64}$`)
)

// CandidateOf is a transport's own candidate: with RTP and RTCP on one port there is one component.
func CandidateOf(candidate sluice.IceCandidate) Candidate {
	return Candidate{
		Foundation: candidate.Foundation, Component: 1, Protocol: string(candidate.Protocol),
		Priority: candidate.Priority, Address: candidate.Address, Port: candidate.Port,
		Type: candidate.Type, TCPType: candidate.TCPType,
	}
}

// ParseCandidate reads a browser's RTCIceCandidate.candidate, or a line with "a=" before it. Errors
// are of type *Error.
func ParseCandidate(text string) (Candidate, error) {
	if len(text) > maxCandidateLength {
		return Candidate{}, errorf("candidate is longer than %d bytes", maxCandidateLength)
	}
	line := strings.TrimSpace(strings.TrimPrefix(text, "a="))
	value := strings.TrimPrefix(line, "candidate:")
	if value == line {
		return Candidate{}, errorf("candidate does not begin as one")
	}
	candidate, err := readCandidate(value)
	if err != nil {
		return Candidate{}, errorf("%v", err)
	}
	return candidate, nil
}

// String is the candidate without "a=".
func (c Candidate) String() string {
	var text strings.Builder
	fmt.Fprintf(&text, "candidate:%s %d %s %d %s %d typ %s", c.Foundation, c.Component, c.Protocol,
		c.Priority, c.Address, c.Port, c.Type)
	if c.RelatedAddress != "" {
		fmt.Fprintf(&text, " raddr %s rport %d", c.RelatedAddress, c.RelatedPort)
	}
	if c.TCPType != "" {
		text.WriteString(" tcptype " + c.TCPType)
	}
	if c.UsernameFragment != "" {
		text.WriteString(" ufrag " + c.UsernameFragment)
	}
	return text.String()
}

// "candidate:FOUNDATION COMPONENT ..." without what stands before the foundation.
func readCandidate(text string) (candidate Candidate, err error) {
	parts := words(text)
	if at(parts, 6) != "typ" {
		return candidate, errors.New("candidate without a type")
	}
	candidate = Candidate{
		Foundation: parts[0], Protocol: strings.ToLower(parts[2]), Address: parts[4], Type: at(parts, 7),
	}
	if !foundationPattern.MatchString(candidate.Foundation) {
		return candidate, errors.New("foundation of a candidate is malformed")
	}
	if !addressPattern.MatchString(candidate.Address) {
		return candidate, errors.New("address of a candidate is malformed")
	}
	if candidate.Component, err = readInteger[uint16](parts[1], "component", 1, 256); err != nil {
		return candidate, err
	}
	if err = checkToken(parts[2], "transport", 16); err != nil {
		return candidate, err
	}
	if candidate.Priority, err = readInteger[uint32](parts[3], "priority", 0, 1<<32-1); err != nil {
		return candidate, err
	}
	if candidate.Port, err = readInteger[uint16](parts[5], "port", 0, 1<<16-1); err != nil {
		return candidate, err
	}
	if err = checkToken(candidate.Type, "type", 16); err != nil {
		return candidate, err
	}
	return candidate, candidate.readExtensions(parts[8:])
}

// RFC 8839 §5.1: pairs of a name and a value, in any order after the related address. What is not
// known is left out.
func (c *Candidate) readExtensions(parts []string) (err error) {
	for ; len(parts) >= 2 && err == nil; parts = parts[2:] {
		switch value := parts[1]; parts[0] {
		case "raddr":
			if addressPattern.MatchString(value) {
				c.RelatedAddress = value
			}
		case "rport":
			c.RelatedPort, err = readInteger[uint16](value, "related port", 0, 1<<16-1)
		case "tcptype":
			c.TCPType, err = value, checkToken(value, "tcptype", 16)
		case "ufrag":
			c.UsernameFragment = shortened(value, 256)
		}
	}
	return err
}
