#include "runtime/cli/endpoints_file.h"

#include <unistd.h>

#include <boost/json.hpp>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

namespace unmask::cli {
namespace json = boost::json;

std::string endpoints_json(const ClusterConfig& config, const std::string& client,
                           const std::vector<MemberStatus>& members) {
  constexpr const char* kRoles[] = {"coordinator", "gateway", "worker"};
  json::array processes;
  for (const MemberStatus& member : members) {
    const std::int32_t rank =
        member.role == Role::kWorker ? member.replica * config.cluster.workers + member.rank : 0;
    processes.push_back(json::object{{"role", kRoles[std::size_t(member.role)]},
                                     {"rank", rank},
                                     {"replica", member.replica},
                                     {"pid", member.pid},
                                     {"http", member.http}});
  }
  return json::serialize(json::object{{"client", client}, {"processes", processes}}) + "\n";
}

Result<> write_whole_file(const std::string& path, const std::string& text) {
  const std::string draft = path + ".tmp" + std::to_string(getpid());
  std::ofstream file(draft, std::ios::binary | std::ios::trunc);
  file << text << std::flush;
  const bool is_written = bool(file);
  file.close();
  std::error_code error;
  if (is_written) std::filesystem::rename(draft, path, error);
  if (is_written && !error) return {};
  const std::string why = error ? error.message() : std::strerror(errno);
  std::filesystem::remove(draft, error);
  return Error{ErrorCode::kInvalidArgument, "cannot write " + path + ": " + why};
}

}  // namespace unmask::cli
