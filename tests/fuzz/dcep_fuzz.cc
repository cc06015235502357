// Fuzzes DCEP: the parser with the bytes as they are, and a table of data channels with them as a
// script of what a peer and an application may do to it.

#include <cstdint>
#include <optional>
#include <vector>

#include "base/check.h"
#include "sctp/data_channel_table.h"
#include "sctp/dcep.h"
#include "sctp/utf8.h"

namespace sluice {
namespace {

using sctp::DataChannelOpen;
using sctp::DataChannelTable;
using sctp::StreamId;

constexpr uint16_t kStreams = 16;

// What was read reads the same after it has been written.
void CheckRoundTrip(ByteView bytes) {
  const auto message = sctp::ParseDcep(bytes);
  if (!message.ok()) {
    SLUICE_CHECK(!message.status().message().empty());
    return;
  }
  const auto* open = std::get_if<DataChannelOpen>(&*message);
  if (open == nullptr) return;
  SLUICE_CHECK(sctp::IsUtf8(open->label) && sctp::IsUtf8(open->protocol));
  const auto again = sctp::ParseDcep(sctp::WriteDcep(*open));
  SLUICE_CHECK(again.ok() && *again == *message);
}

std::vector<StreamId> Streams(ByteReader& in) {
  std::vector<StreamId> streams(in.U8() % 4);
  for (StreamId& stream : streams) stream = StreamId(in.U8() % (kStreams + 2));
  return streams;
}

// One step of the script.
void Step(DataChannelTable& table, ByteReader& in) {
  const uint8_t choice = in.U8();
  const StreamId stream(in.U8() % (kStreams + 2));
  const bool known = table.Find(stream) != nullptr;
  switch (choice % 8) {
    case 0:
    case 1: {
      const ByteView message = in.Bytes(in.U8());
      const auto outcome = table.Receive(stream, message);
      const bool opened =
          outcome.ok() && std::holds_alternative<DataChannelTable::Opened>(*outcome);
      SLUICE_CHECK(!opened || (table.IsPeers(stream) && table.Find(stream) != nullptr));
      break;
    }
    case 2:
      SLUICE_CHECK(!table.AddNegotiated(stream, {}).ok() || !known);
      break;
    case 3: {
      const auto opened = table.Open({});
      SLUICE_CHECK(!opened.ok() || !table.IsPeers(*opened));
      break;
    }
    case 4:
      table.Close(stream);
      break;
    case 5:
      for (const StreamId gone : table.RecordIncomingReset(Streams(in)).gone) {
        SLUICE_CHECK(table.Find(gone) == nullptr);
      }
      break;
    case 6:
      for (const StreamId gone : table.RecordOutgoingReset(Streams(in))) {
        SLUICE_CHECK(table.Find(gone) == nullptr);
      }
      break;
    case 7:
      table.RecordMessage(stream);
      break;
  }
  SLUICE_CHECK(table.size() <= kStreams);
}

void FuzzTable(ByteView bytes) {
  ByteReader in(bytes);
  DataChannelTable table(in.U8() % 2 == 0 ? sctp::Parity::kEven : sctp::Parity::kOdd, kStreams);
  while (!in.empty()) Step(table, in);
}

}  // namespace
}  // namespace sluice

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  sluice::CheckRoundTrip({data, size});
  sluice::FuzzTable({data, size});
  return 0;
}
