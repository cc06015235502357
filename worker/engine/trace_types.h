// Which trace events somebody asked for: a set, asked once per packet.

#ifndef SLUICE_WORKER_ENGINE_TRACE_TYPES_H_
#define SLUICE_WORKER_ENGINE_TRACE_TYPES_H_

#include <cstdint>
#include <initializer_list>

#include "control-api/request.h"

namespace sluice::worker {

class TraceTypes {
 public:
  constexpr TraceTypes() = default;
  constexpr TraceTypes(std::initializer_list<schema::TraceType> types) {
    for (schema::TraceType type : types) Add(type);
  }

  constexpr void Add(schema::TraceType type) { bits_ |= Bit(type); }
  constexpr bool Has(schema::TraceType type) const { return (bits_ & Bit(type)) != 0; }
  constexpr bool empty() const { return bits_ == 0; }

 private:
  static constexpr uint32_t Bit(schema::TraceType type) {
    return uint32_t{1} << static_cast<uint8_t>(type);
  }

  uint32_t bits_ = 0;
};

}  // namespace sluice::worker

#endif  // SLUICE_WORKER_ENGINE_TRACE_TYPES_H_
