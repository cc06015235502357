// Any bytes as an RTCP datagram, and any history of arrivals as transport-wide feedback.
//
// The first byte of the input chooses. A datagram is walked like the engine does it; what a parser
// takes is written and read again, and must be the same. A history goes through the recorder, and
// every packet of feedback that comes out must say what went in.

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <vector>

#include "rtp/receive/feedback_recorder.h"
#include "rtp/rtcp/application_data.h"
#include "rtp/rtcp/bye.h"
#include "rtp/rtcp/compound.h"
#include "rtp/rtcp/extended_report.h"
#include "rtp/rtcp/fir.h"
#include "rtp/rtcp/nack.h"
#include "rtp/rtcp/pli.h"
#include "rtp/rtcp/receiver_report.h"
#include "rtp/rtcp/remb.h"
#include "rtp/rtcp/sdes.h"
#include "rtp/rtcp/sender_report.h"
#include "rtp/rtcp/tmmbr.h"
#include "rtp/rtcp/transport_feedback.h"

namespace sluice::rtp {
namespace {

void Require(bool condition) {
  if (!condition) std::abort();
}

// True if the body made sense.
template <typename T>
bool RoundTrip(ByteView packet) {
  const auto parsed = T::Parse(packet);
  if (!parsed) return false;
  // What is written is never longer than what was read, but for the zero that ends a chunk.
  std::vector<uint8_t> buffer(packet.size() + 64);
  ByteWriter out(buffer);
  parsed->WriteTo(out);
  Require(out.ok() && out.size() % 4 == 0);
  Require(T::Parse(out.written()) == parsed);
  return true;
}

void CheckNack(ByteView packet) {
  const auto nack = GenericNack::Parse(packet);
  if (!nack) return;
  size_t visited = 0;
  nack->ForEachLost([&](SeqNo) { ++visited; });
  Require(visited == nack->lost_count() && visited <= 17 * GenericNack::kMaxEntries);
}

bool CheckApplicationData(ByteView packet) {
  const auto parsed = ApplicationData::Parse(packet);
  if (!parsed) return false;
  std::vector<uint8_t> buffer(packet.size() + 4);
  ByteWriter out(buffer);
  parsed->WriteTo(out);
  const auto again = ApplicationData::Parse(out.written());
  Require(again && again->name == parsed->name && again->subtype == parsed->subtype);
  Require(std::ranges::equal(again->data, parsed->data));
  return true;
}

void CheckFeedback(ByteView packet) {
  const auto feedback = TransportFeedback::Parse(packet);
  if (!feedback) return;
  size_t received = 0;
  feedback->ForEachReceived([&](const TransportFeedback::Arrival& arrival) {
    const auto offset = static_cast<uint16_t>(arrival.sequence.DistanceFrom(feedback->base()));
    Require(offset < feedback->status_count());
    ++received;
  });
  // Each delta takes a byte at least.
  Require(received == feedback->received_count() && received < packet.size());
}

bool CheckMember(const RtcpPacket& packet) {
  const ByteView bytes = packet.bytes();
  switch (packet.kind()) {
    case RtcpKind::kSenderReport:
      return RoundTrip<SenderReport>(bytes);
    case RtcpKind::kReceiverReport:
      return RoundTrip<ReceiverReport>(bytes);
    case RtcpKind::kSourceDescription:
      return RoundTrip<SourceDescription>(bytes);
    case RtcpKind::kBye:
      return RoundTrip<Bye>(bytes);
    case RtcpKind::kExtendedReport:
      return RoundTrip<ExtendedReport>(bytes);
    case RtcpKind::kNack:
      CheckNack(bytes);
      return RoundTrip<GenericNack>(bytes);
    case RtcpKind::kTransportFeedback:
      CheckFeedback(bytes);
      return RoundTrip<TransportFeedback>(bytes);
    case RtcpKind::kPli:
      return RoundTrip<PictureLossIndication>(bytes);
    case RtcpKind::kFir:
      return RoundTrip<FullIntraRequest>(bytes);
    case RtcpKind::kTmmbr:
      return RoundTrip<BoundRequest>(bytes);
    case RtcpKind::kTmmbn:
      return RoundTrip<BoundNotification>(bytes);
    case RtcpKind::kRemb:
      return RoundTrip<Remb>(bytes);
    case RtcpKind::kApplicationData:
      return CheckApplicationData(bytes);
    case RtcpKind::kOther:
      return true;
  }
  return false;
}

void WalkDatagram(ByteView datagram) {
  CompoundReader reader(datagram);
  size_t walked = 0;
  while (const auto packet = reader.Next()) {
    walked += packet->bytes().size();
    Require(packet->body().size() + kRtcpHeaderSize <= packet->bytes().size());
    if (!CheckMember(*packet)) reader.RejectMember();
  }
  Require(reader.malformed() || walked == datagram.size());
}

// What was last recorded for a number; feedback must tell that time, to half a tick.
using Truth = std::map<uint16_t, std::vector<Timestamp>>;

void CheckReports(FeedbackRecorder& recorder, Timestamp now, size_t room, const Truth& truth) {
  std::vector<uint8_t> bytes(room);
  for (int i = 0;; ++i) {
    // However little room there is, each packet makes progress.
    Require(i <= static_cast<int>(FeedbackRecorder::kMaxArrivals));
    ByteWriter out(bytes);
    if (!recorder.WriteFeedback(now, Ssrc(1), Ssrc(2), out)) return;
    Require(out.ok());
    const auto feedback = TransportFeedback::Parse(out.written());
    Require(feedback.has_value() && feedback->received_count() > 0);
    feedback->ForEachReceived([&](const TransportFeedback::Arrival& arrival) {
      const auto found = truth.find(arrival.sequence.value());
      Require(found != truth.end());
      bool told_truly = false;
      for (Timestamp time : found->second) {
        const int64_t error = (arrival.time - time.time_since_epoch()).count();
        told_truly |= error >= -125 && error <= 125;
      }
      Require(told_truly);
    });
  }
}

// Five bytes for each arrival: a step in number, a step in time, and what to do afterwards.
void RecordHistory(ByteView input) {
  FeedbackRecorder recorder;
  Truth truth;
  Timestamp now = Timestamp() + std::chrono::hours(1);
  uint16_t sequence = 0;
  for (ByteReader in(input); in.remaining() >= 5;) {
    sequence = static_cast<uint16_t>(sequence + static_cast<int8_t>(in.U8()) * (1 + in.U8()));
    now += std::chrono::microseconds(10 * in.U16());
    recorder.Record(sequence, now);
    truth[sequence].push_back(now);
    const uint8_t then = in.U8();
    if (then % 8 == 0) now += std::chrono::milliseconds(40 * then);
    if (then % 4 == 0) CheckReports(recorder, now, 4 * size_t{then}, truth);
  }
  CheckReports(recorder, now, 1200, truth);
  Require(!recorder.NextTimeout());
}

}  // namespace
}  // namespace sluice::rtp

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sluice;
  if (size == 0) return 0;
  // A copy of its own, so that a read beyond the end is seen.
  const std::vector<uint8_t> material(data + 1, data + size);
  if (data[0] % 2 == 0) {
    rtp::WalkDatagram(material);
  } else {
    rtp::RecordHistory(material);
  }
  return 0;
}
