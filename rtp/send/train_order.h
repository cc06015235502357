// In which order the packets that one peer is owed should leave, so that many can leave together.
//
// A segment train (UDP_SEGMENT, udp(7)) is cut into pieces of one size, of which only the last may
// be shorter. Packets of a stream must stay in order; those of different streams need not. So the
// largest goes first, what is as large or hardly smaller follows and is padded to that size
// (RFC 3550 §5.1), and one that is shorter ends the train.

#ifndef SLUICE_RTP_SEND_TRAIN_ORDER_H_
#define SLUICE_RTP_SEND_TRAIN_ORDER_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace sluice::rtp {

class TrainOrder {
 public:
  // More of one peer are ordered one lot after the other: a key frame, and what fits into one call.
  static constexpr size_t kMaxPackets = 64;
  // Encoders cut a frame into packets that differ by a byte or two, and header extensions come and
  // go: more would be waste. It must fit into the one byte that counts padding.
  static constexpr uint16_t kMaxPadding = 24;

  struct Packet {
    // Whose order must be kept.
    uint32_t stream = 0;
    // Bytes, as far as known before it is written; what all have on top does not matter.
    uint16_t size = 0;
  };
  struct Place {
    uint8_t packet = 0;    // index of what was given
    bool begins = false;   // a train
    bool is_full = false;  // has the size of the train, with padding if need be
    uint16_t padding = 0;  // bytes; only of what is_full
  };

  // At most kMaxPackets. Valid until the next call.
  std::span<const Place> Arrange(std::span<const Packet> packets);

 private:
  static constexpr uint8_t kNone = 0xff;
  struct Stream {
    uint32_t id = 0;
    uint8_t head = kNone;
    uint8_t tail = kNone;
  };

  void Sort(std::span<const Packet> packets);
  void Append(std::span<const Packet> packets, uint8_t index);
  // The stream whose next packet is the largest below or at `limit`; kNone if there is none.
  uint8_t Largest(std::span<const Packet> packets, uint16_t limit) const;
  // How large a train should be that begins with this stream's next packet.
  uint16_t TrainSize(std::span<const Packet> packets, const Stream& stream) const;
  void Take(std::span<const Packet> packets, Stream& stream, uint16_t train, bool begins);

  std::array<uint8_t, kMaxPackets> next_{};
  std::array<Stream, kMaxPackets> streams_{};
  size_t stream_count_ = 0;
  std::array<Place, kMaxPackets> places_{};
  size_t place_count_ = 0;
};

}  // namespace sluice::rtp

#endif  // SLUICE_RTP_SEND_TRAIN_ORDER_H_
