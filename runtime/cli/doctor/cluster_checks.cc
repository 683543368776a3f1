#include "runtime/cli/doctor/cluster_checks.h"

#include <algorithm>
#include <utility>

namespace unmask::cli {
namespace {

/// Keeps the first of those who name an address.
class AddressList {
 public:
  void add(const std::string& who, const HostPort& at) {
    if (std::ranges::find(all_, at, &ListenedAddress::at) == all_.end()) all_.push_back({who, at});
  }
  /// Nothing where any free port will do, as loopback has one.
  void add_http(const std::string& who, const std::string& host, std::int32_t port) {
    if (port != 0) add(who + "'s HTTP", {host, std::uint16_t(port)});
  }
  std::vector<ListenedAddress> all() && { return std::move(all_); }

 private:
  std::vector<ListenedAddress> all_;
};

}  // namespace

std::vector<ListenedAddress> listened_addresses(const ClusterConfig& config) {
  AddressList list;
  list.add("coordinator", config.coordinator.address);
  list.add("gateway", config.gateway.address);
  list.add_http("coordinator", config.http.address, config.coordinator.http_port);
  list.add_http("gateway", config.gateway_http().host, config.gateway.http_port);
  for (const WorkerConfig& worker : config.workers) {
    const std::string who =
        "worker " + std::to_string(worker.replica * config.cluster.workers + worker.rank);
    if (config.cluster.workers > 1) list.add(who, {worker.host, 0});
    list.add_http(who, config.http.address, worker.http_port);
  }
  return std::move(list).all();
}

Check check_address(const ListenedAddress& address, const Result<>& listened) {
  const std::string at = address.at.port == 0 ? address.at.host : address.at.to_string();
  if (listened) return {address.who, Verdict::kOk, at + " can be listened on"};
  if (listened.error().code == ErrorCode::kNotFound) {
    return {address.who, Verdict::kNote,
            at + " is not of this machine: " + listened.error().message,
            "leave it if that process runs on another one"};
  }
  return {address.who, Verdict::kProblem, at + ": " + listened.error().message,
          "end what listens there (ss -ltnp), or give it another address in the cluster file"};
}

std::vector<Check> check_model(const Result<ServedModel>& model) {
  constexpr const char* kName = "model";
  if (!model) {
    return {{kName, Verdict::kProblem, model.error().message,
             "name a Hugging Face folder (--model); unmask doctor model DIR looks closer"}};
  }
  std::vector<Check> checks{
      {kName, Verdict::kOk,
       model->name + ": " + std::string(name_of(model->checkpoint.config().architecture)) + ", " +
           std::to_string(model->num_parameters) + " parameters, " + model->arithmetic()}};
  for (const std::string& warning : model->warnings) {
    checks.push_back({kName, Verdict::kNote, warning});
  }
  return checks;
}

Check check_memory_plan(const Result<std::vector<std::string>>& report) {
  constexpr const char* kName = "worker";
  if (!report) return {kName, Verdict::kProblem, report.error().message};
  return {kName, Verdict::kOk, report->front()};
}

}  // namespace unmask::cli
