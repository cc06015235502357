package sluice

import (
	"crypto/rand"
	"encoding/binary"
)

// ssrcPool has the SSRCs of what a transport sends: two in a row, the second for retransmissions.
type ssrcPool struct {
	used map[uint32]struct{}
}

// RFC 3550 §8.1: random. Nine digits, so that both it and the one behind it stay readable and far from the
// 1234 with which clients probe.
const (
	leastSSRC = 100_000_000
	mostSSRC  = 999_999_998
)

func (p *ssrcPool) take() uint32 {
	if p.used == nil {
		p.used = map[uint32]struct{}{}
	}
	for {
		var bytes [4]byte
		if _, err := rand.Read(bytes[:]); err != nil {
			panic("the system has no random numbers: " + err.Error())
		}
		ssrc := leastSSRC + binary.LittleEndian.Uint32(bytes[:])%(mostSSRC-leastSSRC)
		_, taken := p.used[ssrc]
		_, nextTaken := p.used[ssrc+1]
		if !taken && !nextTaken {
			p.used[ssrc] = struct{}{}
			p.used[ssrc+1] = struct{}{}
			return ssrc
		}
	}
}

func (p *ssrcPool) release(ssrcs ...uint32) {
	for _, ssrc := range ssrcs {
		delete(p.used, ssrc)
		delete(p.used, ssrc+1)
	}
}
