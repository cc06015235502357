// Package wire carries requests to a worker and its news: frames of FlatBuffers over two streams.
package wire

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
)

// MaxFrameSize is the most bytes that a message may have, in either direction.
const MaxFrameSize = 4 << 20

const headerSize = 4

// Most messages are far smaller; a large one gets a buffer of its own, which is not kept.
const keptBuffer = 64 << 10

// frameReader puts frames together out of a stream that may be cut anywhere: 4 bytes of
// little-endian length, then so many bytes.
type frameReader struct {
	stream *bufio.Reader
	buffer []byte
}

func newFrameReader(stream io.Reader) *frameReader {
	return &frameReader{
		stream: bufio.NewReaderSize(stream, keptBuffer),
		buffer: make([]byte, keptBuffer),
	}
}

// next is valid until it is called again. io.EOF means that the stream ended between two frames; a
// length above the limit means that the two ends have lost their place for good.
func (f *frameReader) next() ([]byte, error) {
	var header [headerSize]byte
	if _, err := io.ReadFull(f.stream, header[:]); err != nil {
		return nil, err
	}
	size := binary.LittleEndian.Uint32(header[:])
	if size > MaxFrameSize {
		return nil, fmt.Errorf("a frame of %d bytes exceeds the limit of %d", size, MaxFrameSize)
	}
	frame := f.buffer
	if int(size) > len(frame) {
		frame = make([]byte, size)
	}
	if _, err := io.ReadFull(f.stream, frame[:size]); err != nil {
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return nil, err
	}
	return frame[:size], nil
}

func appendFrame(stream, payload []byte) []byte {
	var header [headerSize]byte
	binary.LittleEndian.PutUint32(header[:], uint32(len(payload)))
	return append(append(stream, header[:]...), payload...)
}
