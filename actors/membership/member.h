#pragma once

#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "actors/messages.h"
#include "runtime/actor/actor.h"
#include "runtime/actor/env.h"

namespace unmask::actors {

/// What a process has when it can belong: sent to its Member once its weights are loaded.
struct Loaded {
  std::uint64_t model_digest = 0;
  std::string numerics;
  std::string numeric_class;
  Capacity capacity;
};
/// Progress of loading, from another thread.
struct LoadingProgress {
  std::string phase;
  std::int64_t done = 0;
  std::int64_t total = 0;
};
/// The process is told to end: it says so, and is no member any more.
struct Depart {
  std::string reason;
};
struct MemberTick {};

/// A process's own membership: joins, sends heartbeats, and fences itself before the coordinator
/// would declare it dead.
///
/// Receives   Loaded, LoadingProgress from the process; PeerUp, PeerDown of the link to the
///            coordinator; Welcome, JoinRejected, HeartbeatAck from it; Depart; its own Tick
/// Sends      Join, Loading, Heartbeat, Leaving
/// Invariant  once `leave` was called, or it departed, nothing more is sent
class Member final
    : public Actor<Member, Loaded, LoadingProgress, PeerUp, PeerDown, Incoming<Welcome>,
                   Incoming<JoinRejected>, Incoming<HeartbeatAck>, Depart, MemberTick> {
 public:
  struct Options {
    ProcessIdentity process;
    Incarnation incarnation = 0;
    std::chrono::milliseconds self_fence{2500};  ///< less than Membership::Options::dead_after
  };
  /// The process must end, with this reason; called at most once.
  using Leave = std::function<void(Error)>;

  Member(ActorContext& context, Env env, Options options, ActorRef<Outgoing> wire, Leave leave);

  void on(Loaded loaded);
  void on(LoadingProgress progress);
  void on(PeerUp up);
  void on(PeerDown down);
  void on(Incoming<Welcome> welcome);
  void on(Incoming<JoinRejected> refused);
  void on(Incoming<HeartbeatAck> ack);
  void on(Depart depart);
  void on(MemberTick tick);

 private:
  static constexpr std::size_t kMaxBeats = 256;  ///< whose answers are waited for

  void join();
  void leave(Error error);
  void send(WireMessage message);
  void schedule_tick();

  const Env env_;
  const Options options_;
  const ActorRef<Outgoing> wire_;
  Leave leave_;
  std::optional<PeerId> coordinator_;
  std::optional<Loaded> loaded_;
  bool has_joined_ = false;
  bool has_left_ = false;
  std::uint64_t beat_ = 0;
  std::deque<std::pair<std::uint64_t, Time>> beats_;  ///< not answered, and when they were sent
  Time last_heard_;  ///< when what the coordinator answered last was sent: it was alive later
  std::chrono::milliseconds interval_{250};
};

}  // namespace unmask::actors
