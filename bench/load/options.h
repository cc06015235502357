// What the command line of `load` says.

#ifndef SLUICE_BENCH_LOAD_OPTIONS_H_
#define SLUICE_BENCH_LOAD_OPTIONS_H_

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "dtls/srtp_keys.h"

namespace sluice::load {

enum class Profile : uint8_t { kBroadcast, kMeeting, kAudio, kMixed, kJoin, kIdle, kRate };

// What pictures are sent: recorded from a browser, or made up by the load.
enum class Pictures : uint8_t { kVp8, kVp9, kH264, kAv1, kMadeUp };

// As on the command line: "broadcast".
std::string_view ProfileName(Profile profile);
// As on the command line: "vp8".
std::string_view PicturesName(Pictures pictures);
// As on the command line: "gcm128".
std::string_view CipherName(dtls::SrtpProfile cipher);

struct Options {
  Profile profile = Profile::kBroadcast;
  uint32_t receivers = 200;
  dtls::SrtpProfile cipher = dtls::SrtpProfile::kAeadAes128Gcm;
  double seconds = 10;
  uint32_t rounds = 3;
  std::vector<std::string> peers = {"sluice"};
  std::string json;
  uint32_t rooms = 1;
  // Processes of each server in every second turn, each with as many rooms; 1 in the others.
  uint32_t workers = 1;
  uint32_t members = 12;
  // The offered traffic, as a multiple of real time.
  double rate = 1;
  bool twcc = true;
  // Receivers that decrypt and compare what they get, and measure its delay.
  uint32_t sampled = 64;
  // Of profile join: who watches all the time, how often the others come and go, and how many of
  // them come in a second.
  uint32_t steady = 50;
  uint32_t cycles = 10;
  double joins_per_s = 200;
  uint32_t server_cpu = 0;
  uint32_t own_cpu = 1;
  uint32_t seed = 1;
  Pictures pictures = Pictures::kVp8;
  // Packets of a train that `limit` is to have on average: a number of at least 1, as many as
  // sluice just had, or as they come.
  enum class Trains : uint8_t { kSame, kFree, kGiven };
  Trains limit_trains = Trains::kSame;
  double limit_train = 0;  // if given
  // Programs and folders; empty for those beside this program.
  std::string worker;
  std::vector<std::string> worker_arguments;
  std::string adapters;
  std::string traces;
  // Exit with an error unless all that was sent has arrived.
  bool check = false;
  bool help = false;
};

struct WrongOption {
  std::string sentence;  // names the option and what it wants
};

std::variant<Options, WrongOption> ParseOptions(std::span<const char* const> arguments);
std::string_view HelpText();

}  // namespace sluice::load

#endif  // SLUICE_BENCH_LOAD_OPTIONS_H_
