package ortc

import (
	"regexp"
	"strconv"
	"strings"

	"sluice.dev/sdk/rtp"
)

// H264ProfileLevel is what a profile-level-id says (RFC 6184 §8.1): which decoder a stream needs.
type H264ProfileLevel struct {
	// Profile is "constrained-baseline", "baseline", "main", "extended", "constrained-high", "high"
	// or "predictive-high-444".
	Profile string `json:"profile"`
	// Level is ten times the level's number; 9 is level 1b, which lies between 1 and 1.1.
	Level int `json:"level"`
}

// DefaultProfileLevelID is what a profile-level-id is that nobody has named.
//
// Deviation: RFC 6184 §8.1 infers Baseline at level 1 if the parameter is missing. Browsers mean
// Constrained Baseline at level 3.1, and browsers are whom we talk to.
const DefaultProfileLevelID = "42e01f"

const level1b = 9

// RFC 6184 table 5: profile_idc, the bits of profile-iop that count, and their values.
var h264Profiles = []struct {
	idc, mask, bits uint64
	name            string
}{
	{0x42, 0x4f, 0x40, "constrained-baseline"},
	{0x4d, 0x8f, 0x80, "constrained-baseline"},
	{0x58, 0xcf, 0xc0, "constrained-baseline"},
	{0x42, 0x4f, 0x00, "baseline"},
	{0x58, 0xcf, 0x80, "baseline"},
	{0x4d, 0xaf, 0x00, "main"},
	{0x58, 0xcf, 0x00, "extended"},
	{0x64, 0xff, 0x00, "high"},
	{0x64, 0xff, 0x0c, "constrained-high"},
	{0xf4, 0xff, 0x00, "predictive-high-444"},
}

var h264Levels = map[int]bool{
	10: true, 11: true, 12: true, 13: true, 20: true, 21: true, 22: true, 30: true,
	31: true, 32: true, 40: true, 41: true, 42: true, 50: true, 51: true, 52: true,
}

var profileLevelIDPattern = regexp.MustCompile(`^[0-9a-fA-F]{6}$`)

// ParseProfileLevelID reports false if text is no profile-level-id of a profile that RTP knows.
func ParseProfileLevelID(text string) (H264ProfileLevel, bool) {
	if !profileLevelIDPattern.MatchString(text) {
		return H264ProfileLevel{}, false
	}
	// The pattern lets nothing but six hexadecimal digits through.
	bytes, _ := strconv.ParseUint(text, 16, 32)
	idc, iop, level := bytes>>16, bytes>>8&0xff, int(bytes&0xff)
	// Level 1b is level 1.1 with constraint_set3 in these profiles (RFC 6184 §8.1), and then this
	// bit says nothing about the profile.
	if level == 11 && iop&0x10 != 0 && (idc == 0x42 || idc == 0x4d || idc == 0x58) {
		level = level1b
	} else if !h264Levels[level] {
		return H264ProfileLevel{}, false
	}
	for _, row := range h264Profiles {
		if row.idc == idc && iop&row.mask == row.bits {
			return H264ProfileLevel{Profile: row.name, Level: level}, true
		}
	}
	return H264ProfileLevel{}, false
}

// isSameH264 reports whether one decoder fits both: same packetization and same profile. Levels may
// differ.
func isSameH264(a, b rtp.FormatParameters) bool {
	// RFC 6184 §8.1: packetization-mode 0 if missing.
	if numberOf(a, "packetization-mode", 0) != numberOf(b, "packetization-mode", 0) {
		return false
	}
	first, isFirst := ParseProfileLevelID(profileLevelIDOf(a))
	second, isSecond := ParseProfileLevelID(profileLevelIDOf(b))
	return isFirst && isSecond && first.Profile == second.Profile
}

func profileLevelIDOf(parameters rtp.FormatParameters) string {
	return textOf(parameters, "profile-level-id", DefaultProfileLevelID)
}

// AnswerProfileLevelID is the profile-level-id to answer with (RFC 6184 §8.2.2): with asymmetry
// allowed by both, each side names its own level; else the lower of the two. Both have the same
// profile.
func AnswerProfileLevelID(local, remote rtp.FormatParameters) string {
	ours := strings.ToLower(profileLevelIDOf(local))
	theirs := strings.ToLower(profileLevelIDOf(remote))
	const asymmetry = "level-asymmetry-allowed"
	if numberOf(local, asymmetry, 0) == 1 && numberOf(remote, asymmetry, 0) == 1 {
		return ours
	}
	our, isOurs := ParseProfileLevelID(ours)
	their, isTheirs := ParseProfileLevelID(theirs)
	if isOurs && isTheirs && their.Level < our.Level {
		return theirs
	}
	return ours
}
