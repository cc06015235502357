#include "sctp/stack.h"

#include <usrsctp.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <unordered_map>
#include <vector>

#include "base/check.h"
#include "sctp/association.h"

namespace sluice::sctp {
namespace {

// RFC 9260 §16 suggests 1 s, 3 s and 60 s for a network of 1999. These are what browsers have
// (dcSCTP), except for the last: after an outage, ten seconds of silence are what a user would
// take for a failure.
constexpr uint32_t kMinRto = 400;
constexpr uint32_t kInitialRto = 500;
constexpr uint32_t kMaxRto = 4'000;

// With kMaxRto this is 80 s. ICE has then given up long ago, and it is ICE that should.
constexpr uint32_t kMaxRetransmissions = 20;

// INITs every kMaxRto for as long as a transport may live: the peer may not want data channels yet.
constexpr uint16_t kMaxInits = 65'535;

// Chunks that wait on one association, in each direction, whatever their size: a window of small
// ones, bounded because each costs some 400 bytes on top of its contents.
constexpr uint32_t kMaxChunks = 2048;

// RFC 6928's ten packets, like browsers and TCP.
constexpr uint32_t kInitialWindow = 10;

constexpr uint32_t kDelayedSack = 100;  // ms; less than any RTO

void* KeyAsAddress(uintptr_t key) {
  return reinterpret_cast<void*>(key);  // NOLINT: usrsctp compares it and no more.
}

template <typename T>
bool SetOption(Socket* socket, int option, const T& value) {
  return usrsctp_setsockopt(socket, IPPROTO_SCTP, option, &value, sizeof(value)) == 0;
}

bool SetBuffer(Socket* socket, int option, size_t bytes) {
  const int value = static_cast<int>(bytes);
  return usrsctp_setsockopt(socket, SOL_SOCKET, option, &value, sizeof(value)) == 0;
}

bool Subscribe(Socket* socket, uint16_t type) {
  sctp_event event{};
  event.se_assoc_id = SCTP_FUTURE_ASSOC;
  event.se_type = type;
  event.se_on = 1;
  return SetOption(socket, SCTP_EVENT, event);
}

}  // namespace

// What all stacks of the process share: usrsctp, its time, and who is who.
struct Process {
  static Process& Get() {
    static Process* const process = new Process();  // For ever, like usrsctp's globals.
    return *process;
  }

  Process() {
    usrsctp_init_nothreads(0, &Process::OnPacket, nullptr);
    Configure();
  }

  static void Configure();

  Association* Find(uintptr_t key) {
    const auto found = associations.find(key);
    return found == associations.end() ? nullptr : found->second;
  }
  // Whom usrsctp has something for. If that is because of a tick, nobody called the association,
  // which has to draw its conclusions afterwards.
  static Association* Addressee(const void* key) {
    Process& process = Get();
    Association* const association = process.Find(reinterpret_cast<uintptr_t>(key));
    if (association != nullptr && process.ticking) process.Touch(*association);
    return association;
  }

  // The callbacks of usrsctp.
  static int OnPacket(void* key, void* packet, size_t size, uint8_t tos, uint8_t set_df);
  static void OnReceived(ByteView data, const sctp_rcvinfo& info, int flags, const void* key);
  static int OnSpace(Socket*, uint32_t space, void* key);

  void Advance(Timestamp now);
  void Touch(Association& association);
  Duration Tick() const { return told < busy_until ? Stack::kTick : Stack::kIdleTick; }

  std::unordered_map<uintptr_t, Association*> associations;
  bool ticking = false;
  std::vector<Association*> touched;  // In this tick.
  uintptr_t last_key = 0;
  Timestamp told;
  Timestamp busy_until;
};

void Process::Configure() {
  // Nothing is printed.
  usrsctp_sysctl_set_sctp_logging_level(0);
  // What is not WebRTC's (RFC 8831 §5 lists what is).
  usrsctp_sysctl_set_sctp_ecn_enable(0);
  usrsctp_sysctl_set_sctp_asconf_enable(0);
  usrsctp_sysctl_set_sctp_auto_asconf(0);
  usrsctp_sysctl_set_sctp_auth_enable(0);
  usrsctp_sysctl_set_sctp_nrsack_enable(0);
  usrsctp_sysctl_set_sctp_pktdrop_enable(0);
  usrsctp_sysctl_set_sctp_pr_enable(1);
  usrsctp_sysctl_set_sctp_reconfig_enable(1);
  // A packet of no association is not answered: it may be the last of one that has ended.
  usrsctp_sysctl_set_sctp_blackhole(2);
  usrsctp_sysctl_set_sctp_no_csum_on_loopback(0);

  usrsctp_sysctl_set_sctp_rto_min_default(kMinRto);
  usrsctp_sysctl_set_sctp_rto_initial_default(kInitialRto);
  usrsctp_sysctl_set_sctp_rto_max_default(kMaxRto);
  usrsctp_sysctl_set_sctp_init_rto_max_default(kMaxRto);
  usrsctp_sysctl_set_sctp_assoc_rtx_max_default(kMaxRetransmissions);
  usrsctp_sysctl_set_sctp_path_rtx_max_default(kMaxRetransmissions);
  usrsctp_sysctl_set_sctp_delayed_sack_time_default(kDelayedSack);
  usrsctp_sysctl_set_sctp_initial_cwnd(kInitialWindow);
  usrsctp_sysctl_set_sctp_max_burst_default(kInitialWindow);

  usrsctp_sysctl_set_sctp_max_chunks_on_queue(kMaxChunks);
  // Keys are never used twice, so no tag of an old association can be taken for a new one's, and
  // remembering them all for a minute would be memory that grows with every call.
  usrsctp_sysctl_set_sctp_vtag_time_wait(0);
}

int Process::OnPacket(void* key, void* packet, size_t size, uint8_t, uint8_t) {
  if (Association* const association = Addressee(key)) {
    association->TakePacket({static_cast<const uint8_t*>(packet), size});
  }
  return 0;
}

void Process::OnReceived(ByteView data, const sctp_rcvinfo& info, int flags, const void* key) {
  Association* const association = Addressee(key);
  if (association == nullptr) return;
  if (flags & MSG_NOTIFICATION) {
    association->TakeNotification(*reinterpret_cast<const sctp_notification*>(data.data()),
                                  data.size());
  } else {
    association->TakeData(data, info.rcv_sid, ntohl(info.rcv_ppid), (flags & MSG_EOR) != 0);
  }
}

int Process::OnSpace(Socket*, uint32_t space, void* key) {
  if (Association* const association = Addressee(key)) association->TakeFreeSpace(space);
  return 1;
}

void Process::Touch(Association& association) {
  if (!association.touched_) touched.push_back(&association);
  association.touched_ = true;
}

void Process::Advance(Timestamp now) {
  const auto elapsed = std::chrono::floor<std::chrono::milliseconds>(now - told);
  if (elapsed.count() <= 0) return;
  told += elapsed;
  // A worker that was stopped for an hour need not make usrsctp repeat the hour.
  ticking = true;
  usrsctp_handle_timers(static_cast<uint32_t>(std::min<int64_t>(elapsed.count(), 60'000)));
  ticking = false;
  for (auto& [key, association] : associations) {
    if (!association->queue_.empty() || !association->resetting_.empty()) Touch(*association);
  }
  for (Association* association : std::exchange(touched, {})) {
    association->touched_ = false;
    association->Settle(now);
    if (association->HasOutput()) association->stack_.RecordWoken(*association);
  }
}

Stack::~Stack() { SLUICE_CHECK(size_ == 0); }

void Stack::HandleTimeout(Timestamp now) {
  if (size_ != 0) Process::Get().Advance(now);
}

std::optional<Timestamp> Stack::NextTimeout() const {
  if (!woken_.empty()) return told();
  if (size_ == 0) return std::nullopt;
  return NextTick();
}

Timestamp Stack::NextTick() {
  const Process& process = Process::Get();
  const Duration tick = process.Tick();
  return process.told + tick - process.told.time_since_epoch() % tick;
}

void Stack::RecordWoken(Association& association) {
  if (std::ranges::find(woken_, &association) == woken_.end()) woken_.push_back(&association);
}

Association* Stack::PollWoken() {
  if (woken_.empty()) return nullptr;
  Association* const association = woken_.front();
  woken_.pop_front();
  return association;
}

uintptr_t Stack::Attach(Timestamp now, Association& association) {
  Process& process = Process::Get();
  // With nobody there is no time that could go backwards, as between two simulations. usrsctp
  // counts milliseconds, and so must the grid.
  if (process.associations.empty()) {
    process.told = std::chrono::floor<std::chrono::milliseconds>(now);
    process.busy_until = now;
  }
  const uintptr_t key = ++process.last_key;
  process.associations.emplace(key, &association);
  usrsctp_register_address(KeyAsAddress(key));
  ++size_;
  return key;
}

void Stack::Detach(uintptr_t key) {
  Process& process = Process::Get();
  const auto found = process.associations.find(key);
  SLUICE_CHECK(found != process.associations.end());
  process.associations.erase(found);
  usrsctp_deregister_address(KeyAsAddress(key));
  --size_;
}

void Stack::RecordTraffic(Timestamp now) {
  Process& process = Process::Get();
  process.busy_until = now + kBusyFor;
}

Timestamp Stack::told() { return Process::Get().told; }

Socket* Stack::Open(uintptr_t key, const SocketOptions& options) {
  const auto on_received = [](Socket*, sctp_sockstore, void* data, size_t size, sctp_rcvinfo info,
                              int flags, void* to) {
    if (data != nullptr) {
      Process::OnReceived({static_cast<const uint8_t*>(data), size}, info, flags, to);
    }
    std::free(data);  // usrsctp made it for us.
    return 1;
  };
  Socket* const socket = usrsctp_socket(AF_CONN, SOCK_STREAM, IPPROTO_SCTP, on_received,
                                        &Process::OnSpace, 0, KeyAsAddress(key));
  if (socket == nullptr) return nullptr;

  sctp_initmsg init{};
  init.sinit_num_ostreams = options.outgoing_streams;
  init.sinit_max_instreams = options.incoming_streams;
  init.sinit_max_attempts = kMaxInits;
  sctp_assoc_value reset{};
  reset.assoc_value = SCTP_ENABLE_RESET_STREAM_REQ;
  // Closing aborts: who closes softly has called usrsctp_shutdown before.
  const linger abort_on_close{1, 0};
  const uint32_t on = 1;
  const int one_at_a_time = 0;
  const auto point = static_cast<uint32_t>(options.partial_delivery_point);
  sockaddr_conn address{};
  address.sconn_family = AF_CONN;
  address.sconn_port = htons(options.port);
  address.sconn_addr = KeyAsAddress(key);
  auto* const generic = reinterpret_cast<sockaddr*>(&address);

  bool good = usrsctp_set_non_blocking(socket, 1) == 0 &&
              usrsctp_setsockopt(socket, SOL_SOCKET, SO_LINGER, &abort_on_close,
                                 sizeof(abort_on_close)) == 0 &&
              SetBuffer(socket, SO_SNDBUF, options.send_space) &&
              SetBuffer(socket, SO_RCVBUF, options.receive_space) &&
              SetOption(socket, SCTP_NODELAY, on) && SetOption(socket, SCTP_INITMSG, init) &&
              SetOption(socket, SCTP_ENABLE_STREAM_RESET, reset) &&
              SetOption(socket, SCTP_FRAGMENT_INTERLEAVE, one_at_a_time) &&
              SetOption(socket, SCTP_PARTIAL_DELIVERY_POINT, point) &&
              Subscribe(socket, SCTP_ASSOC_CHANGE) && Subscribe(socket, SCTP_STREAM_RESET_EVENT) &&
              Subscribe(socket, SCTP_PARTIAL_DELIVERY_EVENT) &&
              usrsctp_bind(socket, generic, sizeof(address)) == 0 &&
              (usrsctp_connect(socket, generic, sizeof(address)) == 0 || errno == EINPROGRESS);
  if (good) {
    // ICE keeps the path alive and knows when it has gone; its size is what DTLS was told.
    sctp_paddrparams path{};
    std::memcpy(&path.spp_address, &address, sizeof(address));
    path.spp_flags = SPP_PMTUD_DISABLE | SPP_HB_DISABLE;
    path.spp_pathmtu = static_cast<uint32_t>(options.max_packet - sizeof(sctp_common_header));
    good = SetOption(socket, SCTP_PEER_ADDR_PARAMS, path);
  }
  if (good) return socket;
  usrsctp_close(socket);
  return nullptr;
}

}  // namespace sluice::sctp
