// The control channel of a real worker, as its application could abuse it: an error or a clean end
// each time, never a crash, and no memory that stays.

#include <netinet/in.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/interop/worker_process.h"

namespace sluice::test {
namespace {

using schema::ResultCode;
using std::chrono::milliseconds;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// What the allocator and the kernel may round up; a leak of one frame per request is far more.
constexpr size_t kFlatKib = 4096;

std::string StatsFrame(uint32_t id) {
  return WorkerProcess::Frame(id, "", schema::GetWorkerStatsT());
}

schema::CreateRouterT NewRouter(std::string id) {
  schema::CreateRouterT create;
  create.router_id = std::move(id);
  return create;
}

schema::CreateWebRtcServerT NewServer(std::string id, size_t sockets = 1) {
  schema::CreateWebRtcServerT create;
  create.webrtc_server_id = std::move(id);
  for (size_t i = 0; i < sockets; ++i) {
    create.listen_infos.push_back(std::make_unique<schema::ListenInfoT>());
    create.listen_infos.back()->ip = "127.0.0.1";
  }
  return create;
}

// --- The stream ---

TEST(ControlChannelTest, TheWorkerIntroducesItself) {
  WorkerProcess worker;
  const auto message = worker.ReadMessage();
  ASSERT_NE(message, nullptr);
  const auto* notification = message->body.AsNotification();
  ASSERT_NE(notification, nullptr);
  const auto* running = notification->body.AsWorkerRunning();
  ASSERT_NE(running, nullptr);
  EXPECT_GT(running->pid, 0u);
  EXPECT_EQ(running->version, SLUICE_VERSION);
}

TEST(ControlChannelTest, FramesMayComeByteAtATime) {
  WorkerProcess worker;
  const std::string frame = StatsFrame(41);
  for (char byte : frame) worker.Send({&byte, 1});
  EXPECT_EQ(worker.ReadResponse().id, 41u);
}

TEST(ControlChannelTest, SeveralFramesMayComeAtOnce) {
  WorkerProcess worker;
  std::string frames;
  for (uint32_t id = 1; id <= 200; ++id) frames += StatsFrame(id);
  worker.Send(frames);
  for (uint32_t id = 1; id <= 200; ++id) {
    const schema::ResponseT response = worker.ReadResponse();
    ASSERT_EQ(response.id, id);
    ASSERT_EQ(response.code, ResultCode::Ok);
  }
}

TEST(ControlChannelTest, AFrameOfLengthZeroIsAnErrorAndNoMore) {
  WorkerProcess worker;
  worker.Send(WorkerProcess::Framed(""));
  const schema::ResponseT response = worker.ReadResponse();
  EXPECT_EQ(response.id, 0u);
  EXPECT_EQ(response.code, ResultCode::InvalidArgument);
  EXPECT_TRUE(worker.Answers());
}

TEST(ControlChannelTest, ALengthOverTheLimitEndsTheWorkerWithAReason) {
  for (uint32_t length : {uint32_t{control::kMaxFrameSize} + 1, 0xffffffffu}) {
    SCOPED_TRACE(length);
    WorkerProcess worker;
    ASSERT_TRUE(worker.Answers());
    const auto header = control::FrameHeader(length);
    worker.Send(std::string(header.begin(), header.end()));
    EXPECT_TRUE(worker.ReadEnd());
    EXPECT_EQ(worker.Wait(), 3);
    EXPECT_THAT(worker.ErrorText(), StartsWith("error the control channel is out of step"));
    EXPECT_THAT(worker.ErrorText(), HasSubstr(std::to_string(length)));
  }
}

TEST(ControlChannelTest, AFrameOfTheLargestSizeIsReadToItsEnd) {
  WorkerProcess worker;
  worker.Send(WorkerProcess::Framed(std::string(control::kMaxFrameSize, 'x')));
  EXPECT_EQ(worker.ReadResponse().code, ResultCode::InvalidArgument);
  EXPECT_TRUE(worker.Answers());
}

TEST(ControlChannelTest, FramesThatDoNotVerifyAreErrorsAndLeaveNoMemoryBehind) {
  WorkerProcess worker;
  const std::string honest = StatsFrame(7);
  const auto abuse = [&](size_t rounds) {
    for (size_t i = 0; i < rounds; ++i) {
      std::string frame = honest;
      // Every byte behind the length in turn, and with it every offset of the buffer.
      frame[4 + i % (frame.size() - 4)] = static_cast<char>(0x80 + i % 101);
      worker.Send(frame + WorkerProcess::Framed(std::string(1 + i % 3000, '\xff')));
      worker.ReadResponse();
      ASSERT_EQ(worker.ReadResponse().code, ResultCode::InvalidArgument);
    }
  };
  abuse(500);
  const size_t before = worker.RssKib();
  abuse(5000);
  EXPECT_LE(worker.RssKib(), before + kFlatKib);
  EXPECT_TRUE(worker.Answers());
}

// --- The requests ---

TEST(ControlChannelTest, AnUnknownMethodIsToldFromAnUnreadableOne) {
  WorkerProcess worker;
  flatbuffers::FlatBufferBuilder builder;
  const auto nothing = schema::CreateGetWorkerStats(builder);
  schema::RequestBuilder request(builder);
  request.add_id(12);
  request.add_body_type(static_cast<schema::RequestBody>(200));
  request.add_body(nothing.Union());
  const auto finished = request.Finish();
  builder.Finish(schema::CreateMessage(builder, schema::MessageBody::Request, finished.Union()));
  worker.Send(WorkerProcess::Framed(
      {reinterpret_cast<const char*>(builder.GetBufferPointer()), builder.GetSize()}));
  const schema::ResponseT response = worker.ReadResponse();
  EXPECT_EQ(response.id, 12u);
  EXPECT_EQ(response.code, ResultCode::Unimplemented);
  EXPECT_TRUE(worker.Answers());
}

TEST(ControlChannelTest, UnknownDuplicateAndClosedIdsAreRefusedByName) {
  WorkerProcess worker;
  EXPECT_EQ(worker.Ask("nobody", schema::DumpT()).code, ResultCode::NotFound);
  EXPECT_EQ(worker.Ask("", NewRouter("room")).code, ResultCode::Ok);

  const schema::ResponseT duplicate = worker.Ask("", NewRouter("room"));
  EXPECT_EQ(duplicate.code, ResultCode::AlreadyExists);
  EXPECT_THAT(duplicate.message, HasSubstr("room"));

  EXPECT_EQ(worker.Ask("room", schema::CloseT()).code, ResultCode::Ok);
  const schema::ResponseT late = worker.Ask("room", schema::DumpT());
  EXPECT_EQ(late.code, ResultCode::NotFound);
  EXPECT_THAT(late.message, HasSubstr("room"));
  EXPECT_EQ(worker.Ask("room", schema::CloseT()).code, ResultCode::NotFound);
  EXPECT_EQ(worker.Ask("", NewRouter("room")).code, ResultCode::Ok);
}

TEST(ControlChannelTest, AResponseWearsTheIdOfItsRequestEvenIfTwoShareOne) {
  WorkerProcess worker;
  worker.Send(StatsFrame(5) + StatsFrame(5));
  EXPECT_EQ(worker.ReadResponse().id, 5u);
  EXPECT_EQ(worker.ReadResponse().id, 5u);
  EXPECT_TRUE(worker.Answers());
}

TEST(ControlChannelTest, OpeningAndClosingLeavesNoMemoryBehind) {
  WorkerProcess worker;
  const auto churn = [&](int rounds) {
    for (int i = 0; i < rounds; ++i) {
      ASSERT_EQ(worker.Ask("", NewRouter("room")).code, ResultCode::Ok);
      ASSERT_EQ(worker.Ask("", NewServer("server")).code, ResultCode::Ok);
      ASSERT_EQ(worker.Ask("room", schema::CloseT()).code, ResultCode::Ok);
      ASSERT_EQ(worker.Ask("server", schema::CloseT()).code, ResultCode::Ok);
    }
  };
  churn(200);
  const size_t before = worker.RssKib();
  churn(2000);
  EXPECT_LE(worker.RssKib(), before + kFlatKib);
}

// --- A reader that stops reading ---

TEST(ControlChannelTest, AnApplicationThatDoesNotReadIsNoLongerReadFrom) {
  WorkerProcess worker;
  ASSERT_TRUE(worker.Answers());
  const size_t before = worker.RssKib();
  constexpr uint32_t kMost = 1'000'000;
  std::string frames;
  uint32_t asked = 0;
  size_t unsent = 0;
  while (unsent == 0 && asked < kMost) {
    frames.clear();
    for (int i = 0; i < 1000; ++i) frames += StatsFrame(1000 + ++asked);
    unsent = frames.size() - worker.SendSome(frames, milliseconds(500));
  }
  ASSERT_GT(unsent, 0u) << "the worker took " << asked << " requests without being read";
  EXPECT_TRUE(worker.Alive());
  // The backlog, twice for a buffer that grows, and what the engine may hold.
  EXPECT_LE(worker.RssKib(), before + 32 * 1024);

  // Nothing was lost: the answers come in order, those to the rest as well.
  std::string rest = frames.substr(frames.size() - unsent);
  for (uint32_t i = 1; i <= asked; ++i) {
    ASSERT_EQ(worker.ReadResponse().id, 1000 + i);
    if (!rest.empty()) rest.erase(0, worker.SendSome(rest, milliseconds(0)));
  }
  EXPECT_TRUE(worker.Answers());
}

TEST(ControlChannelTest, AReaderThatStopsDoesNotKeepTheWorkerFromStopping) {
  WorkerProcess worker;
  std::string frames;
  for (uint32_t id = 1; id <= 20'000; ++id) frames += StatsFrame(id);
  worker.SendSome(frames, milliseconds(200));
  worker.Signal(SIGTERM);
  const auto start = WorkerProcess::Clock::now();
  EXPECT_EQ(worker.Wait(), 0);
  EXPECT_LT(WorkerProcess::Clock::now() - start, milliseconds(1500));
}

// --- The end ---

TEST(ControlChannelTest, TheEndOfTheChannelEndsTheWorker) {
  WorkerProcess worker;
  ASSERT_EQ(worker.Ask("", NewServer("server")).code, ResultCode::Ok);
  worker.CloseRequests();
  EXPECT_TRUE(worker.ReadEnd());
  EXPECT_EQ(worker.Wait(), 0);
  EXPECT_EQ(worker.ErrorText(), "");
}

TEST(ControlChannelTest, WhatWasAskedBeforeTheEndIsAnswered) {
  WorkerProcess worker;
  worker.Send(StatsFrame(1) + StatsFrame(2));
  worker.CloseRequests();
  EXPECT_EQ(worker.ReadResponse().id, 1u);
  EXPECT_EQ(worker.ReadResponse().id, 2u);
  EXPECT_EQ(worker.Wait(), 0);
}

TEST(ControlChannelTest, AnEndInMidFrameEndsTheWorkerToo) {
  WorkerProcess worker({.arguments = {"--log-level=warn"}});
  worker.Send(StatsFrame(1).substr(0, 9));
  worker.CloseRequests();
  EXPECT_EQ(worker.Wait(), 0);
  EXPECT_THAT(worker.ErrorText(), HasSubstr("in the middle of a request"));
}

TEST(ControlChannelTest, AReaderThatIsGoneEndsTheWorkerAtTheNextAnswer) {
  WorkerProcess worker;
  ASSERT_TRUE(worker.Answers());
  worker.CloseAnswers();
  worker.Send(StatsFrame(9));
  EXPECT_EQ(worker.Wait(), 0);
}

TEST(ControlChannelTest, SignalsDrainAndEndTheWorker) {
  for (int number : {SIGTERM, SIGINT}) {
    SCOPED_TRACE(number);
    WorkerProcess worker;
    ASSERT_EQ(worker.Ask("", NewRouter("room")).code, ResultCode::Ok);
    ASSERT_EQ(worker.Ask("", NewServer("server")).code, ResultCode::Ok);
    const auto start = WorkerProcess::Clock::now();
    worker.Signal(number);
    EXPECT_EQ(worker.Wait(), 0);
    EXPECT_LT(WorkerProcess::Clock::now() - start, milliseconds(1000));
    EXPECT_TRUE(worker.ReadEnd());
  }
}

// --- The Unix socket ---

class ControlSocketTest : public ::testing::Test {
 protected:
  ControlSocketTest() {
    std::string pattern = ::testing::TempDir() + "sluice-XXXXXX";
    folder_ = mkdtemp(pattern.data());
    path_ = folder_ + "/control";
  }
  ~ControlSocketTest() override {
    unlink(path_.c_str());
    rmdir(folder_.c_str());
  }

  WorkerProcess::Options Listening() {
    return {.arguments = {"--control-socket", path_}, .pipes = false};
  }

  std::string folder_;
  std::string path_;
};

TEST_F(ControlSocketTest, ServesOneClientFromBeginningToEnd) {
  WorkerProcess worker(Listening());
  ASSERT_TRUE(worker.Connect(path_));
  for (char byte : StatsFrame(41)) worker.Send({&byte, 1});
  EXPECT_EQ(worker.ReadResponse().id, 41u);
  worker.Send(WorkerProcess::Framed("") + StatsFrame(42) + StatsFrame(43));
  EXPECT_EQ(worker.ReadResponse().code, ResultCode::InvalidArgument);
  EXPECT_EQ(worker.ReadResponse().id, 42u);
  EXPECT_EQ(worker.ReadResponse().id, 43u);
  // The door is gone: there is one application per worker.
  EXPECT_NE(access(path_.c_str(), F_OK), 0);
  worker.CloseRequests();
  worker.CloseAnswers();
  EXPECT_EQ(worker.Wait(), 0);
}

TEST_F(ControlSocketTest, AClientThatOnlyStopsSendingGetsItsLastAnswer) {
  WorkerProcess worker(Listening());
  ASSERT_TRUE(worker.Connect(path_));
  worker.Send(StatsFrame(1));
  ASSERT_EQ(shutdown(worker.request_fd(), SHUT_WR), 0);
  EXPECT_EQ(worker.ReadResponse().id, 1u);
  EXPECT_EQ(worker.Wait(), 0);
}

TEST_F(ControlSocketTest, ALengthOverTheLimitEndsTheWorker) {
  WorkerProcess worker(Listening());
  ASSERT_TRUE(worker.Connect(path_));
  worker.Send("\xff\xff\xff\xff");
  EXPECT_EQ(worker.Wait(), 3);
}

TEST_F(ControlSocketTest, AWorkerThatNobodyConnectsToEndsBySignal) {
  WorkerProcess worker(Listening());
  // It listens from the moment on that the socket can be connected to; this leaves at once.
  ASSERT_TRUE(worker.Connect(path_));
  WorkerProcess second(Listening());
  worker.Signal(SIGTERM);
  EXPECT_EQ(worker.Wait(), 0);
  ASSERT_TRUE(second.Connect(path_));
  second.Signal(SIGTERM);
  EXPECT_EQ(second.Wait(), 0);
}

// --- Starting ---

TEST(StartTest, HelpAndVersionGoToStandardOutput) {
  WorkerProcess help({.arguments = {"--help"}, .pipes = false});
  EXPECT_EQ(help.Wait(), 0);
  EXPECT_THAT(help.OutputText(), StartsWith("Usage: sluice-worker"));
  WorkerProcess version({.arguments = {"--version"}, .pipes = false});
  EXPECT_EQ(version.Wait(), 0);
  EXPECT_EQ(version.OutputText(), "sluice-worker " SLUICE_VERSION "\n");
  EXPECT_EQ(version.ErrorText(), "");
}

TEST(StartTest, WrongOptionsAreOneSentenceAndCodeTwo) {
  const std::vector<std::vector<std::string>> wrong = {
      {"--no-such-option"},         {"--log-level"},
      {"--log-level=loud"},         {"--rtc-min-port=0"},
      {"--dtls-certificate=a.pem"}, {"--control-read-fd=x"},
  };
  for (const std::vector<std::string>& arguments : wrong) {
    SCOPED_TRACE(arguments.front());
    WorkerProcess worker({.arguments = arguments});
    EXPECT_EQ(worker.Wait(), 2);
    const std::string text = worker.ErrorText();
    EXPECT_THAT(text, StartsWith("error "));
    EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1);
    EXPECT_THAT(text, HasSubstr(arguments.front().substr(0, arguments.front().find('='))));
  }
}

TEST(StartTest, WhatIsMissingIsNamed) {
  WorkerProcess no_pipes({.arguments = {}, .pipes = false});
  EXPECT_EQ(no_pipes.Wait(), 1);
  EXPECT_THAT(no_pipes.ErrorText(), HasSubstr("file descriptor 3"));

  WorkerProcess no_certificate(
      {.arguments = {"--dtls-certificate=/no/such.pem", "--dtls-private-key=/no/such.key"}});
  EXPECT_EQ(no_certificate.Wait(), 1);
  EXPECT_THAT(no_certificate.ErrorText(), HasSubstr("/no/such.pem"));

  WorkerProcess no_folder({.arguments = {"--control-socket=/no/such/folder/s"}, .pipes = false});
  EXPECT_EQ(no_folder.Wait(), 1);
  EXPECT_THAT(no_folder.ErrorText(), HasSubstr("/no/such/folder/s"));
}

// --- Sockets ---

TEST(MediaSocketTest, DatagramsReachTheEngineAndThoseThatDieAreCounted) {
  WorkerProcess worker;
  const schema::ResponseT created = worker.Ask("", NewServer("server"));
  ASSERT_EQ(created.code, ResultCode::Ok) << created.message;
  const uint16_t port = created.body.AsWebRtcServerCreated()->ports.at(0);
  EXPECT_GE(port, 10'000);
  EXPECT_LE(port, 59'999);

  const worker::Descriptor sender(socket(AF_INET, SOCK_DGRAM, 0));
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(connect(sender.get(), reinterpret_cast<const sockaddr*>(&to), sizeof(to)), 0);
  ASSERT_EQ(send(sender.get(), "\xff nonsense", 10, 0), 10);
  const std::string large(5000, 'x');
  ASSERT_EQ(send(sender.get(), large.data(), large.size(), 0), 5000);

  std::map<std::string, uint64_t> drops;
  for (const auto deadline = WorkerProcess::Clock::now() + WorkerProcess::kPatience;
       drops.size() < 2 && WorkerProcess::Clock::now() < deadline;) {
    const schema::ResponseT stats = worker.Ask("", schema::GetWorkerStatsT());
    drops.clear();
    for (const auto& drop : stats.body.AsWorkerStats()->drops) drops[drop->reason] = drop->packets;
  }
  EXPECT_THAT(drops, ::testing::UnorderedElementsAre(::testing::Pair("unknownProtocol", 1),
                                                     ::testing::Pair("truncated", 1)));
}

TEST(MediaSocketTest, AForeignAddressAndATakenPortAreRefusedByName) {
  WorkerProcess worker;
  schema::CreateWebRtcServerT foreign = NewServer("a");
  foreign.listen_infos[0]->ip = "192.0.2.1";
  const schema::ResponseT refused = worker.Ask("", std::move(foreign));
  EXPECT_EQ(refused.code, ResultCode::InvalidArgument);
  EXPECT_THAT(refused.message, HasSubstr("192.0.2.1"));

  const schema::ResponseT first = worker.Ask("", NewServer("a"));
  schema::CreateWebRtcServerT same = NewServer("b");
  same.listen_infos[0]->port = first.body.AsWebRtcServerCreated()->ports.at(0);
  const schema::ResponseT taken = worker.Ask("", std::move(same));
  EXPECT_EQ(taken.code, ResultCode::Unavailable);
  EXPECT_THAT(taken.message, HasSubstr("the port is in use"));
}

TEST(MediaSocketTest, APortIsFreeAsSoonAsItsServerIsClosed) {
  WorkerProcess worker;
  const schema::ResponseT first = worker.Ask("", NewServer("a"));
  ASSERT_EQ(first.code, ResultCode::Ok);
  schema::CreateWebRtcServerT same = NewServer("b");
  same.listen_infos[0]->port = first.body.AsWebRtcServerCreated()->ports.at(0);
  // In one go, so that there is no turn of the worker's loop in between.
  worker.Send(WorkerProcess::Frame(101, "a", schema::CloseT()) +
              WorkerProcess::Frame(102, "", std::move(same)));
  EXPECT_EQ(worker.ReadResponse().code, ResultCode::Ok);
  const schema::ResponseT again = worker.ReadResponse();
  EXPECT_EQ(again.code, ResultCode::Ok) << again.message;
}

TEST(MediaSocketTest, RunningOutOfDescriptorsIsAnErrorAndPasses) {
  WorkerProcess worker({.arguments = {}, .max_descriptors = 40});
  schema::ResponseT last;
  int servers = 0;
  while (servers < 60) {
    last = worker.Ask("", NewServer("server" + std::to_string(servers)));
    if (last.code != ResultCode::Ok) break;
    ++servers;
  }
  EXPECT_EQ(last.code, ResultCode::Unavailable);
  EXPECT_THAT(last.message, HasSubstr("no file descriptors are left"));
  ASSERT_GT(servers, 5);
  // A request that could be granted in part only takes nothing.
  ASSERT_EQ(worker.Ask("server0", schema::CloseT()).code, ResultCode::Ok);
  ASSERT_EQ(worker.Ask("server1", schema::CloseT()).code, ResultCode::Ok);
  EXPECT_EQ(worker.Ask("", NewServer("eight", 8)).code, ResultCode::Unavailable);
  const schema::ResponseT granted = worker.Ask("", NewServer("two", 2));
  EXPECT_EQ(granted.code, ResultCode::Ok) << granted.message;
}

}  // namespace
}  // namespace sluice::test
