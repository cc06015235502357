// What a recording worker writes down and the converter reads: clear RTP packets of all streams of
// a peer, each with the kernel's receive stamp. It holds media, so it is thrown away once a trace
// has been made of it.

#ifndef SLUICE_BENCH_TRAFFIC_RECORD_RECORDING_H_
#define SLUICE_BENCH_TRAFFIC_RECORD_RECORDING_H_

#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/time.h"

namespace sluice::bench {

struct RecordedPacket {
  Duration since_1970{0};
  std::vector<uint8_t> bytes;
};

class RecordingWriter {
 public:
  explicit RecordingWriter(const std::string& path) : file_(std::fopen(path.c_str(), "wb")) {}
  ~RecordingWriter() {
    if (file_ != nullptr) std::fclose(file_);
  }
  RecordingWriter(const RecordingWriter&) = delete;
  RecordingWriter& operator=(const RecordingWriter&) = delete;

  bool ok() const { return file_ != nullptr; }
  void Write(Duration since_1970, ByteView packet);

 private:
  std::FILE* const file_;
};

// Nothing if the file cannot be read. A last packet that is not whole is left out: the writer may
// have been stopped.
std::optional<std::vector<RecordedPacket>> ReadRecording(const std::string& path);

}  // namespace sluice::bench

#endif  // SLUICE_BENCH_TRAFFIC_RECORD_RECORDING_H_
