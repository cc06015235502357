// Generic NACK (RFC 4585 §6.2.1): please send these packets again.

#ifndef SLUICE_RTP_RTCP_NACK_H_
#define SLUICE_RTP_RTCP_NACK_H_

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/seq_no.h"
#include "rtp/rtcp/bounded_list.h"
#include "rtp/rtcp/rtcp_packet.h"

namespace sluice::rtp {

struct GenericNack {
  // At most 17 numbers each. A receiver that misses more than 2,176 packets needs a key frame, and
  // who asks for more at once wants to keep us busy: what is over is counted, not read.
  static constexpr size_t kMaxEntries = 128;

  struct Entry {
    SeqNo first{};
    uint16_t following = 0;  // bit i: first + i + 1 is lost as well

    bool operator==(const Entry&) const = default;
  };

  FeedbackSources sources{};
  BoundedList<Entry, kMaxEntries> entries{};
  size_t ignored_entries = 0;

  // Compares what is asked for; how much was ignored says nothing about that.
  bool operator==(const GenericNack& other) const {
    return sources == other.sources && entries == other.entries;
  }

  static std::optional<GenericNack> Parse(ByteView packet);
  void WriteTo(ByteWriter& out) const;

  // Adds a number behind the ones before it; false, and nothing added, if there is no more room.
  bool Add(SeqNo lost);

  // Calls `visit(SeqNo)` for every number, in the order of the entries.
  template <typename Visit>
  void ForEachLost(Visit visit) const {
    for (const Entry& entry : entries) {
      visit(entry.first);
      int step = 1;
      for (unsigned mask = entry.following; mask != 0; mask >>= 1, ++step) {
        if (mask & 1) visit(entry.first + step);
      }
    }
  }

  size_t lost_count() const;
};

}  // namespace sluice::rtp

#endif  // SLUICE_RTP_RTCP_NACK_H_
