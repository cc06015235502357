// What Chromium 156 (Debian 12) really wrote into the dependency descriptors of AV1, one value per
// frame in the order they were sent, the first packet of each. Its canvas was 1280 x 720, or 640 x
// 360 for L1T3; the connection was to itself, so that bandwidth began low.

#ifndef SLUICE_TESTS_VECTORS_CHROMIUM_DEPENDENCY_H_
#define SLUICE_TESTS_VECTORS_CHROMIUM_DEPENDENCY_H_

#include <string_view>

namespace sluice::vectors {

// L3T3_KEY from the key frame on. The largest size is not sent for want of bandwidth: the structure
// says nine decode targets and the mask six, and frames count what is left out.
inline constexpr std::string_view kChromiumL3T3Key[] = {
    "c00001c0081485214eaaaaa8000600004000100002aa80a8000600004000100002a000a8000600004000"
    "16d549241b5524906d54923157e001974ca864330e222396eca8655304224390eca87753013f00b3027f"
    "016704ff02cf1f80",
    "c50002",
    "c300031a20100800",
    "c800041a20181000",
    "c200051a60201800",
    "c700061a60282000",
    "c300071a20302800",
    "c800081a20383000",
    "c100091ae0403800",
    "c6000a1ae0084000",
    "c3000b1a20100800",
    "c8000c1a20181000",
};

// L3T3, the key frame and the pictures after it, and, after a gap, the one at which the largest
// size begins without a key frame.
inline constexpr std::string_view kChromiumL3T3[] = {
    "c10001c0081485214eafffaaaa863cf0430c10c302afc0aaa0063c00430010c002a000a8000600004000"
    "1d954926e082b04a0941b820ac1282503157f974000ca864330e222222eca8655304224230eca8775301"
    "3f00b3027f016704ff02cf1f80",
    "c60002",
    "c300031a20100800",
    "c800041a2800604000",
    "c200051a60201800",
    "c700061a6800a08000",
    "c300071a20302800",
    "c800081a2800e0c000",
    "c000091ae0403800",
    "c5000a12e800",
    "c3003f1a20302800",
    "c800401a2800e0c000",
    "c000415ffd70201c1c",
    "c5004212e800",
    "cb0043",
    "c30044",
    "c80045",
    "8d0046",
    "c20047",
    "c70048",
    "cc0049",
};

// L1T3.
inline constexpr std::string_view kChromiumL1T3[] = {
    "c00001800214eaa860414d1410208427027f0167",
    "c30002",
    "c20003",
    "c40004",
};

}  // namespace sluice::vectors

#endif  // SLUICE_TESTS_VECTORS_CHROMIUM_DEPENDENCY_H_
