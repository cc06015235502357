package sdp

import "context"

// Message is what travels between a page and the server as JSON: an RTCSessionDescriptionInit, or an
// RTCIceCandidateInit, as browsers write them.
type Message struct {
	// Type is "offer" or "answer"; empty of a candidate.
	Type string `json:"type,omitempty"`
	SDP  string `json:"sdp,omitempty"`
	// Candidate is empty for the end of them (RFC 8838 §14).
	Candidate string `json:"candidate,omitempty"`
}

// Handle takes what came from the client: of an offer the result is the answer to it, of an answer and
// of a candidate it is nil. Errors are those of Answer, AcceptAnswer and AddRemoteCandidate.
func (c *Connection) Handle(ctx context.Context, message Message) (*Message, error) {
	switch message.Type {
	case "offer":
		answer, err := c.Answer(ctx, message.SDP)
		if err != nil {
			return nil, err
		}
		return &Message{Type: "answer", SDP: answer}, nil
	case "answer":
		return nil, c.AcceptAnswer(ctx, message.SDP)
	case "":
		return nil, c.AddRemoteCandidate(message.Candidate)
	}
	return nil, errorf("type %s is neither offer nor answer", quoted(message.Type))
}
