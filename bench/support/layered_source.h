// Packets of one publisher as the receive path of the worker sees them, for any codec and with any
// layers: what each writes in front of its payload, and the header extensions of a browser.

#ifndef SLUICE_BENCH_SUPPORT_LAYERED_SOURCE_H_
#define SLUICE_BENCH_SUPPORT_LAYERED_SOURCE_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <vector>

#include "base/packet_pool.h"
#include "base/time.h"
#include "rtp/forward/encoding_source.h"
#include "rtp/packet/extension_map.h"
#include "rtp/packet/rtp_packet.h"
#include "tests/support/layer_stream.h"

namespace sluice::bench {

// What the benches ask about: how Chromium sends each codec.
std::span<const test::LayerShape> BrowserShapes();

class LayeredSource {
 public:
  static constexpr size_t kPayload = 1100;
  static constexpr PayloadType kPayloadType = PayloadType(96);
  static constexpr Ssrc kSsrc = Ssrc(0xa000);

  // `shape` has one encoding, and must outlive the source.
  explicit LayeredSource(const test::LayerShape& shape) : shape_(shape), stream_(shape, 0, 1) {}

  // The datagram as it comes out of decryption. The first picture is a key picture, and no other.
  PacketRef NextDatagram();
  // The same, parsed, described and numbered, as forwarders get it.
  rtp::RtpPacket Next();

  const rtp::ExtensionMap& extensions() const { return extensions_; }
  const rtp::EncodingSource& encoding() const { return encoding_; }

 private:
  static rtp::ExtensionMap Extensions();
  void MakePicture();

  const test::LayerShape& shape_;
  test::LayerStream stream_;
  PacketPool pool_;
  const rtp::ExtensionMap extensions_ = Extensions();
  rtp::EncodingSource encoding_;
  // Those that packets under way belong to, and everything before them.
  std::vector<test::LayerFrame> frames_;
  std::deque<test::LayerPacket> ready_;
  Timestamp now_{std::chrono::seconds(5000)};
  int64_t next_seq_ = 0;
};

}  // namespace sluice::bench

#endif  // SLUICE_BENCH_SUPPORT_LAYERED_SOURCE_H_
