// usrsctp, tamed: no threads, no sockets, no clock of its own.
//
// usrsctp exists once per process and keeps everything in global variables, its timers included. A
// Stack is one owner's share of it: the associations of one engine, and the time at which they want
// to be called. Several stacks in one process see the same time, as in a simulation they do.
//
// usrsctp cannot say when its next timer is due, so it is given the time every kTick while
// there is traffic, and every kIdleTick when there has been none for kBusyFor: going through its
// timers costs a little for every association. All stacks and associations tick on one grid; what
// one tick brings about in an association that was not itself called is told by PollWoken().
//
// usrsctp reads the wall clock for round trips and for lifetimes. A wall clock that leaps can cost
// one measurement or one message; no timer depends on it.

#ifndef SLUICE_SCTP_STACK_H_
#define SLUICE_SCTP_STACK_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>

#include "base/bytes.h"
#include "base/time.h"

struct socket;  // usrsctp's.

namespace sluice::sctp {

class Association;

using Socket = struct ::socket;

class Stack {
 public:
  // What usrsctp's own timer thread would keep.
  static constexpr Duration kTick = std::chrono::milliseconds(10);
  // The shortest timer that an idle association has left is a retransmission after 400 ms.
  static constexpr Duration kIdleTick = std::chrono::milliseconds(100);
  static constexpr Duration kBusyFor = std::chrono::seconds(2);

  // The first association of a process sets usrsctp up.
  Stack() = default;
  // Its associations must have gone before.
  ~Stack();

  Stack(const Stack&) = delete;
  Stack& operator=(const Stack&) = delete;

  void HandleTimeout(Timestamp now);
  // None while there is no association.
  std::optional<Timestamp> NextTimeout() const;

  // An association of this stack that has something to transmit or to tell although it was not
  // called, or null. Each is named once, until that has happened again.
  Association* PollWoken();

  size_t size() const { return size_; }

 private:
  friend class Association;
  friend struct Process;

  // What usrsctp is to allow one association.
  struct SocketOptions {
    uint16_t port;
    uint16_t outgoing_streams;
    uint16_t incoming_streams;
    size_t max_packet;
    size_t send_space;
    size_t receive_space;
    // Longer messages are delivered in parts.
    size_t partial_delivery_point;
  };

  // An association begins or ends to take part. Its key names it to usrsctp, where a pointer
  // would outlive what it points to.
  uintptr_t Attach(Timestamp now, Association& association);
  void Detach(uintptr_t key);
  // A socket that has begun to connect; null if usrsctp would not have it.
  static Socket* Open(uintptr_t key, const SocketOptions& options);
  // There was a packet or a message, so timers matter.
  static void RecordTraffic(Timestamp now);
  // When `now` was last told to usrsctp.
  static Timestamp told();
  void RecordWoken(Association& association);
  void ForgetWoken(Association& association) { std::erase(woken_, &association); }
  // The next moment of the grid.
  static Timestamp NextTick();

  size_t size_ = 0;
  std::deque<Association*> woken_;
};

}  // namespace sluice::sctp

#endif  // SLUICE_SCTP_STACK_H_
