#include "sctp/utf8.h"

#include <cstddef>
#include <cstdint>

#include "base/bytes.h"

namespace sluice::sctp {
namespace {

// What a first byte promises: how many bytes follow, and the smallest character that needs so many.
struct Lead {
  size_t following;
  uint32_t smallest;
  uint32_t bits;
};

bool ReadLead(uint8_t byte, Lead& lead) {
  if (byte < 0x80) {
    lead = {0, 0, byte};
  } else if ((byte & 0xe0) == 0xc0) {
    lead = {1, 0x80, byte & 0x1fu};
  } else if ((byte & 0xf0) == 0xe0) {
    lead = {2, 0x800, byte & 0x0fu};
  } else if ((byte & 0xf8) == 0xf0) {
    lead = {3, 0x10000, byte & 0x07u};
  } else {
    return false;
  }
  return true;
}

}  // namespace

bool IsUtf8(std::string_view text) {
  for (ByteReader in(AsBytes(text)); !in.empty();) {
    Lead lead{};
    if (!ReadLead(in.U8(), lead)) return false;
    uint32_t character = lead.bits;
    for (uint8_t byte : in.Bytes(lead.following)) {
      if ((byte & 0xc0) != 0x80) return false;
      character = character << 6 | (byte & 0x3fu);
    }
    const bool surrogate = character >= 0xd800 && character <= 0xdfff;
    if (!in.ok() || character < lead.smallest || character > 0x10ffff || surrogate) return false;
  }
  return true;
}

}  // namespace sluice::sctp
