// Fuzzes a live DTLS session with a genuine peer at the other end of the line.
//
// The input is a script. Each step lets the handshake go on by some datagrams, or delivers one that
// is forged: bytes as they are, bytes under a record header that makes sense, or a genuine datagram
// with damage done to it. Whatever happens: no crash, bounded output, and a session that is
// connected has agreed with its peer on the keys.

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/check.h"
#include "dtls/context.h"
#include "dtls/session.h"
#include "tests/support/virtual_gettimeofday.h"

namespace sluice {
namespace {

using dtls::Context;
using dtls::Role;
using dtls::Session;
using Bytes = std::vector<uint8_t>;

const Context& ContextOf(int which) {
  static const Context* const contexts[] = {Context::Create()->release(),
                                            Context::Create()->release()};
  return *contexts[which];
}

class Line {
 public:
  explicit Line(bool victim_is_server)
      : victim_(ContextOf(0), victim_is_server ? Role::kServer : Role::kClient,
                ContextOf(1).fingerprints().back()),
        peer_(ContextOf(1), victim_is_server ? Role::kClient : Role::kServer,
              ContextOf(0).fingerprints().back()) {
    test::SetWallClock(now_);
  }

  // Everything both have to say reaches the other, `rounds` times over.
  void Exchange(int rounds) {
    for (int i = 0; i < rounds; ++i) {
      for (const Bytes& datagram : Drain(peer_)) {
        last_ = datagram;
        victim_.Receive(now_, datagram);
      }
      for (const Bytes& datagram : Drain(victim_)) peer_.Receive(now_, datagram);
    }
  }

  void Forge(const Bytes& datagram) {
    victim_.Receive(now_, datagram);
    for (const Bytes& answer : Drain(victim_)) peer_.Receive(now_, answer);
  }

  void ForgeRecord(ByteView script) {
    ByteReader in(script);
    Bytes record(13 + 3 + script.size());
    ByteWriter out(record);
    const uint8_t choice = in.U8();
    out.U8(static_cast<uint8_t>(20 + (choice & 3)));
    out.U16(choice & 4 ? 0xfeff : 0xfefd);
    out.U16(choice & 8 ? 1 : 0);
    out.U16(0);
    out.U32(in.U8());
    out.U16(static_cast<uint16_t>(in.remaining()));
    out.Bytes(in.rest());
    record.resize(out.size());
    Forge(record);
  }

  void Damage(ByteView script) {
    Bytes datagram = last_;
    for (ByteReader in(script); !in.empty() && !datagram.empty();) {
      const size_t at = in.U16() % datagram.size();
      datagram[at] = static_cast<uint8_t>(datagram[at] ^ in.U8());
    }
    Forge(datagram);
  }

  void Wait(Duration span) {
    now_ += span;
    test::SetWallClock(now_);
    victim_.HandleTimeout(now_);
    peer_.HandleTimeout(now_);
  }

  void Close() { victim_.Close(now_); }

  void Check() {
    const auto mine = Connection(victim_);
    const auto theirs = Connection(peer_);
    if (mine && theirs) SLUICE_CHECK(std::ranges::equal(mine->keys.local(), theirs->keys.remote()));
    Drain(victim_);
    if (victim_.closed()) {
      SLUICE_CHECK(!victim_.NextTimeout());
      SLUICE_CHECK(!victim_.PollEvent());
    }
  }

 private:
  std::vector<Bytes> Drain(Session& session) {
    std::vector<Bytes> all;
    std::array<uint8_t, Session::kMaxDatagram> buffer;
    while (const size_t size = session.PollTransmit(now_, buffer)) {
      all.emplace_back(buffer.begin(), buffer.begin() + static_cast<ptrdiff_t>(size));
      SLUICE_CHECK(all.size() <= 64);
    }
    return all;
  }

  // At most one Connected, then at most one Closed, and nothing else.
  static std::optional<Session::Connected> Connection(Session& session) {
    std::optional<Session::Connected> connected;
    bool closed = false;
    while (auto event = session.PollEvent()) {
      SLUICE_CHECK(!closed);
      if (auto* found = std::get_if<Session::Connected>(&*event)) {
        SLUICE_CHECK(!connected);
        connected = *found;
      } else {
        closed = true;
      }
    }
    return connected;
  }

  Timestamp now_{std::chrono::hours(24)};
  Session victim_;
  Session peer_;
  Bytes last_;
};

void Run(ByteView input) {
  ByteReader in(input);
  Line line(in.U8() & 1);
  while (!in.empty()) {
    const uint8_t step = in.U8();
    const ByteView script = in.Bytes(std::min<size_t>(in.U8(), in.remaining()));
    switch (step % 6) {
      case 0:
        line.Exchange(1 + step / 6 % 3);
        break;
      case 1:
        line.Forge({script.begin(), script.end()});
        break;
      case 2:
        line.ForgeRecord(script);
        break;
      case 3:
        line.Damage(script);
        break;
      case 4:
        line.Wait(std::chrono::milliseconds(10 * step));
        break;
      default:
        if (step > 250) line.Close();
        break;
    }
  }
  line.Exchange(4);
  line.Check();
}

}  // namespace
}  // namespace sluice

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  sluice::Run({data, size});
  return 0;
}
