#include "runtime/cli/top/top_snapshot.h"

#include <algorithm>
#include <boost/json.hpp>

#include "rpc/openai/json_text.h"
#include "runtime/cli/job/job_files.h"

namespace unmask::cli {
namespace {

namespace json = boost::json;

constexpr std::string_view kTokens = "unmask_committed_tokens_total";
constexpr std::string_view kForwards = "unmask_forward_passes_total";

const std::vector<MetricSample>* metrics_of(const TopSnapshot& snapshot,
                                            const actors::MemberStatus& member) {
  const auto found = snapshot.metrics.find(member.process.http);
  return found == snapshot.metrics.end() ? nullptr : &found->second;
}

const actors::MemberStatus* coordinator_of(const TopSnapshot& snapshot) {
  const auto& members = snapshot.status.members;
  const auto found = std::ranges::find_if(members, [](const actors::MemberStatus& member) {
    return member.process.slot.role == actors::Role::kCoordinator;
  });
  return found == members.end() ? nullptr : &*found;
}

json::value value_of(const std::optional<double>& number) {
  return number ? json::value(*number) : json::value(nullptr);
}

json::object mailboxes_json(const std::vector<MetricSample>& samples) {
  json::object mailboxes;
  for (const MetricSample& sample : samples) {
    if (sample.name != "unmask_actor_mailbox_depth") continue;
    const auto actor = sample.labels.find("actor_type");
    if (actor != sample.labels.end()) mailboxes[actor->second] = sample.value;
  }
  return mailboxes;
}

}  // namespace

void set_rates(TopSnapshot& now, const TopSnapshot& before) {
  const auto *newer = coordinator_of(now), *older = coordinator_of(before);
  if (newer == nullptr || older == nullptr || newer->process.pid != older->process.pid) return;
  const auto *after = metrics_of(now, *newer), *first = metrics_of(before, *older);
  const double seconds = std::chrono::duration<double>(now.at - before.at).count();
  if (after == nullptr || first == nullptr || seconds <= 0) return;
  const double tokens = sum_of(*after, kTokens) - sum_of(*first, kTokens);
  const double forwards = sum_of(*after, kForwards) - sum_of(*first, kForwards);
  now.tokens_per_s = tokens / seconds;
  if (forwards > 0) now.tokens_per_forward = tokens / forwards;
}

std::optional<double> mailbox_depth(const TopSnapshot& snapshot,
                                    const actors::MemberStatus& member) {
  const auto* samples = metrics_of(snapshot, member);
  if (samples == nullptr) return std::nullopt;
  return sum_of(*samples, "unmask_actor_mailbox_depth");
}

std::string device_of(const TopSnapshot& snapshot, const actors::MemberStatus& member) {
  const auto* samples = metrics_of(snapshot, member);
  if (samples == nullptr) return "";
  const auto info = std::ranges::find(*samples, "unmask_worker_info", &MetricSample::name);
  if (info == samples->end()) return "";
  const auto device = info->labels.find("device");
  return device == info->labels.end() ? "" : device->second;
}

std::string to_json(const TopSnapshot& snapshot) {
  json::object object = json::parse(to_json(snapshot.status)).as_object();
  object["jobs"] = json::parse(to_json(snapshot.jobs));
  object["tokens_per_second"] = value_of(snapshot.tokens_per_s);
  object["tokens_per_forward"] = value_of(snapshot.tokens_per_forward);
  json::array& members = object["members"].as_array();
  for (std::size_t i = 0; i < members.size(); ++i) {
    const actors::MemberStatus& member = snapshot.status.members[i];
    json::object& entry = members[i].as_object();
    const auto* samples = metrics_of(snapshot, member);
    entry["device"] = device_of(snapshot, member);
    entry["mailbox_depth"] = value_of(mailbox_depth(snapshot, member));
    entry["mailboxes"] = samples == nullptr ? json::value(nullptr) : mailboxes_json(*samples);
  }
  return rpc::json_text(object);
}

}  // namespace unmask::cli
