#include "worker/io/send_batch.h"

#include "base/check.h"

namespace sluice::worker {

SendBatch::SendBatch() {
  for (size_t i = 0; i < headers_.size(); ++i) {
    headers_[i].msg_hdr.msg_name = &addresses_[i];
    headers_[i].msg_hdr.msg_iov = &pieces_[i];
    headers_[i].msg_hdr.msg_iovlen = 1;
  }
}

SendOutcome SendBatch::Send(int fd, sa_family_t family, const TransmitBatch& batch,
                            std::span<const TransmitBatch::Entry> entries) {
  SLUICE_CHECK(entries.size() <= headers_.size());
  SendOutcome outcome;
  size_t count = 0;
  for (const TransmitBatch::Entry& entry : entries) {
    const socklen_t size = WriteSocketAddress(entry.path.remote, family, addresses_[count]);
    if (size == 0) {
      ++outcome.failed;
      continue;
    }
    headers_[count].msg_hdr.msg_namelen = size;
    const ByteView bytes = batch.bytes(entry);
    // sendmsg(2) only reads what iov_base points to, but has one type for both directions.
    pieces_[count] = {const_cast<uint8_t*>(bytes.data()), bytes.size()};
    ++count;
  }
  outcome += SendAll(std::span(headers_).first(count), [fd](mmsghdr* messages, unsigned number) {
    return sendmmsg(fd, messages, number, MSG_DONTWAIT | MSG_NOSIGNAL);
  });
  return outcome;
}

}  // namespace sluice::worker
