// What the tests of SrtpSession share: one session, and the reference at the other end of it.

#ifndef SLUICE_TESTS_SUPPORT_SRTP_FIXTURE_H_
#define SLUICE_TESTS_SUPPORT_SRTP_FIXTURE_H_

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/check.h"
#include "dtls/srtp_session.h"
#include "tests/support/srtp_reference.h"

namespace sluice::dtls {

// The whole sealed packet, or nothing at all if it was refused. The same for the ones below.
inline std::vector<uint8_t> Protect(SrtpSession& session, const std::vector<uint8_t>& packet) {
  std::vector<uint8_t> out(packet.size() + 20);
  std::ranges::copy(packet, out.begin());
  out.resize(session.ProtectRtp(out, packet.size(), {}).value_or(0));
  return out;
}

inline std::vector<uint8_t> ProtectRtcp(SrtpSession& session, const std::vector<uint8_t>& packet) {
  std::vector<uint8_t> out(packet.size() + 20);
  std::ranges::copy(packet, out.begin());
  out.resize(session.ProtectRtcp(out, packet.size()).value_or(0));
  return out;
}

inline std::vector<uint8_t> Unprotect(SrtpSession& session, std::vector<uint8_t> packet) {
  const SrtpSession::Unprotected result = session.UnprotectRtp(packet);
  const size_t* size = std::get_if<size_t>(&result);
  packet.resize(size ? *size : 0);
  return packet;
}

inline std::vector<uint8_t> UnprotectRtcp(SrtpSession& session, std::vector<uint8_t> packet) {
  const SrtpSession::Unprotected result = session.UnprotectRtcp(packet);
  const size_t* size = std::get_if<size_t>(&result);
  packet.resize(size ? *size : 0);
  return packet;
}

// Nothing if it was accepted.
inline std::optional<DropReason> WhyRefused(SrtpSession& session, std::vector<uint8_t> packet) {
  const SrtpSession::Unprotected result = session.UnprotectRtp(packet);
  const DropReason* reason = std::get_if<DropReason>(&result);
  return reason ? std::optional(*reason) : std::nullopt;
}

inline std::optional<DropReason> WhyRtcpRefused(SrtpSession& session, std::vector<uint8_t> packet) {
  const SrtpSession::Unprotected result = session.UnprotectRtcp(packet);
  const DropReason* reason = std::get_if<DropReason>(&result);
  return reason ? std::optional(*reason) : std::nullopt;
}

class SrtpFixture : public testing::TestWithParam<SrtpProfile> {
 protected:
  using Bytes = std::vector<uint8_t>;
  using Reference = test::SrtpReference;

  void SetUp() override {
    const size_t size = MasterKeySize(GetParam()) + MasterSaltSize(GetParam());
    for (size_t i = 0; i < size; ++i) {
      ours_master_.push_back(static_cast<uint8_t>(3 * i + 1));
      theirs_master_.push_back(static_cast<uint8_t>(7 * i + 2));
    }
    const auto keys = SrtpKeys::FromHalves(GetParam(), ours_master_, theirs_master_);
    SLUICE_CHECK(keys.has_value());
    auto session = SrtpSession::Create(*keys);
    SLUICE_CHECK(session.ok());
    session_ = std::move(*session);
    by_us_ = Reference::Derive(GetParam(), ours_master_, 0);
    by_peer_ = Reference::Derive(GetParam(), theirs_master_, 0);
    rtcp_by_us_ = Reference::Derive(GetParam(), ours_master_, 3);
    rtcp_by_peer_ = Reference::Derive(GetParam(), theirs_master_, 3);
  }

  SrtpSession& ours() { return *session_; }

  Bytes SealByPeer(const Bytes& packet, uint32_t roc) const {
    return Reference::SealRtp(GetParam(), by_peer_, packet, roc);
  }
  Bytes SealByUs(const Bytes& packet, uint32_t roc) const {
    return Reference::SealRtp(GetParam(), by_us_, packet, roc);
  }
  Bytes SealRtcpByPeer(const Bytes& packet, uint32_t index) const {
    return Reference::SealRtcp(GetParam(), rtcp_by_peer_, packet, index);
  }
  Bytes SealRtcpByUs(const Bytes& packet, uint32_t index) const {
    return Reference::SealRtcp(GetParam(), rtcp_by_us_, packet, index);
  }

  // An RTP packet whose payload tells it from its neighbours.
  static Bytes MakeRtp(uint32_t ssrc, uint16_t seq, size_t payload, bool extension = false) {
    Bytes packet(12 + (extension ? 12 : 0) + payload);
    ByteWriter out(packet);
    out.U8(extension ? 0x90 : 0x80);
    out.U8(96);
    out.U16(seq);
    out.U32(seq * 3000u);
    out.U32(ssrc);
    if (extension) {
      out.U32(0xbede0002);
      out.U64(0x1011223320aabb00);
    }
    for (size_t i = 0; i < payload; ++i) out.U8(static_cast<uint8_t>(i + seq + ssrc));
    return packet;
  }

  // A receiver report without blocks and `more` bytes behind it; a multiple of four.
  static Bytes MakeRtcp(uint32_t ssrc, size_t more) {
    Bytes packet(8 + more, 0x33);
    ByteWriter out(packet);
    out.U8(0x80);
    out.U8(201);
    out.U16(static_cast<uint16_t>(packet.size() / 4 - 1));
    out.U32(ssrc);
    return packet;
  }

 private:
  Bytes ours_master_, theirs_master_;
  std::unique_ptr<SrtpSession> session_;
  Reference::Keys by_us_, by_peer_, rtcp_by_us_, rtcp_by_peer_;
};

}  // namespace sluice::dtls

#endif  // SLUICE_TESTS_SUPPORT_SRTP_FIXTURE_H_
