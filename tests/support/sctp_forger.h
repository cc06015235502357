// Packets of SCTP that no honest sender sends, with the tag and the checksum that make them count.
//
// The forger listens to one side of an association and then speaks in its name.

#ifndef SLUICE_TESTS_SUPPORT_SCTP_FORGER_H_
#define SLUICE_TESTS_SUPPORT_SCTP_FORGER_H_

#include <cstdint>
#include <vector>

#include "base/bytes.h"

namespace sluice::test {

class SctpForger {
 public:
  // RFC 9260 §3.3.1.
  static constexpr uint8_t kMiddle = 0;
  static constexpr uint8_t kLast = 1;
  static constexpr uint8_t kFirst = 2;
  static constexpr uint8_t kWhole = 3;
  static constexpr uint8_t kUnordered = 4;

  struct DataOptions {
    uint8_t flags = kWhole;
    uint16_t stream = 0;
    uint16_t sequence = 0;
    uint32_t ppid = 53;
    std::vector<uint8_t> payload;
  };

  // A packet of the side in whose name it speaks.
  void Learn(ByteView packet);

  // `chunks` behind a header, sealed.
  std::vector<uint8_t> Packet(std::vector<uint8_t> chunks) const;
  // RFC 9260 §3.3.2, with a tag of its own each time.
  std::vector<uint8_t> Init(uint16_t outgoing_streams, uint16_t incoming_streams);
  // The next number each time.
  std::vector<uint8_t> Data(const DataOptions& options);
  // RFC 6525 §4.1, of all streams, with the next number each time.
  std::vector<uint8_t> ResetAll();
  // As if a packet in between had been lost.
  void SkipNumber() { ++next_tsn_; }

  // Writes the checksum (RFC 9260 §6.8).
  static void Seal(std::vector<uint8_t>& packet);

 private:
  uint32_t tag_ = 0;  // of the victim
  uint32_t next_tsn_ = 1;
  uint32_t next_reset_ = 1;
  uint32_t next_init_tag_ = 1;
};

}  // namespace sluice::test

#endif  // SLUICE_TESTS_SUPPORT_SCTP_FORGER_H_
