#include "base/drop_reason.h"

namespace sluice {
namespace {

constexpr std::array<std::string_view, kDropReasonCount> kNames = {
    "unknownProtocol",    "truncated",        "unknownRemote",      "poolExhausted",
    "stunMalformed",      "stunUnknownUser",  "stunBadIntegrity",   "stunUnexpected",
    "iceTooManyPaths",    "dtlsMalformed",    "dtlsUnexpected",     "srtpNoKeys",
    "srtpAuthentication", "srtpReplay",       "srtpMalformed",      "rtpMalformed",
    "rtcpMalformed",      "rtpUnknownStream", "rtpUnknownPayload",  "rtpDuplicate",
    "rtpTooOld",          "rtxMalformed",     "rtxUnwanted",        "rtpPadding",
    "producerPaused",     "consumerPaused",   "awaitingKeyframe",   "otherLayer",
    "noConsumer",         "notConnected",     "unsupportedPayload", "tooLate",
    "queueFull",          "queueAge",         "socketFull",         "socketError",
    "tooLarge",           "rtxUnavailable",   "rtxRepeated",        "tooManyStreams",
    "rtcpUnknownStream",  "transportClosed",  "notLoudest",         "rtxOverBudget",
    "sctpMalformed",      "sctpUnexpected",
};

}  // namespace

std::string_view DropReasonName(DropReason reason) { return kNames[static_cast<size_t>(reason)]; }

}  // namespace sluice
