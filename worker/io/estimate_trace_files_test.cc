#include "worker/io/estimate_trace_files.h"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace sluice::worker {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class EstimateTraceFilesTest : public testing::Test {
 protected:
  EstimateTraceFilesTest() {
    std::string name = (fs::temp_directory_path() / "sluice_XXXXXX").string();
    directory_ = mkdtemp(name.data());
  }
  ~EstimateTraceFilesTest() override { fs::remove_all(directory_); }

  std::string Read(const std::string& name) {
    std::ifstream file(directory_ / name);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
  }
  size_t CountFiles() {
    size_t count = 0;
    for ([[maybe_unused]] const auto& entry : fs::directory_iterator(directory_)) ++count;
    return count;
  }

  fs::path directory_;
};

TEST_F(EstimateTraceFilesTest, EachTransportHasAFileOfItsLines) {
  {
    auto files = EstimateTraceFiles::Open(directory_.string());
    ASSERT_TRUE(files.ok());
    (*files)->Append("one", "options 1 2 3\n");
    (*files)->Append("two", "options 4 5 6\n");
    (*files)->Append("one", "timeout 7\n");
  }
  EXPECT_EQ(Read("0-one.bwe"), "options 1 2 3\ntimeout 7\n");
  EXPECT_EQ(Read("1-two.bwe"), "options 4 5 6\n");
}

TEST_F(EstimateTraceFilesTest, NamesStayInTheDirectory) {
  {
    auto files = EstimateTraceFiles::Open(directory_.string());
    ASSERT_TRUE(files.ok());
    (*files)->Append("../../etc/x\ny", "timeout 1\n");
    (*files)->Append(std::string(5000, 'a'), "timeout 2\n");
  }
  EXPECT_EQ(Read("0-______etc_x_y.bwe"), "timeout 1\n");
  EXPECT_EQ(Read("1-" + std::string(64, 'a') + ".bwe"), "timeout 2\n");
}

TEST_F(EstimateTraceFilesTest, FilesAreBoundedInNumberAndSize) {
  {
    auto files = EstimateTraceFiles::Open(directory_.string());
    ASSERT_TRUE(files.ok());
    const std::string lines(EstimateTraceFiles::kMaxBytes / 4, 'x');
    for (int i = 0; i < 6; ++i) (*files)->Append("long", lines);
    for (size_t i = 0; i < EstimateTraceFiles::kMaxFiles + 10; ++i) {
      (*files)->Append(std::to_string(i), "timeout 1\n");
    }
  }
  EXPECT_EQ(fs::file_size(directory_ / "0-long.bwe"), EstimateTraceFiles::kMaxBytes);
  EXPECT_EQ(CountFiles(), EstimateTraceFiles::kMaxFiles);
}

TEST_F(EstimateTraceFilesTest, NothingFollowsWhatDidNotFit) {
  {
    auto files = EstimateTraceFiles::Open(directory_.string());
    ASSERT_TRUE(files.ok());
    (*files)->Append("one", "timeout 1\n");
    (*files)->Append("one", std::string(EstimateTraceFiles::kMaxBytes, 'x'));
    (*files)->Append("one", "timeout 2\n");
  }
  EXPECT_EQ(Read("0-one.bwe"), "timeout 1\n");
}

TEST_F(EstimateTraceFilesTest, WhatIsNoDirectoryIsRefused) {
  std::ofstream(directory_ / "file") << "text";
  for (const std::string& name : {(directory_ / "file").string(), (directory_ / "none").string()}) {
    const auto files = EstimateTraceFiles::Open(name);
    ASSERT_FALSE(files.ok());
    EXPECT_THAT(std::string(files.status().message()), HasSubstr(name));
  }
}

}  // namespace
}  // namespace sluice::worker
