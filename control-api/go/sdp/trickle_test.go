package sdp

import (
	"errors"
	"testing"

	sluice "sluice.dev/sdk"
	"sluice.dev/sdk/rtp"
)

const (
	renewed   = "a=ice-ufrag:renewed\r\na=ice-pwd:renewedRenewedRenewed00\r\n"
	candidate = "a=candidate:1 1 udp 1 192.0.2.1 4000 typ host\r\n"
)

func TestAFragmentWithNewCredentialsRestartsIceOnce(t *testing.T) {
	s := newScene(t, Options{})
	s.client.add(rtp.Video, rtp.SendOnly)
	before := s.answered().Sections[0].Ice
	text, err := s.TakeFragment(s.ctx, renewed+candidate)
	if err != nil {
		t.Fatal(err)
	}
	own, err := ParseFragment(text)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if *own.Ice == *before || !own.IceLite || own.Sections[0].MID != "0" || len(own.Sections[0].Candidates) != 1 {
		t.Fatalf("got %s", text)
	}
	for _, nothingNew := range []string{renewed, candidate, "a=end-of-candidates\r\n"} {
		if again, err := s.TakeFragment(s.ctx, nothingNew); again != "" || err != nil {
			t.Fatalf("got %s, %v", again, err)
		}
	}
	// A description of the same generation says the same.
	s.client.ice = IceParameters{"renewed", "renewedRenewedRenewed00"}
	if after := s.answered().Sections[0].Ice; *after != *own.Ice {
		t.Fatalf("got %v, want %v", after, own.Ice)
	}
}

func TestAFragmentThatComesWhileAnOfferIsPendingIsNotForgottenWithItsAnswer(t *testing.T) {
	s := newScene(t, Options{})
	s.client.add(rtp.Video, rtp.SendOnly)
	s.answered()
	offer, err := s.Offer(s.ctx)
	if err != nil {
		t.Fatal(err)
	}
	text, err := s.TakeFragment(s.ctx, renewed)
	if err != nil {
		t.Fatal(err)
	}
	own, err := ParseFragment(text)
	if err != nil {
		t.Fatal(err)
	}
	s.client.ice = IceParameters{"renewed", "renewedRenewedRenewed00"}
	if err := s.AcceptAnswer(s.ctx, s.client.answer(offer, nil)); err != nil {
		t.Fatal(err)
	}
	if after := s.answered().Sections[0].Ice; *after != *own.Ice {
		t.Fatalf("got %v, want %v", after, own.Ice)
	}
}

func TestAFragmentBeforeAnyDescriptionOrThatIsNoneIsAnError(t *testing.T) {
	s := newScene(t, Options{})
	if _, err := s.TakeFragment(s.ctx, renewed); !errors.Is(err, sluice.ErrInvalidState) {
		t.Fatalf("got %v", err)
	}
	s.client.add(rtp.Video, rtp.SendOnly)
	s.answered()
	var refusal *Error
	if _, err := s.TakeFragment(s.ctx, "hello"); !errors.As(err, &refusal) {
		t.Fatalf("got %v", err)
	}
	s.Close()
	if _, err := s.TakeFragment(s.ctx, renewed); !errors.Is(err, sluice.ErrInvalidState) {
		t.Fatalf("got %v", err)
	}
}
