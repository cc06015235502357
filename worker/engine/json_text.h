// JSON as text, for people and for what is told in the words of other SDKs: written field by field,
// never read.

#ifndef SLUICE_WORKER_ENGINE_JSON_TEXT_H_
#define SLUICE_WORKER_ENGINE_JSON_TEXT_H_

#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/drop_reason.h"

namespace sluice::worker {

// Writes one JSON object, field by field.
class Json {
 public:
  void Text(std::string_view name, std::string_view value) {
    Name(name);
    Quote(value);
  }
  void Number(std::string_view name, uint64_t value) {
    Name(name);
    absl::StrAppend(&out_, value);
  }
  void Signed(std::string_view name, int64_t value) {
    Name(name);
    absl::StrAppend(&out_, value);
  }
  void Truth(std::string_view name, bool value) {
    Name(name);
    out_ += value ? "true" : "false";
  }
  void Texts(std::string_view name, const std::vector<std::string>& values) {
    List(name, values, [this](const std::string& value) { Quote(value); });
  }
  template <typename Integer>
  void Numbers(std::string_view name, const std::vector<Integer>& values) {
    List(name, values, [this](Integer value) { absl::StrAppend(&out_, value); });
  }
  void Objects(std::string_view name, const std::vector<Json>& values) {
    List(name, values, [this](const Json& value) { out_ += value.Done(); });
  }
  void Object(std::string_view name, const Json& value) {
    Name(name);
    out_ += value.Done();
  }
  void Drops(const DropCounters& drops) {
    Name("drops");
    Json list;
    for (size_t i = 0; i < kDropReasonCount; ++i) {
      const auto reason = static_cast<DropReason>(i);
      if (drops[reason] != 0) list.Number(DropReasonName(reason), drops[reason]);
    }
    out_ += list.Done();
  }
  std::string Done() const { return "{" + out_ + "}"; }

 private:
  template <typename Values, typename Write>
  void List(std::string_view name, const Values& values, Write write) {
    Name(name);
    out_ += '[';
    for (size_t i = 0; i < values.size(); ++i) {
      if (i != 0) out_ += ',';
      write(values[i]);
    }
    out_ += ']';
  }
  void Name(std::string_view name) {
    if (!out_.empty()) out_ += ',';
    Quote(name);
    out_ += ':';
  }
  // Ids and names come from the application, so anything may stand in them.
  void Quote(std::string_view text) {
    out_ += '"';
    for (const char c : text) {
      const auto byte = static_cast<unsigned char>(c);
      if (c == '"' || c == '\\') {
        out_ += '\\';
        out_ += c;
      } else if (byte < 0x20) {
        char escaped[8];
        std::snprintf(escaped, sizeof(escaped), "\\u%04x", byte);
        out_ += escaped;
      } else {
        out_ += c;
      }
    }
    out_ += '"';
  }

  std::string out_;
};

}  // namespace sluice::worker

#endif  // SLUICE_WORKER_ENGINE_JSON_TEXT_H_
