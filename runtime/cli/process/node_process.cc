#include "runtime/cli/process/node_process.h"

#include <unistd.h>

#include <array>
#include <cstdio>
#include <utility>

#include "rpc/zmq/zmq_options.h"
#include "runtime/cli/process/process_http.h"

namespace unmask::cli {
namespace {

constexpr std::string_view kListens = "unmask listens at ";
constexpr std::string_view kServesHttp = ", http at ";

std::string host_name() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

actors::EndReason end_reason_named(const std::string& name) {
  for (const auto reason :
       {actors::EndReason::kExit, actors::EndReason::kSignal, actors::EndReason::kDevice,
        actors::EndReason::kHardware, actors::EndReason::kSilence}) {
    if (name == name_of(reason)) return reason;
  }
  return actors::EndReason::kNone;
}

int http_port(const ClusterConfig& config, const actors::Slot& slot) {
  switch (slot.role) {
    case actors::Role::kCoordinator:
      return config.coordinator.http_port;
    case actors::Role::kGateway:
      return config.gateway.http_port;
    case actors::Role::kWorker:
      return config.worker(slot.replica, slot.rank).http_port;
  }
  return 0;
}

}  // namespace

std::string slot_name(const ClusterConfig& config, const actors::Slot& slot) {
  if (slot.role != actors::Role::kWorker) return std::string(name_of(slot.role));
  return "worker " + std::to_string(slot.replica * config.cluster.workers + slot.rank);
}

NodeProcess::NodeProcess(const ClusterConfig& config, actors::Slot slot, const NodeStart& start)
    : config_(config),
      start_(start),
      name_(slot_name(config, slot)),
      host_(config.log, name_),
      self_{slot, getpid(), host_name(), "", end_reason_named(start.last_end), start.last_words},
      not_ready_reason_([] { return "starting"; }),
      connections_(share_descriptors(raise_descriptor_limit(),
                                     std::size_t(config.limits.max_connections),
                                     rpc::ZmqOptions{}.max_connections)) {}

Result<> NodeProcess::serve_http() {
  rpc::HttpServer::Options options;
  options.max_connections = connections_.http;
  options.keep_alive = config_.http.keep_alive;
  const bool is_gateway = self_.slot.role == actors::Role::kGateway;
  const std::string host = is_gateway ? config_.gateway_http().host : config_.http.address;
  const auto listen_at = [&](int port) {
    return rpc::HttpServer::listen(host_.loop(), options, {host, std::uint16_t(port)});
  };
  const int configured = http_port(config_, self_.slot);
  Result<std::unique_ptr<rpc::HttpServer>> server =
      listen_at(start_.http_port != 0 ? start_.http_port : configured);
  if (!server && start_.http_port != 0) server = listen_at(configured);
  if (!server && start_.http_may_move) server = listen_at(0);
  if (!server) return server.error();
  http_ = std::move(*server);
  if (!is_gateway) add_index_route(*http_, name_);
  add_process_routes(*http_, host_.metrics(), [this] {
    return host_.is_draining() ? "draining: no new jobs are taken" : not_ready_reason_();
  });
  self_.http = "http://" + http_->address().to_string();
  return {};
}

void NodeProcess::set_readiness(std::function<std::string()> not_ready_reason) {
  not_ready_reason_ = std::move(not_ready_reason);
}

void NodeProcess::announce(const HostPort& listening) const {
  if (!start_.announces) return;
  const Announcement announcement{listening.to_string(), http_->address()};
  std::printf("%s\n", announcement.to_line().c_str());
  std::fflush(stdout);
}

std::string Announcement::to_line() const {
  return std::string(kListens) + address + std::string(kServesHttp) + http.to_string();
}

std::optional<Announcement> Announcement::parse(const std::string& line) {
  const std::size_t middle = line.find(kServesHttp);
  if (!line.starts_with(kListens) || middle == std::string::npos) return {};
  const Result<HostPort> http = parse_host_port(line.substr(middle + kServesHttp.size()));
  if (!http) return {};
  return Announcement{line.substr(kListens.size(), middle - kListens.size()), *http};
}

}  // namespace unmask::cli
