#include "runtime/cli/top/top_text.h"

#include <algorithm>
#include <cstdio>

#include "actors/membership/service_state.h"
#include "rpc/client/job_id.h"
#include "runtime/cli/text/characters.h"
#include "runtime/cli/text/cluster_text.h"

namespace unmask::cli {
namespace {

constexpr std::size_t kTopClientChars = 8, kJobChars = 8;

std::string rate_text(const std::optional<double>& rate, const char* format) {
  if (!rate) return "-";
  char text[40];
  std::snprintf(text, sizeof text, format, *rate);
  return text;
}

std::vector<std::string> totals(const TopSnapshot& snapshot) {
  const actors::ClusterStatus& status = snapshot.status;
  return {std::string(status.is_ready ? "ready" : "not ready") + ": " + printable(status.model) +
              " (unmask " + printable(status.version) + ", epoch " + std::to_string(status.epoch) +
              ")",
          "tokens/s " + rate_text(snapshot.tokens_per_s, "%.1f") + "   tokens/forward " +
              rate_text(snapshot.tokens_per_forward, "%.2f") + "   running " +
              std::to_string(status.jobs_running) + "   waiting " +
              std::to_string(status.jobs_waiting) + "   KV pages " +
              std::to_string(status.kv_pages_used) + "/" + std::to_string(status.kv_pages_total)};
}

std::vector<TableRow> member_rows(const TopSnapshot& snapshot) {
  std::vector<TableRow> rows{{"MEMBER", "PLACE", "STATE", "DEVICE", "PID", "MAIL"}};
  for (const actors::MemberStatus& member : snapshot.status.members) {
    const actors::Slot& slot = member.process.slot;
    const bool is_worker = slot.role == actors::Role::kWorker;
    const std::string device = printable(device_of(snapshot, member));
    rows.push_back(
        {std::string(name_of(slot.role)),
         is_worker ? std::to_string(slot.replica) + "." + std::to_string(slot.rank) : "-",
         printable(member.phase.empty() ? member.state : doing(member)),
         device.empty() ? "-" : device, std::to_string(member.process.pid),
         rate_text(mailbox_depth(snapshot, member), "%.0f")});
  }
  return rows;
}

std::vector<TableRow> job_rows(const TopSnapshot& snapshot) {
  std::vector<TableRow> rows{{"JOB", "CLIENT", "STATE", "BLOCK", "TOKENS", "FORWARDS", "AGE"}};
  for (const actors::JobSummary& job : snapshot.jobs.jobs) {
    if (job.state == actors::JobSummary::State::kFinished) continue;
    rows.push_back({rpc::to_hex(job.job).substr(0, kJobChars),
                    printable(job.client.substr(0, kTopClientChars)),
                    std::string(name_of(job.state)),
                    std::to_string(job.block) + "/" + std::to_string(job.num_blocks),
                    std::to_string(job.tokens), std::to_string(job.forwards), short_time(job.age)});
  }
  return rows;
}

}  // namespace

std::vector<std::string> top_lines(const TopSnapshot& snapshot) {
  std::vector<std::string> lines = totals(snapshot);
  const auto append = [&lines](const std::vector<TableRow>& rows) {
    lines.emplace_back();
    std::string text = table_of(rows);
    for (std::size_t begin = 0; begin < text.size();) {
      const std::size_t end = text.find('\n', begin);
      lines.push_back(text.substr(begin, end - begin));
      begin = end + 1;
    }
  };
  append(member_rows(snapshot));
  const std::vector<TableRow> jobs = job_rows(snapshot);
  if (jobs.size() == 1) {
    lines.insert(lines.end(), {"", "no job is running or waiting"});
  } else {
    append(jobs);
  }
  return lines;
}

std::string top_frame(const std::vector<std::string>& lines, int width, int height) {
  const auto room = std::size_t(std::max(height, 1));
  const bool fits = lines.size() <= room;
  const std::size_t num_shown = fits ? lines.size() : room - 1;
  std::string frame = "\x1b[H";
  const auto draw = [&](const std::string& line, bool is_last) {
    // Whoever clears behind a line that reaches the border clears its last character.
    frame += first_columns(line, width - 1) + "\x1b[K" + (is_last ? "" : "\r\n");
  };
  for (std::size_t i = 0; i < num_shown; ++i) draw(lines[i], fits && i + 1 == num_shown);
  if (!fits) draw("... " + std::to_string(lines.size() - num_shown) + " more lines", true);
  return frame + "\x1b[J";
}

}  // namespace unmask::cli
