// Arbitrary datagrams at a worker's socket: whatever they claim to be, the engine must live, count
// each of them exactly once, and answer nobody whom ICE has not validated.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "base/check.h"
#include "base/packet_pool.h"
#include "dtls/context.h"
#include "tests/support/seeded_entropy.h"
#include "worker/engine/demux.h"
#include "worker/engine/engine.h"

namespace {

using sluice::ByteView;
using sluice::Duration;
using sluice::Timestamp;
using sluice::worker::Wire;

class NoSockets : public sluice::worker::Sockets {
 public:
  absl::StatusOr<sluice::worker::BoundSocket> Open(
      const sluice::worker::ListenOptions& options) override {
    return sluice::worker::BoundSocket{sluice::SocketId(1), {options.address, 40'000, {}}};
  }
  void Close(sluice::SocketId) override {}
};

class NoUsage : public sluice::worker::ProcessUsage {
 public:
  Reading Read() override { return {}; }
};

// RFC 7983 §7, stated a second time.
void CheckOwner(ByteView datagram) {
  const Wire wire = sluice::worker::Classify(datagram);
  if (datagram.size() < 4) {
    SLUICE_CHECK(wire == Wire::kUnknown);
    return;
  }
  const int first = datagram[0];
  SLUICE_CHECK((wire == Wire::kStun) == (first < 4));
  SLUICE_CHECK((wire == Wire::kDtls) == (first > 19 && first < 64));
  SLUICE_CHECK((wire == Wire::kRtp || wire == Wire::kRtcp) == (first > 127 && first < 192));
  SLUICE_CHECK((wire == Wire::kSctp) == (sluice::ByteReader(datagram).U32() == 0x13881388));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const auto context = *sluice::dtls::Context::Create();
  sluice::PacketPool pool(256);
  sluice::test::SeededEntropy entropy(1);
  NoSockets sockets;
  NoUsage usage;
  sluice::worker::Engine engine({pool, entropy, sockets, *context, usage});
  while (!engine.PollMessage().empty()) {
  }
  sluice::worker::TransmitBatch batch;
  Timestamp now(Duration(1'000'000));
  sluice::ByteReader in(ByteView(data, size));
  // Datagrams of lengths that the input names, from ports that it names.
  while (!in.empty()) {
    const size_t length = in.U8();
    const uint16_t port = static_cast<uint16_t>(1024 + in.U8());
    const ByteView bytes = in.rest().first(std::min<size_t>(length, in.remaining()));
    in.Skip(bytes.size());
    CheckOwner(bytes);
    sluice::PacketRef packet = pool.Copy(bytes, now);
    SLUICE_CHECK(packet);
    engine.HandleDatagram(now, sluice::SocketId(1), {sluice::IpAddress::V4(192, 0, 2, 1), port, {}},
                          std::move(packet));
    engine.HandleTimeout(now);
    SLUICE_CHECK(!engine.PollTransmit(now, batch) && batch.empty());
    SLUICE_CHECK(engine.PollMessage().empty());
    now += Duration(1000);
  }
  SLUICE_CHECK(pool.in_use() == 0);
  return 0;
}
