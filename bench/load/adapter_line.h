// The lines that adapters are spoken to in: a word and key=value pairs with single spaces between
// them, values percent-encoded, lists with commas after decoding.

#ifndef SLUICE_BENCH_LOAD_ADAPTER_LINE_H_
#define SLUICE_BENCH_LOAD_ADAPTER_LINE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::load {

class AdapterLine {
 public:
  explicit AdapterLine(std::string word) : word_(std::move(word)) {}

  // Nothing if a pair has no '=', a key stands twice, or an escape is broken. `text` is without the
  // newline.
  static std::optional<AdapterLine> Parse(std::string_view text);

  AdapterLine& Set(std::string key, std::string value);
  AdapterLine& Set(std::string key, uint64_t value) {
    return Set(std::move(key), std::to_string(value));
  }

  const std::string& word() const { return word_; }
  // Empty if it is not there.
  std::string_view Get(std::string_view key) const;
  // Nothing if it is not there or no number up to `most`.
  std::optional<uint64_t> Number(std::string_view key, uint64_t most) const;
  const std::vector<std::pair<std::string, std::string>>& pairs() const { return pairs_; }

  // Without the newline.
  std::string ToText() const;

 private:
  std::string word_;
  std::vector<std::pair<std::string, std::string>> pairs_;
};

// The parts between the separators; of nothing, nothing.
std::vector<std::string_view> Split(std::string_view text, char separator);
std::optional<uint64_t> ParseUnsigned(std::string_view text, uint64_t most);

}  // namespace sluice::load

#endif  // SLUICE_BENCH_LOAD_ADAPTER_LINE_H_
