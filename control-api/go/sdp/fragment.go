package sdp

import (
	"strings"

	"sluice.dev/sdk/rtp"
)

const maxFragmentLines = 1024

// isOfFragment has what a fragment may say; whatever else it does is passed over (RFC 8840 §9).
var isOfFragment = map[string]bool{
	"mid": true, "ice-ufrag": true, "ice-pwd": true, "candidate": true, "end-of-candidates": true,
}

// Fragment is the part of a description that trickles (RFC 8840 §9):
// application/trickle-ice-sdpfrag.
type Fragment struct {
	// Ice is of the generation that the candidates belong to, or of the one that begins with it.
	Ice     *IceParameters `json:"ice,omitempty"`
	IceLite bool           `json:"iceLite"`
	// EndOfCandidates: after them nothing more comes, in whichever section.
	EndOfCandidates bool                      `json:"endOfCandidates"`
	Sections        rtp.List[FragmentSection] `json:"sections"`
}

// FragmentSection has the candidates of one section. One without a kind stands for what was said in
// front of the first: it is of the only transport that there is.
type FragmentSection struct {
	Kind            string              `json:"kind"`
	MID             string              `json:"mid,omitempty"`
	Candidates      rtp.List[Candidate] `json:"candidates"`
	EndOfCandidates bool                `json:"endOfCandidates"`
}

// ParseFragment reads a fragment. Errors are of type *Error.
func ParseFragment(text string) (*Fragment, error) {
	lines, err := readLines(text, maxFragmentLines)
	if err != nil {
		return nil, err
	}
	// Whatever is not in a section is for the whole, which stands first.
	sections := []Section{newSection("", "")}
	fragment := &Fragment{}
	for _, line := range lines {
		switch line.kind {
		case 'm':
			kind, _, _ := strings.Cut(line.value, " ")
			sections = append(sections, newSection(shortened(kind, 32), ""))
		case 'a':
			name, value, _ := strings.Cut(line.value, ":")
			fragment.IceLite = fragment.IceLite || name == "ice-lite"
			if !isOfFragment[name] {
				continue
			}
			if err := sections[len(sections)-1].readAttribute(name, value); err != nil {
				return nil, &Error{Line: line.number, Section: -1, Reason: err.Error()}
			}
		}
	}
	for index := range sections {
		section := &sections[index]
		if fragment.Ice == nil {
			fragment.Ice = section.Ice
		}
		fragment.EndOfCandidates = fragment.EndOfCandidates || section.EndOfCandidates
		if index > 0 || len(section.Candidates) > 0 {
			fragment.Sections = append(fragment.Sections, FragmentSection{
				section.Kind, section.MID, section.Candidates, section.EndOfCandidates,
			})
		}
	}
	if ice := fragment.Ice; ice != nil && (ice.UsernameFragment == "" || ice.Password == "") {
		return nil, errorf("ice-ufrag and ice-pwd do not come together")
	}
	return fragment, nil
}

// String is the text of a fragment, with CR LF behind every line.
func (f *Fragment) String() string {
	var w writer
	w.flag(f.IceLite, "ice-lite")
	if f.Ice != nil {
		w.line("a=ice-ufrag:%s", f.Ice.UsernameFragment)
		w.line("a=ice-pwd:%s", f.Ice.Password)
	}
	for _, section := range f.Sections {
		w.line("m=%s 9 UDP/TLS/RTP/SAVPF 0", section.Kind)
		w.flag(section.MID != "", "mid:"+section.MID)
		for _, candidate := range section.Candidates {
			w.line("a=%s", candidate)
		}
		w.flag(section.EndOfCandidates, "end-of-candidates")
	}
	w.flag(f.EndOfCandidates && len(f.Sections) == 0, "end-of-candidates")
	return w.String()
}
