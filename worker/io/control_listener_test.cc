#include "worker/io/control_listener.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace sluice::worker {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class ControlListenerTest : public ::testing::Test {
 protected:
  ControlListenerTest() {
    std::string pattern = ::testing::TempDir() + "sluice-XXXXXX";
    folder_ = mkdtemp(pattern.data());
    path_ = folder_ + "/control";
  }
  ~ControlListenerTest() override {
    unlink(path_.c_str());
    rmdir(folder_.c_str());
  }

  ControlListener Listen() {
    absl::StatusOr<ControlListener> listener = ControlListener::Listen(path_);
    EXPECT_TRUE(listener.ok()) << listener.status();
    return *std::move(listener);
  }

  std::string Refused(const std::string& path) {
    const absl::StatusOr<ControlListener> listener = ControlListener::Listen(path);
    EXPECT_FALSE(listener.ok());
    return std::string(listener.status().message());
  }

  Descriptor Connect() {
    Descriptor client(socket(AF_UNIX, SOCK_STREAM, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path_.copy(address.sun_path, path_.size());
    if (connect(client.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
      return Descriptor();
    }
    return client;
  }

  bool Exists() { return access(path_.c_str(), F_OK) == 0; }

  std::string folder_;
  std::string path_;
};

TEST_F(ControlListenerTest, LetsOneClientIn) {
  ControlListener listener = Listen();
  absl::StatusOr<std::optional<ControlPipe>> nobody = listener.Accept();
  ASSERT_TRUE(nobody.ok());
  EXPECT_FALSE(nobody->has_value());

  const Descriptor client = Connect();
  ASSERT_TRUE(client);
  absl::StatusOr<std::optional<ControlPipe>> accepted = listener.Accept();
  ASSERT_TRUE(accepted.ok() && accepted->has_value());
  ControlPipe& pipe = **accepted;
  EXPECT_NE(pipe.read_fd(), pipe.write_fd());

  const char request[] = {2, 0, 0, 0, 'h', 'i'};
  ASSERT_EQ(write(client.get(), request, sizeof(request)), 6);
  const std::optional<ByteView> frame = pipe.NextFrame();
  ASSERT_TRUE(frame);
  EXPECT_EQ(AsText(*frame), "hi");
  pipe.Write(AsBytes("ho"));
  pipe.Flush();
  char answer[16];
  ASSERT_EQ(read(client.get(), answer, sizeof(answer)), 6);
  EXPECT_EQ(std::string(answer + 4, 2), "ho");
}

TEST_F(ControlListenerTest, ThePathIsForTheUserAloneAndGoesWithTheListener) {
  {
    const ControlListener listener = Listen();
    struct stat status {};
    ASSERT_EQ(stat(path_.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777, 0600u);
  }
  EXPECT_FALSE(Exists());
  EXPECT_FALSE(Connect());
}

TEST_F(ControlListenerTest, ASocketThatAProcessLeftBehindIsReplaced) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path_.copy(address.sun_path, path_.size());
  {
    const Descriptor left(socket(AF_UNIX, SOCK_STREAM, 0));
    ASSERT_EQ(bind(left.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
    ASSERT_EQ(listen(left.get(), 1), 0);
  }
  ASSERT_TRUE(Exists());
  const ControlListener listener = Listen();
  EXPECT_TRUE(Connect());
}

TEST_F(ControlListenerTest, AnotherWorkersSocketIsLeftAlone) {
  ControlListener first = Listen();
  EXPECT_THAT(Refused(path_), AllOf(HasSubstr(path_), HasSubstr("something else is there")));
  EXPECT_TRUE(Exists());
  EXPECT_TRUE(Connect());
}

TEST_F(ControlListenerTest, AFileIsLeftAlone) {
  { const Descriptor file(open(path_.c_str(), O_CREAT | O_WRONLY, 0600)); }
  EXPECT_THAT(Refused(path_), HasSubstr("something else is there"));
  EXPECT_TRUE(Exists());
}

TEST_F(ControlListenerTest, PathsThatCannotBeAreRefusedByName) {
  EXPECT_THAT(Refused(folder_ + "/no/such/folder"), HasSubstr("/no/such/folder"));
  EXPECT_THAT(Refused(folder_ + "/" + std::string(200, 'x')), HasSubstr("1 to 107 characters"));
  EXPECT_THAT(Refused(""), HasSubstr("1 to 107 characters"));
}

}  // namespace
}  // namespace sluice::worker
