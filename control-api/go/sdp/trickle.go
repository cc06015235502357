package sdp

import (
	"context"

	"sluice.dev/sdk/internal/fault"
	"sluice.dev/sdk/rtp"
)

// AddRemoteCandidate checks a candidate of the client, as RTCIceCandidate.candidate has it; empty
// stands for the end of them. The worker is a lite agent (RFC 8445 §2.5), which waits for the checks
// of the client and needs no candidates itself.
func (c *Connection) AddRemoteCandidate(candidate string) error {
	if candidate == "" {
		return nil
	}
	_, err := ParseCandidate(candidate)
	return err
}

// TakeFragment takes a fragment of the client (RFC 8840 §9), as WHIP and WHEP send it: it looks at its
// candidates as AddRemoteCandidate does, and begins ICE anew if it has other credentials than before
// (RFC 9725 §4.3.3). The result is the server's fragment then, and empty otherwise. It fails with an
// *Error for what is none, with ErrInvalidState before the first description of the client.
func (c *Connection) TakeFragment(ctx context.Context, fragment string) (string, error) {
	theirs, err := ParseFragment(fragment)
	if err != nil {
		return "", err
	}
	if err := c.take(ctx); err != nil {
		return "", err
	}
	defer c.release()
	if err := c.checkOpen(); err != nil {
		return "", err
	}
	if !c.remote.known {
		return "", fault.Errorf(fault.ErrInvalidState, "the client has described nothing yet")
	}
	if theirs.Ice == nil || *theirs.Ice == c.remote.ice {
		return "", nil
	}
	restarted, err := c.transport.RestartIce(ctx)
	if err != nil {
		return "", err
	}
	c.ice, c.remote.ice, c.mustRestart = restarted, *theirs.Ice, false
	if c.pending != nil {
		// What is agreed on with its answer are no older credentials.
		c.pending.ice = c.ice
	}
	return c.ownFragment().String(), nil
}

// ownFragment has the server's credentials, and all candidates in the section that stands for all.
func (c *Connection) ownFragment() *Fragment {
	fragment := &Fragment{Ice: &IceParameters{c.ice.UsernameFragment, c.ice.Password}, IceLite: true,
		EndOfCandidates: true}
	for _, slot := range c.slots {
		if slot.stopped {
			continue
		}
		section := FragmentSection{Kind: slot.kind, EndOfCandidates: true}
		if slot.isNamed {
			section.MID = slot.mid
		}
		for _, candidate := range c.transport.IceCandidates() {
			section.Candidates = append(section.Candidates, CandidateOf(candidate))
		}
		fragment.Sections = rtp.List[FragmentSection]{section}
		break
	}
	return fragment
}
