// Any datagrams at the end of a pipe in the clear, from where its other end is: what a host between
// two routers could send.
//
// The input is datagrams, each behind a byte for its length. Those with the highest bit set are
// given to SCTP: the engine gets them as application-defined data of RTCP.

#include <algorithm>
#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "base/check.h"
#include "rtp/rtcp/application_data.h"
#include "tests/support/sim_pipe.h"
#include "tests/support/simulation.h"

namespace sluice::test {
namespace {

using namespace std::chrono_literals;

// More would only take longer.
constexpr int kMaxDatagrams = 64;
constexpr uint32_t kSctp = 0x53435450;

void Play(ByteView input) {
  Simulation sim{{.link = {.one_way = 1ms}, .engines = 2}};
  SimPipe pipe(sim, {.data_channels = true});
  sim.RunFor(500ms);
  const schema::TransportStatsT stats = pipe.NearStats();
  const Endpoint near{*IpAddress::Parse(stats.selected_tuple->local_address),
                      stats.selected_tuple->local_port};
  const Endpoint far{*IpAddress::Parse(stats.selected_tuple->remote_ip),
                     stats.selected_tuple->remote_port};
  ByteReader in(input);
  for (int i = 0; i < kMaxDatagrams && !in.empty(); ++i) {
    const uint8_t head = in.U8();
    const ByteView bytes = in.Bytes(std::min<size_t>(head & 0x7f, in.remaining()));
    std::vector<uint8_t> datagram(256);
    ByteWriter out(datagram);
    if ((head & 0x80) != 0) {
      rtp::ApplicationData{.name = kSctp, .data = bytes}.WriteTo(out);
    } else {
      out.Bytes(bytes);
    }
    if (out.size() > 0) sim.network().Inject(sim.now(), far, near, out.written());
    sim.RunFor(10ms);
  }
  sim.RunFor(1s);
  // Whatever was said, the worker answers.
  SLUICE_CHECK(sim.Ask(pipe.near_transport(), schema::DumpT()).ok());
}

}  // namespace
}  // namespace sluice::test

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  sluice::test::Play(sluice::ByteView(data, size));
  return 0;
}
