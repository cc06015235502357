#include "worker/engine/departures.h"

namespace sluice::worker {

std::span<const rtp::TrainOrder::Place> Departures::Arrange() {
  datagrams_ += due_.size();
  ++visits_;
  for (size_t i = 0; i < due_.size(); ++i) {
    const rtp::PacerItem& item = due_[i];
    // A repetition has numbers of its own.
    const uint32_t stream = item.owner << 1 | (item.retransmission ? 1u : 0u);
    const size_t size = item.rewrite.padding_only ? 0 : item.packet.size();
    sizes_[i] = {stream, static_cast<uint16_t>(size)};
  }
  return order_.Arrange(std::span(sizes_).first(due_.size()));
}

void Departures::Commit(TransmitBatch& batch, const Path& path, const dtls::SealJob& job,
                        rtp::RtpPacket packet) {
  entries_[count_] = static_cast<uint32_t>(batch.entries().size());
  packets_[count_] = std::move(packet);
  ++count_;
  batch.Commit(path, job.clear.out.size());
  queue_.Push(job);
}

size_t Departures::Seal(TransmitBatch& batch) {
  size_t refused = 0;
  const std::span<const dtls::SealJob> jobs = queue_.Run();
  for (size_t i = 0; i < count_; ++i) {
    packets_[i] = rtp::RtpPacket();
    if (jobs[i].sealed) continue;
    batch.TakeBack(entries_[i]);
    ++refused;
  }
  count_ = 0;
  sealed_arrivals_ = std::exchange(arrival_count_, 0);
  return refused;
}

}  // namespace sluice::worker
