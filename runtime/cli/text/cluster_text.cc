#include "runtime/cli/text/cluster_text.h"

#include <algorithm>
#include <vector>

#include "actors/membership/service_state.h"
#include "rpc/client/job_id.h"
#include "runtime/cli/text/characters.h"

namespace unmask::cli {
namespace {

using Row = TableRow;

/// Enough of a public key to know it again.
constexpr std::size_t kClientChars = 8;

std::string state_of(const actors::MemberStatus& member) {
  return printable(member.phase.empty() ? member.state : member.state + ": " + doing(member));
}

/// A line for each member that was started again; empty if none was.
std::string restarts_of(const std::vector<actors::MemberStatus>& members) {
  std::string text;
  for (const actors::MemberStatus& member : members) {
    const actors::ProcessIdentity& process = member.process;
    if (process.last_end == actors::EndReason::kNone) continue;
    text += (text.empty() ? "\nstarted again (" : "started again (") +
            std::string(name_of(process.last_end)) + "): " + printable(process.last_words) + "\n";
  }
  return text;
}

}  // namespace

std::string table_of(const std::vector<TableRow>& rows) {
  std::vector<std::size_t> widths;
  for (const TableRow& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (const TableRow& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += row[i] + std::string(widths[i] - row[i].size() + 2, ' ');
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

std::string short_time(std::chrono::milliseconds duration) {
  const long long ms = duration.count();
  if (ms < 1000) return std::to_string(ms) + " ms";
  if (ms < 60'000) return std::to_string(ms / 1000) + " s";
  if (ms < 3'600'000) return std::to_string(ms / 60'000) + " min";
  return std::to_string(ms / 3'600'000) + " h";
}

std::string to_text(const actors::JobList& list) {
  if (list.jobs.empty()) return "no jobs\n";
  std::vector<Row> rows{
      {"JOB", "CLIENT", "STATE", "BLOCK", "TOKENS", "FORWARDS", "AGE", "RUN", "OUTCOME"}};
  for (const actors::JobSummary& job : list.jobs) {
    rows.push_back({rpc::to_hex(job.job), printable(job.client.substr(0, kClientChars)),
                    std::string(name_of(job.state)),
                    std::to_string(job.block) + "/" + std::to_string(job.num_blocks),
                    std::to_string(job.tokens), std::to_string(job.forwards), short_time(job.age),
                    job.run_time.count() > 0 ? short_time(job.run_time) : "-",
                    printable(job.outcome)});
  }
  return table_of(rows);
}

std::string to_text(const actors::ClusterStatus& status) {
  std::string text = status.is_ready ? "ready" : "not ready";
  if (!status.model.empty()) text += ": serves " + printable(status.model);
  if (!status.version.empty()) text += " (unmask " + printable(status.version) + ")";
  text += "\njobs        " + std::to_string(status.jobs_running) + " running, " +
          std::to_string(status.jobs_waiting) + " waiting\n";
  text += "KV pages    " + std::to_string(status.kv_pages_used) + " of " +
          std::to_string(status.kv_pages_total) + " used\n";
  text += "epoch       " + std::to_string(status.epoch) + "\n";
  text += "durability  " + printable(status.durability) + "\n";
  if (status.members.empty()) return text;
  std::vector<Row> rows{{"MEMBER", "REPLICA", "RANK", "PID", "HOST", "STATE", "HTTP"}};
  for (const actors::MemberStatus& member : status.members) {
    const bool is_worker = member.process.slot.role == actors::Role::kWorker;
    rows.push_back({std::string(name_of(member.process.slot.role)),
                    is_worker ? std::to_string(member.process.slot.replica) : "-",
                    is_worker ? std::to_string(member.process.slot.rank) : "-",
                    std::to_string(member.process.pid), printable(member.process.host),
                    state_of(member), printable(member.process.http)});
  }
  return text + "\n" + table_of(rows) + restarts_of(status.members);
}

}  // namespace unmask::cli
