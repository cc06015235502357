// The experiments that the estimator is held to: RFC 8867 §5.1 to §5.8 with its constants, the
// conditions libwebrtc sets its own estimator, and what an SFU with layers meets.

#ifndef SLUICE_TESTS_SUPPORT_BWE_CATALOGUE_H_
#define SLUICE_TESTS_SUPPORT_BWE_CATALOGUE_H_

#include <string_view>
#include <vector>

#include "tests/support/bwe_scenario.h"

namespace sluice::test {

// In the order of the RFC.
std::vector<BweScenario> Rfc8867Scenarios();
// What libwebrtc's estimator is tested with.
std::vector<BweScenario> ConditionScenarios();
// Layers instead of a perfect encoder: less is sent than fits.
std::vector<BweScenario> LayerScenarios();

std::vector<BweScenario> AllBweScenarios();
// Aborts if there is none of the name.
BweScenario BweScenarioNamed(std::string_view name);

}  // namespace sluice::test

#endif  // SLUICE_TESTS_SUPPORT_BWE_CATALOGUE_H_
