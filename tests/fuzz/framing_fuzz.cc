// Fuzzes the framing of datagrams on TCP (RFC 4571), as a hostile peer and as a slow one.
//
// Odd inputs are a stream, in pieces as large as the first byte says: whatever it holds, the
// splitter says the same of it in one piece, and stays within its limit. Even ones are a script for
// a backlog whose connection takes as much as it likes: what the other side reads are the datagrams
// that were accepted, whole and in order.

#include <algorithm>
#include <cstdint>
#include <vector>

#include "base/check.h"
#include "ice/tcp_framing.h"

namespace sluice::ice {
namespace {

using Bytes = std::vector<uint8_t>;

constexpr size_t kLimit = 1500;

std::vector<Bytes> Split(FrameSplitter& splitter, ByteView stream, size_t cut) {
  std::vector<Bytes> datagrams;
  while (!stream.empty()) {
    ByteView piece = stream.first(std::min(cut, stream.size()));
    stream = stream.subspan(piece.size());
    while (const auto datagram = splitter.Next(piece)) {
      SLUICE_CHECK(!datagram->empty() && datagram->size() <= kLimit);
      datagrams.emplace_back(datagram->begin(), datagram->end());
    }
    SLUICE_CHECK(piece.empty());
  }
  return datagrams;
}

void FuzzStream(size_t cut, ByteView stream) {
  FrameSplitter in_pieces(kLimit);
  FrameSplitter at_once(kLimit);
  SLUICE_CHECK(Split(in_pieces, stream, cut) == Split(at_once, stream, stream.size() + 1));
  SLUICE_CHECK(in_pieces.counters().frames == at_once.counters().frames);
  SLUICE_CHECK(in_pieces.counters().too_long == at_once.counters().too_long);
  SLUICE_CHECK(in_pieces.mid_frame() == at_once.mid_frame());
}

// Each pair of bytes is one step: a datagram of that size, or that many bytes written.
void FuzzBacklog(ByteView script) {
  FrameBacklog backlog;
  Bytes wire;
  std::vector<Bytes> accepted;
  for (; script.size() >= 2; script = script.subspan(2)) {
    const size_t amount = size_t{script[1]} * 6;
    if (script[0] % 2 == 0) {
      const Bytes datagram(amount + 1, script[0]);
      if (backlog.Push(datagram)) accepted.push_back(datagram);
    } else {
      const size_t size = std::min(amount, backlog.size());
      wire.insert(wire.end(), backlog.bytes().begin(),
                  backlog.bytes().begin() + static_cast<std::ptrdiff_t>(size));
      backlog.RecordWritten(size);
    }
    SLUICE_CHECK(backlog.size() <= FrameBacklog::kCapacity);
  }
  wire.insert(wire.end(), backlog.bytes().begin(), backlog.bytes().end());
  FrameSplitter splitter(kLimit + 100);
  std::vector<Bytes> read;
  for (ByteView rest = wire; !rest.empty();) {
    while (const auto datagram = splitter.Next(rest)) {
      read.emplace_back(datagram->begin(), datagram->end());
    }
  }
  SLUICE_CHECK(read == accepted && !splitter.mid_frame());
}

}  // namespace
}  // namespace sluice::ice

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sluice::ice;
  if (size == 0) return 0;
  const sluice::ByteView input(data, size);
  if (input[0] % 2 == 1) {
    FuzzStream(input[0], input.subspan(1));
  } else {
    FuzzBacklog(input.subspan(1));
  }
  return 0;
}
