#include "bench/load/json.h"

#include <cmath>
#include <cstdio>

#include "base/check.h"

namespace sluice::load {
namespace {

void AppendText(std::string_view text, std::string& out) {
  out += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      char escape[8];
      std::snprintf(escape, sizeof(escape), "\\u%04x", static_cast<unsigned>(c));
      out += escape;
    } else {
      out += c;
    }
  }
  out += '"';
}

void AppendNumber(double number, std::string& out) {
  // Whole numbers up to here are exact.
  constexpr double kExact = 9e15;
  char text[40];
  if (!std::isfinite(number)) {
    out += "null";
    return;
  }
  const bool whole = number == std::floor(number) && std::fabs(number) < kExact;
  std::snprintf(text, sizeof(text), whole ? "%.0f" : "%.6g", number);
  out += text;
}

}  // namespace

Json& Json::Set(std::string key, Json value) {
  auto* members = std::get_if<Members>(&value_);
  SLUICE_CHECK(members != nullptr && Find(key) == nullptr);
  members->emplace_back(std::move(key), std::move(value));
  return *this;
}

Json& Json::Add(Json value) {
  auto* items = std::get_if<Items>(&value_);
  SLUICE_CHECK(items != nullptr);
  items->push_back(std::move(value));
  return *this;
}

const Json* Json::Find(std::string_view key) const {
  const auto* members = std::get_if<Members>(&value_);
  if (members == nullptr) return nullptr;
  for (const auto& [name, value] : *members) {
    if (name == key) return &value;
  }
  return nullptr;
}

std::optional<double> Json::Number(std::string_view path) const {
  const size_t dot = path.find('.');
  const Json* member = Find(path.substr(0, dot));
  if (member == nullptr) return std::nullopt;
  if (dot != std::string_view::npos) return member->Number(path.substr(dot + 1));
  const double* number = std::get_if<double>(&member->value_);
  return number == nullptr ? std::nullopt : std::optional<double>(*number);
}

std::string_view Json::Text(std::string_view key) const {
  const Json* member = Find(key);
  const auto* text = member == nullptr ? nullptr : std::get_if<std::string>(&member->value_);
  return text == nullptr ? std::string_view() : std::string_view(*text);
}

std::string Json::ToText() const {
  std::string out;
  AppendTo(out);
  return out;
}

void Json::AppendTo(std::string& out) const {
  if (const bool* truth = std::get_if<bool>(&value_)) {
    out += *truth ? "true" : "false";
  } else if (const double* number = std::get_if<double>(&value_)) {
    AppendNumber(*number, out);
  } else if (const auto* text = std::get_if<std::string>(&value_)) {
    AppendText(*text, out);
  } else if (const auto* items = std::get_if<Items>(&value_)) {
    out += '[';
    for (size_t i = 0; i < items->size(); ++i) {
      out += i == 0 ? "" : ", ";
      (*items)[i].AppendTo(out);
    }
    out += ']';
  } else if (const auto* members = std::get_if<Members>(&value_)) {
    out += '{';
    for (size_t i = 0; i < members->size(); ++i) {
      out += i == 0 ? "" : ", ";
      AppendText((*members)[i].first, out);
      out += ": ";
      (*members)[i].second.AppendTo(out);
    }
    out += '}';
  } else {
    out += "null";
  }
}

}  // namespace sluice::load
