// Fuzzes a live SCTP association after its handshake, with the genuine peer still at the other end.
//
// The input is a script. Each step forges a packet in the peer's name (arbitrary chunks, a DATA
// chunk, damage to what it said last), sends something, resets something, or lets time pass. The
// checksum is always right: finding it by chance would teach the fuzzer nothing. Whatever happens:
// no crash, bounded output, and an association that is closed asks for nothing.

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "base/check.h"
#include "sctp/association.h"
#include "tests/support/sctp_forger.h"
#include "tests/support/sctp_pair.h"

namespace sluice {
namespace {

using sctp::Association;
using sctp::Ppid;
using sctp::StreamId;
using test::SctpForger;
using test::SctpPair;
using Bytes = std::vector<uint8_t>;

// Few, so that scripts hit the same ones.
constexpr Association::Options kOptions = {.outgoing_streams = 16,
                                           .incoming_streams = 16,
                                           .max_message_size = 16 * 1024,
                                           .max_receive_message_size = 16 * 1024};

class Script {
 public:
  Script() : pair_({.one_way = std::chrono::milliseconds(1)}, {kOptions, kOptions}) {
    pair_.filter = [this](int from, const Bytes& packet) {
      if (from == 0) {
        forger_.Learn(packet);
        last_ = packet;
      }
      return true;
    };
    pair_.Connect();
    SLUICE_CHECK(pair_.b().connected.has_value());
    pair_.b().on_message = [](const sctp::Message& message) {
      SLUICE_CHECK(message.payload.size() <= kOptions.max_receive_message_size);
    };
    pair_.a().on_message = pair_.b().on_message;
  }

  void Step(ByteReader& in) {
    Association& victim = pair_.b().association;
    const uint8_t choice = in.U8();
    switch (choice % 8) {
      case 0:
        Forge(forger_.Packet(Take(in)));
        break;
      case 1:
        ForgeData(in);
        break;
      case 2:
        Damage(in);
        break;
      case 3:
        pair_.RunFor(std::chrono::milliseconds(10 * in.U8()));
        break;
      case 4:
        Send(in, victim);
        break;
      case 5:
        Send(in, pair_.a().association);
        break;
      case 6:
        (void)victim.ResetStream(pair_.now(), StreamId(in.U8() % 18));
        break;
      case 7:
        Forge(choice & 8 ? forger_.ResetAll() : forger_.Init(in.U16(), in.U16()));
        break;
    }
    pair_.Drain();
    Check();
  }

 private:
  static Bytes Take(ByteReader& in) {
    const ByteView bytes = in.Bytes(in.U8());
    return {bytes.begin(), bytes.end()};
  }

  void Forge(const Bytes& packet) { pair_.b().association.Receive(pair_.now(), packet); }

  void ForgeData(ByteReader& in) {
    const uint8_t choice = in.U8();
    if (choice & 0x80) forger_.SkipNumber();
    const Bytes payload(in.U16() % 1200);
    Forge(forger_.Data({.flags = static_cast<uint8_t>(choice & 0x7f),
                        .stream = static_cast<uint16_t>(in.U8() % 18),
                        .sequence = in.U8(),
                        .payload = payload}));
  }

  void Damage(ByteReader& in) {
    Bytes packet = last_;
    for (int i = in.U8() % 8; i > 0 && packet.size() > 12; --i) {
      const size_t at = 12 + in.U8() % (packet.size() - 12);
      packet[at] = static_cast<uint8_t>(packet[at] ^ in.U8());
    }
    SctpForger::Seal(packet);
    Forge(packet);
  }

  void Send(ByteReader& in, Association& from) {
    const uint8_t choice = in.U8();
    sctp::Reliability reliability{.ordered = (choice & 1) != 0};
    if (choice & 2) reliability.max_retransmits = choice >> 4;
    if (choice & 4) reliability.max_lifetime = std::chrono::milliseconds(choice);
    (void)from.Send(pair_.now(), StreamId(in.U8() % 18), Ppid::kBinary, Bytes(in.U16() % 20'000),
                    reliability);
  }

  void Check() {
    const Association& victim = pair_.b().association;
    SLUICE_CHECK(victim.buffered_amount() <= kOptions.send_buffer);
    if (victim.state() != Association::State::kClosed) return;
    SLUICE_CHECK(pair_.b().closed.has_value());
    SLUICE_CHECK(!victim.NextTimeout());
    SLUICE_CHECK(victim.buffered_amount() == 0);
  }

  SctpForger forger_;
  Bytes last_;
  SctpPair pair_;
};

}  // namespace
}  // namespace sluice

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  sluice::Script script;
  for (sluice::ByteReader in({data, size}); !in.empty();) script.Step(in);
  return 0;
}
