#include "bench/load/stage.h"

#include <sys/epoll.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <utility>

#include "absl/strings/str_cat.h"

namespace sluice::load {
namespace {

// How often sockets are looked at.
constexpr Duration kLook{1'000};
// How often a client's timers are: feedback is due every 100 ms, requests for lost packets at once.
constexpr Duration kTick{20'000};
constexpr int kEvents = 256;
// For human eyes.
constexpr Duration kObserve{250'000};
// What a request may take, a busy machine allowed for.
constexpr Duration kPatience = std::chrono::seconds(20);

void SleepUntil(Timestamp moment) {
  const int64_t us = moment.time_since_epoch().count();
  const timespec until{us / 1'000'000, us % 1'000'000 * 1'000};
  clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr);
}

}  // namespace

Stage::Stage(Peer& peer, const dtls::Context& context, Entropy& entropy)
    : peer_(peer), context_(context), entropy_(entropy), epoll_(epoll_create1(EPOLL_CLOEXEC)) {
  last_tick_ = clock_.Now();
}

Stage::~Stage() = default;

void Stage::AddRoom(const std::string& room) {
  Ask({Question::Kind::kOther, nullptr, std::nullopt}, RoomRequest{room});
}

void Stage::AddSender(Sender sender) { waiting_.emplace_back(std::move(sender)); }

void Stage::AddReceiver(Receiver receiver) { waiting_.emplace_back(std::move(receiver)); }

void Stage::RemoveReceivers(size_t count) {
  for (; count > 0 && !receivers_.empty(); --count) {
    std::unique_ptr<Client> client = std::move(receivers_.back());
    receivers_.pop_back();
    std::erase(unfinished_, client.get());
    client->link().Close(clock_.Now());
    Ask({Question::Kind::kClose, client.get(), std::nullopt}, CloseRequest{client->transport});
    leaving_.push_back(std::move(client));
  }
}

absl::Status Stage::RunFor(Duration time) {
  const Timestamp end = clock_.Now() + time;
  const absl::Status status = RunUntil([&] { return clock_.Now() >= end; }, time + kPatience);
  return status;
}

absl::Status Stage::RunUntil(const std::function<bool()>& done, Duration patience) {
  const Timestamp give_up = clock_.Now() + patience;
  while (failure_.empty()) {
    Turn();
    if (done()) return absl::OkStatus();
    const Timestamp now = clock_.Now();
    if (observer_ && now - last_observed_ >= kObserve) {
      last_observed_ = now;
      observer_();
    }
    if (now > give_up) {
      return absl::DeadlineExceededError(
          absl::StrCat(joining(), " clients still joining, ", questions_.size(),
                       " requests without answer, ", unfinished_.size(), " without media"));
    }
  }
  return absl::InternalError(failure_);
}

absl::Status Stage::RunUntilSettled(Duration patience) {
  return RunUntil([&] { return joining() == 0 && questions_.empty(); }, patience);
}

absl::StatusOr<std::map<std::string, uint64_t>> Stage::ReadCounters() {
  counters_.clear();
  Ask({Question::Kind::kCounters, nullptr, std::nullopt}, CountersRequest{});
  absl::Status status = RunUntil([&] { return questions_.empty(); }, kPatience);
  if (!status.ok()) return status;
  return counters_;
}

void Stage::Turn() {
  const Timestamp begin = clock_.Now();
  SendDue();
  ReadReady();
  const Timestamp now = clock_.Now();
  TickSome(now);
  TakeAnswers(now);
  AdmitWaiting(now);
  Timestamp next = begin + kLook;
  if (media_.speed() > 0) next = std::min(next, media_.When(next_due_));
  if (next > clock_.Now()) SleepUntil(next);
}

void Stage::SendDue() {
  if (media_.speed() <= 0 || senders_.empty()) return;
  const Timestamp now = clock_.Now();
  const Duration media_now = media_.At(now);
  if (media_now < next_due_) return;
  latest_ = std::max(latest_, now - media_.When(next_due_));
  for (const auto& sender : senders_) {
    if (sender->link().connected()) sender->sending()->SendDue(media_now, clock_);
  }
  FindNextDue();
}

void Stage::FindNextDue() {
  next_due_ = Duration::max();
  for (const auto& sender : senders_) {
    if (sender->link().connected()) next_due_ = std::min(next_due_, sender->sending()->NextDue());
  }
  // Nobody sends: look again some time.
  if (next_due_ == Duration::max()) next_due_ = media_.At(clock_.Now()) + kTick;
}

void Stage::ReadReady() {
  std::array<epoll_event, kEvents> events;
  for (int count = kEvents; count == kEvents;) {
    count = epoll_wait(epoll_.get(), events.data(), kEvents, 0);
    for (int i = 0; i < count; ++i) {
      auto* client = static_cast<Client*>(events[static_cast<size_t>(i)].data.ptr);
      // To the end, since the kernel tells of each arrival once only.
      while (client->Read(reader_, clock_, totals_)) SendDue();
      // What is due does not wait for the rest of a thousand sockets.
      SendDue();
    }
  }
}

void Stage::TickSome(Timestamp now) {
  for (size_t i = 0; i < unfinished_.size();) {
    Client& client = *unfinished_[i];
    NoteProgress(client, now);
    i += i < unfinished_.size() && unfinished_[i] == &client ? 1 : 0;
  }
  const size_t clients = senders_.size() + receivers_.size();
  const auto elapsed = static_cast<uint64_t>((now - last_tick_).count());
  const size_t due = std::min<size_t>(clients, clients * elapsed / uint64_t{kTick.count()});
  if (due == 0) return;
  last_tick_ = now;
  for (size_t i = 0; i < due; ++i) {
    next_ticked_ = (next_ticked_ + 1) % clients;
    const bool sends = next_ticked_ < senders_.size();
    (sends ? senders_[next_ticked_] : receivers_[next_ticked_ - senders_.size()])->Tick(now);
  }
}

// Connected? Then the server is told. Media? Then the client is where it wanted to be.
void Stage::NoteProgress(Client& client, Timestamp now) {
  if (const auto reason = client.link().closed()) {
    Fail(absl::StrCat(client.name(),
                      ": the connection ended: ", std::string(dtls::CloseReasonName(*reason))));
    return;
  }
  if (!client.link().connected()) return;
  if (!client.told_connected) {
    client.told_connected = true;
    --joining_;
    ++joined_;
    Ask({Question::Kind::kOther, nullptr, std::nullopt}, ConnectedRequest{client.transport});
    if (client.sending() != nullptr) FindNextDue();
    if (Reception* reception = client.reception()) reception->RequestKeyFrames();
    client.Tick(now);
  }
  const Reception* reception = client.reception();
  if (reception != nullptr && !reception->streams().empty()) {
    if (!reception->first_media_at()) return;
    const Duration time = *reception->first_media_at() - client.asked_at;
    join_time_.Record(std::chrono::nanoseconds(time).count());
  }
  std::erase(unfinished_, &client);
}

void Stage::AdmitWaiting(Timestamp now) {
  while (!waiting_.empty() && joining_ < kMaxJoining) {
    std::variant<Sender, Receiver> next = std::move(waiting_.front());
    waiting_.pop_front();
    ++joining_;
    std::visit([&](auto& who) { Admit(std::move(who), now); }, next);
  }
}

std::unique_ptr<Client> Stage::NewClient(const std::string& name, Timestamp now) {
  auto client = std::make_unique<Client>(name, context_, entropy_);
  client->asked_at = now;
  const absl::Status opened = client->link().Open();
  if (!opened.ok()) {
    Fail(absl::StrCat(name, ": ", opened.message()));
    return client;
  }
  epoll_event event{};
  event.events = EPOLLIN | EPOLLET;
  event.data.ptr = client.get();
  epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, client->link().fd(), &event);
  return client;
}

ClientSide Stage::Describe(const std::string& room, const Client& client) const {
  return {room, client.name(), client.link().local(), context_.fingerprints().back(),
          client.link().port()};
}

void Stage::Admit(Sender sender, Timestamp now) {
  std::unique_ptr<Client> client = NewClient(sender.name, now);
  std::vector<std::unique_ptr<SendTrack>> tracks;
  for (size_t i = 0; i < sender.tracks.size(); ++i) {
    const auto number = static_cast<uint32_t>(tracks_.size());
    tracks.push_back(
        std::make_unique<SendTrack>(sender.tracks[i], number, std::move(sender.sources[i])));
    tracks_.push_back(tracks.back().get());
  }
  client->Send(std::move(tracks));
  Ask({Question::Kind::kSend, client.get(), std::nullopt},
      SendRequest{Describe(sender.room, *client), std::move(sender.tracks)});
  senders_.push_back(std::move(client));
}

void Stage::Admit(Receiver receiver, Timestamp now) {
  std::unique_ptr<Client> client = NewClient(receiver.name, now);
  const ReceiveRequest request{Describe(receiver.room, *client), receiver.from};
  Ask({Question::Kind::kReceive, client.get(), std::move(receiver)}, request);
  receivers_.push_back(std::move(client));
}

void Stage::Ask(Question question, const Request& request) {
  questions_.push_back(std::move(question));
  peer_.Submit(request);
}

void Stage::TakeAnswers(Timestamp now) {
  while (std::optional<Answer> answer = peer_.Poll()) {
    if (questions_.empty()) return;
    Question question = std::move(questions_.front());
    questions_.pop_front();
    TakeAnswer(question, *answer, now);
  }
}

void Stage::TakeAnswer(Question& question, Answer& answer, Timestamp now) {
  // Servers need not count anything.
  if (question.kind == Question::Kind::kCounters) {
    counters_ = std::move(answer.counters);
    return;
  }
  if (!answer.error.empty()) {
    Fail(answer.error);
    return;
  }
  if (question.kind == Question::Kind::kClose) {
    std::erase_if(leaving_, [&](const auto& client) { return client.get() == question.client; });
  } else if (question.kind != Question::Kind::kOther) {
    Connect(question, answer, now);
  }
}

void Stage::Connect(Question& question, Answer& answer, Timestamp now) {
  Client& client = *question.client;
  client.transport = answer.transport;
  client.worker = answer.worker;
  if (question.receiver) {
    Reception::Options options = question.receiver->options;
    options.twcc_id = answer.twcc_id;
    client.Receive(options, std::move(answer.streams), totals_, tracks_);
  }
  unfinished_.push_back(&client);
  const absl::Status connected = client.link().Connect(now, answer.remote);
  if (!connected.ok()) Fail(absl::StrCat(client.name(), ": ", connected.message()));
}

void Stage::Fail(const std::string& why) {
  if (failure_.empty()) failure_ = why;
}

}  // namespace sluice::load
