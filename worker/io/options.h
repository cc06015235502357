// The command line of sluice-worker. Reads words, opens nothing.

#ifndef SLUICE_WORKER_IO_OPTIONS_H_
#define SLUICE_WORKER_IO_OPTIONS_H_

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "worker/io/log.h"

namespace sluice::worker {

struct Options {
  bool help = false;
  bool version = false;
  LogLevel log_level = LogLevel::kError;
  // What is told of single objects, by name and each once; see LogTagNames().
  std::vector<uint8_t> log_tags;
  // PEM files; both or neither. Without them the worker makes a certificate of its own.
  std::string dtls_certificate;
  std::string dtls_private_key;
  // Where media sockets go whose request names neither a port nor a range.
  uint16_t rtc_min_port = 10'000;
  uint16_t rtc_max_port = 59'999;
  // Estimates of paths bound what is sent to them. Otherwise they are only told.
  bool adapts_to_bandwidth = true;
  // SRTP is sealed by the bulk cipher library where there is one. Otherwise always by OpenSSL.
  bool uses_bulk_cipher = true;
  // Datagrams of one destination and size leave together where the kernel can (UDP_SEGMENT).
  bool forms_trains = true;
  // How long media may be held back at most so that trains form, as load grows; zero: never. Up to
  // kMaxHold.
  static constexpr uint32_t kMaxHoldUs = 20'000;
  uint32_t max_hold_us = 2'000;
  // Connections of ICE-TCP at one time; zero takes none.
  static constexpr uint32_t kMaxTcpConnections = 20'000;
  uint32_t max_tcp_connections = kMaxTcpConnections;
  // Binding requests of anybody are answered on the media ports, not only checks.
  bool answers_stun = false;
  // An existing directory into which is written what the estimators of paths are told; empty: none.
  std::string bwe_trace;
  // The control channel: two inherited descriptors, or the path of a Unix socket to listen on.
  int control_read_fd = 3;
  int control_write_fd = 4;
  std::string control_socket;
};

// One sentence for the person who typed it.
struct WrongOption {
  std::string sentence;
};

// `arguments` without the program's name. Values may follow as the next word or after '='. The last
// of several counts.
std::variant<Options, WrongOption> ParseOptions(std::span<const char* const> arguments);

// The tags of the log, in the order of their numbers in the control API.
std::span<const std::string_view> LogTagNames();

// What --help prints.
std::string_view HelpText();

}  // namespace sluice::worker

#endif  // SLUICE_WORKER_IO_OPTIONS_H_
