// What does it cost to read the RTCP that browsers send: a report, a request for retransmissions,
// one for a key frame, feedback?

#include <benchmark/benchmark.h>

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/check.h"
#include "rtp/receive/feedback_recorder.h"
#include "rtp/rtcp/compound.h"
#include "rtp/rtcp/nack.h"
#include "rtp/rtcp/pli.h"
#include "rtp/rtcp/receiver_report.h"
#include "rtp/rtcp/sdes.h"
#include "rtp/rtcp/sender_report.h"
#include "rtp/rtcp/transport_feedback.h"

namespace sluice::bench {
namespace {

constexpr rtp::FeedbackSources kSources{Ssrc(1), Ssrc(2)};

template <typename Write>
std::vector<uint8_t> Datagram(Write write) {
  std::vector<uint8_t> bytes(1'200);
  ByteWriter out(bytes);
  write(out);
  SLUICE_CHECK(out.ok());
  bytes.resize(out.size());
  return bytes;
}

void WriteDescription(ByteWriter& out) {
  rtp::SourceDescription description;
  description.chunks.push_back({Ssrc(1), "2tk8DF0hRNO6l7Tz"});
  description.WriteTo(out);
}

rtp::ReportBlock BlockAbout(uint32_t ssrc) {
  return {.source = Ssrc(ssrc),
          .fraction_lost = 2,
          .cumulative_lost = 71,
          .highest_sequence = 70'001,
          .jitter = 155,
          .last_sender_report = 0x12345678,
          .delay_since_last = 0x8000};
}

// Of somebody who watches eleven others.
std::vector<uint8_t> ReceiverReports() {
  return Datagram([](ByteWriter& out) {
    rtp::ReceiverReport report;
    report.sender = Ssrc(1);
    for (uint32_t i = 0; i < 22; ++i) report.blocks.push_back(BlockAbout(100 + i));
    report.WriteTo(out);
    WriteDescription(out);
  });
}

// Of somebody who sends sound and a picture in three sizes.
std::vector<uint8_t> SenderReports() {
  return Datagram([](ByteWriter& out) {
    for (uint32_t i = 0; i < 4; ++i) {
      rtp::SenderReport report;
      report.sender = Ssrc(1 + i);
      report.ntp = NtpTime::From(Timestamp(std::chrono::hours(9)), Duration(0));
      report.packet_count = 1'000;
      report.octet_count = 1'000'000;
      report.WriteTo(out);
    }
    WriteDescription(out);
  });
}

std::vector<uint8_t> Nacks() {
  return Datagram([](ByteWriter& out) {
    rtp::GenericNack nack;
    nack.sources = kSources;
    for (uint16_t i = 0; i < 10; ++i) nack.Add(SeqNo(static_cast<uint16_t>(1'000 + 2 * i)));
    nack.WriteTo(out);
  });
}

std::vector<uint8_t> KeyFrameRequest() {
  return Datagram([](ByteWriter& out) { rtp::PictureLossIndication{kSources}.WriteTo(out); });
}

std::vector<uint8_t> Arrivals() {
  return Datagram([](ByteWriter& out) {
    rtp::FeedbackRecorder recorder;
    Timestamp now(std::chrono::seconds(1000));
    for (uint16_t i = 0; i < 50; ++i, now += Duration(2'000)) recorder.Record(i, now);
    SLUICE_CHECK(recorder.WriteFeedback(now, Ssrc(1), Ssrc(2), out));
  });
}

// As the worker does: walk the datagram, read each member by its kind.
size_t Read(ByteView datagram) {
  size_t facts = 0;
  rtp::CompoundReader compound(datagram);
  while (const std::optional<rtp::RtcpPacket> member = compound.Next()) {
    switch (member->kind()) {
      case rtp::RtcpKind::kSenderReport:
        facts += rtp::SenderReport::Parse(member->bytes()) ? 1 : 0;
        break;
      case rtp::RtcpKind::kReceiverReport:
        if (const auto report = rtp::ReceiverReport::Parse(member->bytes())) {
          facts += report->blocks.size();
        }
        break;
      case rtp::RtcpKind::kNack:
        if (const auto nack = rtp::GenericNack::Parse(member->bytes())) facts += nack->lost_count();
        break;
      case rtp::RtcpKind::kPli:
        facts += rtp::PictureLossIndication::Parse(member->bytes()) ? 1 : 0;
        break;
      case rtp::RtcpKind::kTransportFeedback:
        if (const auto feedback = rtp::TransportFeedback::Parse(member->bytes())) {
          facts += feedback->received_count();
        }
        break;
      default:
        break;
    }
  }
  SLUICE_CHECK(!compound.malformed());
  return facts;
}

void BM_Read(benchmark::State& state, const std::vector<uint8_t>& datagram, size_t facts) {
  SLUICE_CHECK(Read(datagram) == facts);
  for (auto _ : state) benchmark::DoNotOptimize(Read(datagram));
  state.SetItemsProcessed(state.iterations());
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(datagram.size()));
}
BENCHMARK_CAPTURE(BM_Read, receiver_report_of_22, ReceiverReports(), 22);
BENCHMARK_CAPTURE(BM_Read, four_sender_reports, SenderReports(), 4);
BENCHMARK_CAPTURE(BM_Read, nack_of_10, Nacks(), 10);
BENCHMARK_CAPTURE(BM_Read, pli, KeyFrameRequest(), 1);
BENCHMARK_CAPTURE(BM_Read, feedback_about_50, Arrivals(), 50);

}  // namespace
}  // namespace sluice::bench

BENCHMARK_MAIN();
