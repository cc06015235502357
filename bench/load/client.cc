#include "bench/load/client.h"

#include <array>

#include "worker/engine/demux.h"

namespace sluice::load {
namespace {

constexpr size_t kLargestDatagram = 1'500;
// Compounds that leave in one tick. What is still due leaves in the next.
constexpr int kMaxCompounds = 8;

}  // namespace

bool Client::Read(TrainReader& reader, const LoadClock& clock, ReceptionTotals& totals) {
  const std::span<const Train> trains = reader.Read(link_.fd());
  for (const Train& train : trains) {
    const Timestamp at = train.stamp_ns != 0 ? clock.At(train.stamp_ns) : clock.Now();
    uint64_t media = 0;
    train.ForEach([&](ByteSpan datagram) { media += Take(datagram, train.stamp_ns, at) ? 1 : 0; });
    if (media == 0) continue;
    ++totals.trains;
    totals.train_packets += media;
  }
  return trains.size() == TrainReader::kTrains;
}

bool Client::Take(ByteSpan datagram, int64_t stamp_ns, Timestamp at) {
  switch (worker::Classify(datagram)) {
    case worker::Wire::kRtp:
      return reception_ && link_.connected() &&
             reception_->ReceiveRtp(datagram, stamp_ns, at, link_.srtp());
    case worker::Wire::kRtcp:
      if (!link_.connected()) return false;
      if (sending_) {
        sending_->ReceiveRtcp(datagram);
      } else if (reception_) {
        reception_->ReceiveRtcp(datagram, at, link_.srtp());
      }
      return false;
    case worker::Wire::kStun:
    case worker::Wire::kDtls:
      link_.Receive(at, datagram);
      return false;
    case worker::Wire::kSctp:
    case worker::Wire::kUnknown:
      return false;
  }
  return false;
}

void Client::Tick(Timestamp now) {
  link_.HandleTimeout(now);
  if (!link_.connected()) return;
  std::array<uint8_t, kLargestDatagram> room;
  for (int i = 0; i < kMaxCompounds; ++i) {
    size_t size = reception_ ? reception_->WriteRtcp(now, room) : 0;
    if (size == 0 && sending_) size = sending_->WriteRtcp(now, room);
    if (size == 0) return;
    link_.SendRtcp(room, size);
  }
}

}  // namespace sluice::load
