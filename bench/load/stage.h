// All clients of one run and the loop that moves them: sends what is due, empties sockets, gives
// feedback, and talks to the server about who comes and goes.
//
// One thread, on purpose: what it costs is known then, and it never waits for the server. It does
// not sleep in epoll either but looks at the sockets every millisecond at most: on loopback a
// server pays for waking up a receiver, and no network card would charge it for that. Delays are
// taken from the kernel's stamps, so looking late does not change them.

#ifndef SLUICE_BENCH_LOAD_STAGE_H_
#define SLUICE_BENCH_LOAD_STAGE_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/entropy.h"
#include "base/time.h"
#include "bench/load/client.h"
#include "bench/load/load_clock.h"
#include "bench/load/media_clock.h"
#include "bench/load/peer.h"
#include "bench/load/reception.h"
#include "bench/load/train_reader.h"
#include "dtls/context.h"
#include "worker/io/descriptor.h"

namespace sluice::load {

class Stage {
 public:
  // Handshakes cost both sides about a millisecond; more of them at once would repeat their flights
  // while they wait for one another.
  static constexpr size_t kMaxJoining = 16;

  // What is referred to must outlive the stage.
  Stage(Peer& peer, const dtls::Context& context, Entropy& entropy);
  ~Stage();

  struct Sender {
    std::string room;
    std::string name;
    std::vector<TrackDescription> tracks;
    // One for each.
    std::vector<std::unique_ptr<Source>> sources;
  };
  struct Receiver {
    std::string room;
    std::string name;
    std::vector<ReceiveRequest::From> from;
    Reception::Options options;
  };

  void AddRoom(const std::string& room);
  // Both wait in a queue until there is room among those who are joining.
  void AddSender(Sender sender);
  void AddReceiver(Receiver receiver);
  // The last receivers that were added leave.
  void RemoveReceivers(size_t count);

  // Runs the loop for so long.
  absl::Status RunFor(Duration time);
  // Runs it until `done`; DeadlineExceeded if that takes longer than `patience`.
  absl::Status RunUntil(const std::function<bool()>& done, Duration patience);
  // Until nobody is joining and no request is open.
  absl::Status RunUntilSettled(Duration patience);

  // Called some times a second while the loop runs.
  void SetObserver(std::function<void()> observer) { observer_ = std::move(observer); }

  void SetSpeed(double speed) { media_.SetSpeed(clock_.Now(), speed); }

  const LoadClock& clock() const { return clock_; }
  ReceptionTotals& totals() { return totals_; }
  const DelayHistogram& delay() const { return totals_.delay; }
  const std::vector<std::unique_ptr<Client>>& senders() const { return senders_; }
  const std::vector<std::unique_ptr<Client>>& receivers() const { return receivers_; }
  // Those who have been connected, since the stage was made.
  uint64_t joined() const { return joined_; }
  size_t joining() const { return waiting_.size() + joining_; }
  // From the request to the first packet of media, of all receivers so far.
  const DelayHistogram& join_time() const { return join_time_; }
  // The longest that media left behind its time.
  Duration latest() const { return latest_; }
  void ForgetLatest() { latest_ = Duration(0); }
  // Asks the server.
  absl::StatusOr<std::map<std::string, uint64_t>> ReadCounters();

 private:
  // What an answer is for.
  struct Question {
    enum class Kind : uint8_t { kOther, kSend, kReceive, kClose, kCounters };
    Kind kind = Kind::kOther;
    Client* client = nullptr;
    std::optional<Receiver> receiver;
  };

  void Turn();
  void SendDue();
  void ReadReady();
  void TickSome(Timestamp now);
  void Tick(Client& client, Timestamp now);
  void NoteProgress(Client& client, Timestamp now);
  void AdmitWaiting(Timestamp now);
  void Admit(Sender sender, Timestamp now);
  void Admit(Receiver receiver, Timestamp now);
  std::unique_ptr<Client> NewClient(const std::string& name, Timestamp now);
  ClientSide Describe(const std::string& room, const Client& client) const;
  void Ask(Question question, const Request& request);
  void TakeAnswers(Timestamp now);
  void TakeAnswer(Question& question, Answer& answer, Timestamp now);
  void Connect(Question& question, Answer& answer, Timestamp now);
  void FindNextDue();
  void Fail(const std::string& why);

  Peer& peer_;
  const dtls::Context& context_;
  Entropy& entropy_;
  const LoadClock clock_;
  MediaClock media_;
  worker::Descriptor epoll_;
  TrainReader reader_;
  ReceptionTotals totals_;
  TrackTable tracks_;
  std::vector<std::unique_ptr<Client>> senders_;
  std::vector<std::unique_ptr<Client>> receivers_;
  // Said good-bye to, but the server has not answered yet.
  std::vector<std::unique_ptr<Client>> leaving_;
  std::deque<std::variant<Sender, Receiver>> waiting_;
  std::deque<Question> questions_;
  std::vector<Client*> unfinished_;  // connecting, or without media so far
  size_t joining_ = 0;
  uint64_t joined_ = 0;
  DelayHistogram join_time_;
  Duration next_due_{0};
  Duration latest_{0};
  Timestamp last_tick_;
  size_t next_ticked_ = 0;
  std::map<std::string, uint64_t> counters_;
  std::string failure_;
  std::function<void()> observer_;
  Timestamp last_observed_;
};

}  // namespace sluice::load

#endif  // SLUICE_BENCH_LOAD_STAGE_H_
