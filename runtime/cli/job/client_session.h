#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "rpc/client/connection.h"
#include "runtime/cli/command.h"
#include "runtime/cli/exit_code.h"
#include "runtime/os/asio_timers.h"
#include "runtime/os/signals.h"

namespace unmask::cli {

/// The flags of every command that talks to a cluster: where it is, and with which keys.
struct ClientOptions {
  std::string endpoint{rpc::kDefaultEndpoint};
  std::string server_key;  ///< file with the gateway's public key; empty: not encrypted
  std::string secret_key;  ///< file with this client's secret key
  bool json = false;       ///< the command was asked for JSON, which an error is then, too

  void add_to(Command command);
  /// The same without --endpoint, of which the command has its own.
  void add_keys_to(Command command);

  /// What to open a connection with.
  ///
  /// Errors  kInvalidArgument: an endpoint or a key that is none
  [[nodiscard]] Result<rpc::ClientConnection::Options> connection() const;
};

/// What a command that talks to a cluster has: a connection, Ctrl-C, and an exit code in the end.
class ClientSession {
 public:
  /// Connects, calls `begin`, and works until end() or fail(). Returns the exit code.
  static int run(const ClientOptions& options, const std::function<void(ClientSession&)>& begin);

  ClientSession(EventLoop& loop, std::unique_ptr<rpc::ClientConnection> connection,
                Reporter report);
  ClientSession(const ClientSession&) = delete;
  ClientSession& operator=(const ClientSession&) = delete;

  [[nodiscard]] rpc::Client& client() { return connection_->client(); }
  [[nodiscard]] const Clock& clock() const { return clock_; }
  [[nodiscard]] Timers& timers() { return timers_; }
  [[nodiscard]] EventLoop& loop() { return loop_; }

  /// The command ends when what it waits for does, but with kInterrupted: for the first Ctrl-C.
  /// A second one, or too long a wait, ends it at once.
  void set_on_interrupt(std::function<void()> action) { on_interrupt_ = std::move(action); }

  /// For questions: the gateway may be there and not answer.
  void expect_answer();

  void end(ExitCode code);
  /// Reports what ended the command, and says how to reach another gateway if that was the reason.
  void fail(const Error& error);

 private:
  void interrupt();

  EventLoop& loop_;
  const Reporter report_;
  SteadyClock clock_;
  AsioTimers timers_;
  std::unique_ptr<rpc::ClientConnection> connection_;
  std::function<void()> on_interrupt_;
  bool is_interrupted_ = false;
  ExitCode code_ = kOk;
  Signals signals_;
};

}  // namespace unmask::cli
