#include "actors/membership/service_state.h"

#include <map>

namespace unmask::actors {

std::string doing(const MemberStatus& member) {
  if (member.phase.empty()) return member.state;
  return member.phase + " " + std::to_string(int(100 * member.progress)) + " %";
}

ServiceState service_state(std::span<const MemberStatus> members,
                           std::span<const std::string> hosts) {
  std::map<std::int32_t, bool> is_whole;  // by replica
  std::string missing;
  std::size_t worker = 0;
  for (const MemberStatus& member : members) {
    if (member.process.slot.role != Role::kWorker) continue;
    const std::size_t index = worker++;
    const bool is_ready = member.state == "ready";
    bool& whole = is_whole.try_emplace(member.process.slot.replica, true).first->second;
    whole = whole && is_ready;
    if (is_ready) continue;
    const std::string host = index < hosts.size() ? " (" + hosts[index] + ")" : "";
    missing += (missing.empty() ? "worker " : ", worker ") + std::to_string(index) + host + ": " +
               doing(member);
  }
  for (const auto& [replica, whole] : is_whole) {
    if (whole) return {true, ""};
  }
  return missing.empty() ? ServiceState{} : ServiceState{false, missing};
}

}  // namespace unmask::actors
