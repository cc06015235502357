package sdp

import (
	"fmt"
	"strings"

	"sluice.dev/sdk/internal/fault"
)

// Error says what is wrong with a session description, or cannot be granted. It is a
// *sluice.ArgumentError for errors.As as well.
type Error struct {
	// Line of the text that was parsed, the first is 1; 0 if no single line is at fault.
	Line int
	// Section is the media section at fault, the first is 0; -1 if it is none.
	Section int
	// Reason is what is wrong.
	Reason string

	// cause is why the worker, or the router, would not do what is described.
	cause error
}

// Error implements error: it names the line or the section, and says why.
func (e *Error) Error() string {
	var where []string
	if e.Line > 0 {
		where = append(where, fmt.Sprintf("line %d", e.Line))
	}
	if e.Section >= 0 {
		where = append(where, fmt.Sprintf("section %d", e.Section))
	}
	if len(where) == 0 {
		return "SDP: " + e.Reason
	}
	return "SDP " + strings.Join(where, ", ") + ": " + e.Reason
}

// Unwrap gives the class of the error.
func (e *Error) Unwrap() error {
	if e.cause != nil {
		return e.cause
	}
	return fault.Argument("sdp", "%s", e.Reason)
}

func errorf(format string, args ...any) *Error {
	return &Error{Section: -1, Reason: fmt.Sprintf(format, args...)}
}

func errorAt(section int, format string, args ...any) *Error {
	return &Error{Section: section, Reason: fmt.Sprintf(format, args...)}
}

// quoted is what came from elsewhere, fit for a message: printable ASCII, and not much of it.
func quoted(text string) string {
	const most = 40
	end := ""
	if len(text) > most {
		text, end = text[:most], "..."
	}
	return "'" + strings.Map(func(char rune) rune {
		if char < ' ' || char > '~' {
			return '?'
		}
		return char
	}, text) + end + "'"
}
