#include "runtime/cli/job/client_session.h"

#include <utility>

#include "rpc/zmq/curve_keys.h"

namespace unmask::cli {
namespace {

constexpr std::chrono::seconds kAnswerTimeout{10};
constexpr std::chrono::seconds kInterruptTimeout{3};  // for the cluster to end what was cancelled

Result<rpc::ZmqOptions> read_keys(const ClientOptions& options) {
  rpc::ZmqOptions zmq;
  if (options.server_key.empty()) return zmq;
  Result<std::string> server_key = rpc::read_curve_public_key(options.server_key);
  if (!server_key) return server_key.error();
  zmq.server_key = std::move(*server_key);
  Result<rpc::CurveKeyPair> keys = rpc::read_curve_keys(options.secret_key);
  if (!keys) return keys.error();
  zmq.curve = std::move(*keys);
  return zmq;
}

}  // namespace

void ClientOptions::add_to(Command command) {
  command.add({.name = "--endpoint",
               .help = "Address of the cluster's gateway",
               .type = "tcp://HOST:PORT",
               .shows_default = true,
               .environment = "UNMASK_ENDPOINT"},
              endpoint);
  add_keys_to(command);
}

void ClientOptions::add_keys_to(Command command) {
  command.add({.name = "--server-key",
               .help = "The gateway's public key, if it is encrypted",
               .type = "FILE"},
              server_key);
  command.add({.name = "--secret-key", .help = "The secret key of this client", .type = "FILE"},
              secret_key);
  command.needs("--server-key", "--secret-key");
  command.needs("--secret-key", "--server-key");
}

Result<rpc::ClientConnection::Options> ClientOptions::connection() const {
  const Result<HostPort> gateway = rpc::parse_endpoint(endpoint);
  if (!gateway) return gateway.error();
  Result<rpc::ZmqOptions> zmq = read_keys(*this);
  if (!zmq) return zmq.error();
  return rpc::ClientConnection::Options{.gateway = *gateway, .zmq = std::move(*zmq)};
}

int ClientSession::run(const ClientOptions& options,
                       const std::function<void(ClientSession&)>& begin) {
  const Reporter report{options.json};
  const Result<HostPort> gateway = rpc::parse_endpoint(options.endpoint);
  if (!gateway) return report(gateway.error());
  const Result<rpc::ZmqOptions> zmq = read_keys(options);
  if (!zmq) return report(zmq.error(), kBadConfig);
  EventLoop loop;
  auto connection = rpc::ClientConnection::open(loop, {.gateway = *gateway, .zmq = *zmq});
  if (!connection) return report(connection.error());
  ClientSession session(loop, std::move(*connection), report);
  loop.post([&] { begin(session); });
  loop.run();
  return session.code_;
}

ClientSession::ClientSession(EventLoop& loop, std::unique_ptr<rpc::ClientConnection> connection,
                             Reporter report)
    : loop_(loop),
      report_(report),
      timers_(loop),
      connection_(std::move(connection)),
      signals_(
          loop, [this] { interrupt(); }, [this] { end(kInterrupted); }) {}

void ClientSession::interrupt() {
  is_interrupted_ = true;
  if (!on_interrupt_) return end(kInterrupted);
  on_interrupt_();
  timers_.after(kInterruptTimeout, [this] { end(kInterrupted); });
}

void ClientSession::expect_answer() {
  timers_.after(kAnswerTimeout, [this] {
    fail({ErrorCode::kUnavailable,
          "the gateway did not answer within " + std::to_string(kAnswerTimeout.count()) + " s"});
  });
}

void ClientSession::end(ExitCode code) {
  code_ = is_interrupted_ && code != kOk ? kInterrupted : code;
  loop_.stop();
}

void ClientSession::fail(const Error& error) {
  Error told = error;
  if (client().failure()) told.message += "; --endpoint names another gateway";
  end(report_(told));
}

}  // namespace unmask::cli
