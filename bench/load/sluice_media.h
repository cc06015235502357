// Tracks as the control API describes them.

#ifndef SLUICE_BENCH_LOAD_SLUICE_MEDIA_H_
#define SLUICE_BENCH_LOAD_SLUICE_MEDIA_H_

#include <memory>
#include <string>
#include <vector>

#include "bench/load/receive_stream.h"
#include "bench/load/send_track.h"
#include "control-api/request.h"

namespace sluice::load {

schema::MediaKind KindOf(const TrackDescription& track);

// What a client sends. Payload types and extension ids are those of send_track.h, for the router as
// well. Without `twcc` nobody estimates a bandwidth.
std::unique_ptr<schema::RtpParametersT> DescribeSent(const TrackDescription& track, bool twcc);
std::vector<std::unique_ptr<schema::PayloadTypeMappingT>> DescribeMapping(
    const TrackDescription& track);

// The same track as a client is to receive it, in one stream. Clears rtx_ssrc if there is no RTX.
std::unique_ptr<schema::RtpParametersT> DescribeReceived(const TrackDescription& track, bool twcc,
                                                         StreamDescription& stream);

}  // namespace sluice::load

#endif  // SLUICE_BENCH_LOAD_SLUICE_MEDIA_H_
