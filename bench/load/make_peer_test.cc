#include "bench/load/make_peer.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace sluice::load {
namespace {

using testing::ElementsAre;

TEST(CoresOfWorkersTest, ClientsHaveTheirCoreForThemselvesAsLongAsThereAreOthers) {
  EXPECT_THAT(CoresOfWorkers(Options(), 4, 3), ElementsAre(0, 2, 3));
}

TEST(CoresOfWorkersTest, ClientsShareWhereThereIsNoOther) {
  EXPECT_THAT(CoresOfWorkers(Options(), 2, 2), ElementsAre(0, 1));
}

TEST(CoresOfWorkersTest, MoreWorkersThanCoresBeginAgain) {
  EXPECT_THAT(CoresOfWorkers(Options(), 2, 5), ElementsAre(0, 1, 0, 1, 0));
}

TEST(CoresOfWorkersTest, ServerOnTheCoreOfTheClientsStaysThere) {
  Options options;
  options.server_cpu = 1;
  EXPECT_THAT(CoresOfWorkers(options, 2, 3), ElementsAre(1, 0, 1));
}

}  // namespace
}  // namespace sluice::load
