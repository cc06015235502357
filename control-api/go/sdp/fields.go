package sdp

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"sluice.dev/sdk/internal/fault"
)

var (
	// RFC 8866 §9, token.
	tokenPattern = regexp.MustCompile("^[!#$%&'*+\\-.^_`{|}~0-9A-Za-z]+$")
	// RFC 8839 §5.4, ice-char.
	iceCharPattern = regexp.MustCompile(`^[A-Za-z0-9+/]+$`)
	digitsPattern  = regexp.MustCompile(`^[0-9]{1,10}$`)
)

// Values of attributes are read by functions that return a plain error with the reason; whoever
// knows the line makes an *Error of it.

// words are what stands between spaces.
func words(text string) []string {
	parts := strings.Split(text, " ")
	kept := parts[:0]
	for _, part := range parts {
		if part != "" {
			kept = append(kept, part)
		}
	}
	return kept
}

// at is "" behind the end.
func at(list []string, index int) string {
	if index < len(list) {
		return list[index]
	}
	return ""
}

func checkToken(text, what string, most int) error {
	if len(text) > most || !tokenPattern.MatchString(text) {
		return fmt.Errorf("%s %s is not a token of 1 to %d characters", what, quoted(text), most)
	}
	return nil
}

// checkIceChars wants letters, digits, + and / (RFC 8839 §5.4).
func checkIceChars(text, what string, least, most int) error {
	if len(text) < least || len(text) > most || !iceCharPattern.MatchString(text) {
		return fmt.Errorf("%s is not of %d to %d letters, digits, + and /", what, least, most)
	}
	return nil
}

// readInteger reads decimal digits into a number of least to most.
func readInteger[Number uint8 | uint16 | uint32](text, what string, least, most Number) (Number, error) {
	if digitsPattern.MatchString(text) {
		// Ten digits fit into 64 bits.
		value, _ := strconv.ParseUint(text, 10, 64)
		if value >= uint64(least) && value <= uint64(most) {
			return Number(value), nil
		}
	}
	return 0, fmt.Errorf("%s %s is not an integer from %d to %d", what, quoted(text), least, most)
}

func checkOneOf(text, what string, choices ...string) error {
	for _, choice := range choices {
		if choice == text {
			return nil
		}
	}
	return fmt.Errorf("%s %s is none of %s", what, quoted(text), strings.Join(choices, ", "))
}

// shortened is what is kept of a text that nobody checks.
func shortened(text string, most int) string {
	if len(text) > most {
		return text[:most]
	}
	return text
}

// bound is an option that is 1 to most, and usual if it is 0.
type bound struct {
	field       string
	value       *int
	usual, most int
}

func complete(bounds []bound) error {
	for _, each := range bounds {
		if *each.value == 0 {
			*each.value = each.usual
		}
		if *each.value < 0 || *each.value > each.most {
			return fault.Argument(each.field, "is not 1 to %d", each.most)
		}
	}
	return nil
}
