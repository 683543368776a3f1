#include "runtime/cli/process/prometheus_targets.h"

#include <boost/json.hpp>
#include <string_view>

namespace unmask::cli {
namespace json = boost::json;

std::string prometheus_targets(const ClusterConfig& config,
                               const std::vector<actors::MemberStatus>& members) {
  constexpr std::string_view kScheme = "http://";
  json::array targets;
  for (const actors::MemberStatus& member : members) {
    const actors::ProcessIdentity& process = member.process;
    if (!process.http.starts_with(kScheme)) continue;
    json::object labels{{"role", name_of(process.slot.role)}};
    if (process.slot.role == actors::Role::kWorker) {
      labels["replica"] = std::to_string(process.slot.replica);
      labels["rank"] =
          std::to_string(process.slot.replica * config.cluster.workers + process.slot.rank);
    }
    targets.push_back(json::object{{"targets", json::array{process.http.substr(kScheme.size())}},
                                   {"labels", labels}});
  }
  return json::serialize(targets) + "\n";
}

}  // namespace unmask::cli
