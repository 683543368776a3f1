#include "tests/bench/gateway/bench_gateway.h"

#include <unistd.h>

#include <fstream>
#include <future>

#include "actors/gateway/tokenizer_service.h"
#include "rpc/http/http_server.h"
#include "runtime/cli/exit_code.h"
#include "runtime/cli/process/gateway_http.h"
#include "runtime/cli/process/role_options.h"
#include "runtime/cli/process/served_model.h"
#include "runtime/cli/process/wire.h"

namespace unmask::bench {
namespace {

constexpr std::chrono::hours kNever{1};
constexpr std::size_t kMaxConnections = 4096;

}  // namespace

Result<std::unique_ptr<BenchGateway>> BenchGateway::start(const std::filesystem::path& model) {
  std::unique_ptr<BenchGateway> gateway(new BenchGateway);
  std::promise<Result<>> started;
  gateway->thread_ = std::thread([self = gateway.get(), &started, model] {
    self->run(model, [&started](Result<> result) { started.set_value(std::move(result)); });
  });
  const Result<> result = started.get_future().get();
  if (!result) return result.error();
  return gateway;
}

BenchGateway::~BenchGateway() {
  if (post_) post_(end_);
  thread_.join();
}

void BenchGateway::run(const std::filesystem::path& model, std::function<void(Result<>)> started) {
  ClusterConfig config;
  config.model.dir = model.string();
  config.log.level = "error";
  cli::ProcessHost host(config.log, "gateway");
  Result<cli::ServedModel> served = cli::open_served_model(config.model);
  if (!served) return started(served.error());
  if (!served->tokenizer) return started(served->tokenizer.error());
  cli::Wire clients(host);
  actors::TokenizerService text(std::move(served->tokenizer));
  ScriptedCoordinator coordinator(host.env().timers, *text.tokenizer());
  cli::GatewayHttp api(host, text);
  actors::GatewayRole::Options options = cli::gateway_options(config, host, served->name, {});
  options.gateway.max_jobs_per_client = options.gateway.max_jobs;
  options.member.self_fence = kNever;
  options.gateway.requester_of = [&](PeerId client) {
    return rpc::HttpClients::is_one(client) ? api.clients().requester(client)
                                            : clients.requester(client, {});
  };
  const ActorRef<actors::Outgoing> to_coordinator([&](const actors::Outgoing& outgoing) {
    coordinator.take(outgoing);
    return true;
  });
  actors::GatewayRole role(
      host.system(), host.env(), std::move(options), text,
      {api.outgoing(clients.outgoing()), api.disconnect(clients.disconnect()), to_coordinator},
      [&host](const Error&) { host.end(cli::kFailed); });
  coordinator.answer_through(role.coordinator_dispatch());
  const HostPort anywhere{"127.0.0.1", 0};
  rpc::HttpLimits limits;
  limits.max_connections = kMaxConnections;
  auto server = rpc::HttpServer::listen(host.loop(), limits, anywhere);
  if (!server) return started(server.error());
  const Result<> has_api =
      api.serve(**server, role, config, served->name, served->jobs.max_positions);
  if (!has_api) return started(has_api.error());
  clients.receive(role.client_dispatch());
  clients.on_peer({}, [&role](PeerId peer) { return role.client_down(peer); });
  const Result<> listening = clients.listen({}, anywhere);
  if (!listening) return started(listening.error());
  (void)role.coordinator_up(ScriptedCoordinator::kPeer);
  coordinator_ = &coordinator;
  thread_id_ = gettid();
  http_ = (*server)->address();
  zmq_ = clients.address();
  post_ = [&host](std::function<void()> action) { host.loop().post(std::move(action)); };
  end_ = [&host] { host.end(cli::kOk); };
  started({});
  host.run();
}

template <typename Action>
void BenchGateway::on_thread(Action action) {
  std::promise<void> done;
  post_([&] {
    action();
    done.set_value();
  });
  done.get_future().wait();
}

void BenchGateway::set_script(const BlockScript& script) {
  on_thread([&] { coordinator_->set_script(script); });
}

double BenchGateway::thread_seconds() const {
  std::ifstream schedstat("/proc/self/task/" + std::to_string(thread_id_) + "/schedstat");
  double nanoseconds = 0;
  schedstat >> nanoseconds;
  return nanoseconds * 1e-9;
}

}  // namespace unmask::bench
