// JSON that this program writes: objects keep the order in which they were filled.

#ifndef SLUICE_BENCH_LOAD_JSON_H_
#define SLUICE_BENCH_LOAD_JSON_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace sluice::load {

class Json {
 public:
  // null
  Json() = default;
  Json(bool value) : value_(value) {}                           // NOLINT: literals read better
  Json(double value) : value_(value) {}                         // NOLINT
  Json(uint64_t value) : value_(static_cast<double>(value)) {}  // NOLINT
  Json(std::string value) : value_(std::move(value)) {}         // NOLINT
  Json(std::string_view value) : value_(std::string(value)) {}  // NOLINT
  Json(const char* value) : value_(std::string(value)) {}       // NOLINT

  static Json Array() { return Json(Items{}); }
  static Json Object() { return Json(Members{}); }

  // Of an object, which has no such member yet.
  Json& Set(std::string key, Json value);
  // Of an array.
  Json& Add(Json value);

  // The number at `path`, member names with dots between them; nothing if there is none.
  std::optional<double> Number(std::string_view path) const;
  // The text of a member; empty if there is none.
  std::string_view Text(std::string_view key) const;
  const std::vector<Json>* items() const { return std::get_if<Items>(&value_); }

  // On one line. What is no finite number becomes null.
  std::string ToText() const;

 private:
  using Items = std::vector<Json>;
  using Members = std::vector<std::pair<std::string, Json>>;
  explicit Json(Items items) : value_(std::move(items)) {}
  explicit Json(Members members) : value_(std::move(members)) {}

  const Json* Find(std::string_view key) const;
  void AppendTo(std::string& out) const;

  std::variant<std::monostate, bool, double, std::string, Items, Members> value_;
};

}  // namespace sluice::load

#endif  // SLUICE_BENCH_LOAD_JSON_H_
