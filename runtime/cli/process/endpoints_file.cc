#include "runtime/cli/process/endpoints_file.h"

#include <boost/json.hpp>

namespace unmask::cli {
namespace json = boost::json;

std::string endpoints_json(const ClusterConfig& config, const std::string& client,
                           const std::vector<actors::MemberStatus>& members) {
  json::array processes;
  for (const actors::MemberStatus& member : members) {
    const std::int32_t rank = member.role == actors::Role::kWorker
                                  ? member.replica * config.cluster.workers + member.rank
                                  : 0;
    processes.push_back(json::object{{"role", name_of(member.role)},
                                     {"rank", rank},
                                     {"replica", member.replica},
                                     {"pid", member.pid},
                                     {"http", member.http}});
  }
  return json::serialize(json::object{{"client", client}, {"processes", processes}}) + "\n";
}

}  // namespace unmask::cli
