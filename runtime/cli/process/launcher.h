#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/cli/process/live_watch.h"
#include "runtime/cli/process/node_process.h"
#include "runtime/cli/process/restart_history.h"
#include "runtime/os/process.h"

namespace unmask::cli {

/// The command line that runs this program as one process of a cluster. arguments: with which it
/// loads `config`.
std::vector<std::string> node_command(const actors::Slot& slot, const ClusterConfig& config,
                                      const std::vector<std::string>& arguments);

/// The error in a line of a process's output; empty if there is none.
std::string error_in(const std::string& line);

/// Starts the processes of a cluster on this machine, starts again those that fail or hang, and
/// ends all in the order in which nothing is lost: gateway, workers, coordinator.
///
/// Whether a worker hangs its coordinator says; of the others a LiveWatch does.
class Launcher {
 public:
  struct Events {
    /// A line of a process's log.
    std::function<void(const std::string& process, const std::string& line)> on_line;
    /// Clients can reach the gateway here.
    std::function<void(const HostPort& clients)> on_gateway;
    /// The cluster cannot start, a process failed too often, or jobs may have been lost while
    /// draining. Nothing is called after it.
    std::function<void(const std::string& why)> on_failed;
    /// Every process has ended well after drain().
    std::function<void()> on_ended;
  };

  /// Ports of the gateway that need not be had: if one is taken, another does.
  struct MayMove {
    bool clients = false;
    bool http = false;
  };

  /// arguments: with which a node loads `config`.
  Launcher(ProcessHost& host, const ClusterConfig& config, std::vector<std::string> arguments,
           MayMove may_move, Events events);

  void start();
  /// What the cluster says of its members: a worker that was declared dead, but still runs, is
  /// killed, upon which it is started again.
  void take_members(const std::vector<actors::MemberStatus>& members);
  /// From now on a process that ends is started again, within limits.
  void set_ready() { is_ready_ = true; }
  void drain();

 private:
  struct Child {
    actors::Slot slot;
    std::string name;
    std::unique_ptr<Process> process;
    std::string address{};               ///< at which it listens, the same in all its lives
    int http_port = 0;                   ///< of this life, or the last
    std::unique_ptr<LiveWatch> watch{};  ///< from its announcement on
    std::optional<Time> dead_since{};
    std::string last_error{};  ///< of its log: why it ended
    bool was_silent = false;   ///< it was killed because nobody heard of it
    actors::EndReason last_end = actors::EndReason::kNone;  ///< of its last life
    std::string last_words{};                               ///< the same in a sentence
    RestartHistory restarts{};
    bool is_told_to_end = false;  ///< once: a second signal would end it at once
  };

  Child& child(actors::Role role);
  void launch(Child& child);
  void take_line(Child& child, const std::string& line);
  void take_member(Child& child, const actors::MemberStatus& member);
  void take_address(Child& child, const std::string& address);
  void kill_hung(Child& child, const std::string& why);
  void take_exit(Child& child, ExitStatus status);
  void restart(Child& child);
  void fail(const std::string& why);
  void drain_next();

  ProcessHost& host_;
  const ClusterConfig& config_;
  std::vector<std::string> arguments_;
  const MayMove may_move_;
  const Events events_;
  std::vector<std::unique_ptr<Child>> children_;  ///< coordinator, gateway, workers by rank
  bool is_ready_ = false;
  bool is_draining_ = false;
  std::string lost_;  ///< what did not end well while draining; empty: all did
  bool is_over_ = false;
};

}  // namespace unmask::cli
