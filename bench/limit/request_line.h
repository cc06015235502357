// A line of the language between bench/load and its adapters: a word and key=value pairs, separated
// by single spaces, values percent-encoded.

#ifndef SLUICE_BENCH_LIMIT_REQUEST_LINE_H_
#define SLUICE_BENCH_LIMIT_REQUEST_LINE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::bench {

class RequestLine {
 public:
  explicit RequestLine(std::string_view word) : word_(word) {}
  // Nothing if a pair has no '=' or an escape makes no sense.
  static std::optional<RequestLine> Parse(std::string_view text);

  RequestLine& Set(std::string_view key, std::string_view value);
  RequestLine& Set(std::string_view key, uint64_t value);

  const std::string& word() const { return word_; }
  // Empty if there is no such key.
  std::string_view Get(std::string_view key) const;
  // The parts of a list; of nothing, nothing.
  std::vector<std::string_view> List(std::string_view key) const;
  // Nothing if there is no such key or its value is no number up to `most`.
  std::optional<uint64_t> Number(std::string_view key, uint64_t most) const;

  // Without the newline.
  std::string ToText() const;

 private:
  std::string word_;
  std::vector<std::pair<std::string, std::string>> pairs_;
};

std::vector<std::string_view> SplitAt(std::string_view text, char separator);
std::optional<uint64_t> ReadUnsigned(std::string_view text, uint64_t most);

}  // namespace sluice::bench

#endif  // SLUICE_BENCH_LIMIT_REQUEST_LINE_H_
