#include "runtime/cli/process/endpoints_file.h"

#include <boost/json.hpp>

namespace unmask::cli {
namespace json = boost::json;

std::string endpoints_json(const ClusterConfig& config, const std::string& client,
                           const std::vector<actors::MemberStatus>& members) {
  json::array processes;
  for (const actors::MemberStatus& member : members) {
    const std::int32_t rank =
        member.process.slot.role == actors::Role::kWorker
            ? member.process.slot.replica * config.cluster.workers + member.process.slot.rank
            : 0;
    processes.push_back(json::object{{"role", name_of(member.process.slot.role)},
                                     {"rank", rank},
                                     {"replica", member.process.slot.replica},
                                     {"pid", member.process.pid},
                                     {"http", member.process.http}});
  }
  return json::serialize(json::object{{"client", client}, {"processes", processes}}) + "\n";
}

}  // namespace unmask::cli
