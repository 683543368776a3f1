#include "runtime/cli/process/launcher.h"

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <utility>

#include "runtime/cli/text/characters.h"

namespace unmask::cli {
namespace {

constexpr std::chrono::seconds kDeadGrace{1};  // in which who left by itself ends, or comes back
constexpr std::string_view kHttp = "http://";
constexpr int kMaxLastWords = 400;  // columns, of what the next life is told

/// The very program that runs, though another may stand in its place by now.
std::string this_program() {
  constexpr const char* kSelf = "/proc/self/exe";
  std::error_code error;
  const std::filesystem::path path = std::filesystem::read_symlink(kSelf, error);
  return error || !std::filesystem::exists(path, error) ? kSelf : path.string();
}

}  // namespace

std::string error_in(const std::string& line) {
  constexpr std::string_view kError = "error: ";  // as report() writes it
  if (const auto at = line.find(kError); at != std::string::npos) {
    return line.substr(at + kError.size());
  }
  // As make_log() writes it: for people, who know the process, or as JSON.
  if (const auto at = line.find(" error ["); at != std::string::npos) {
    const auto end_of_name = line.find("] ", at);
    return end_of_name == std::string::npos ? line : line.substr(end_of_name + 2);
  }
  return line.find("\"level\":\"error\"") != std::string::npos ? line : "";
}

std::vector<std::string> node_command(const actors::Slot& slot, const ClusterConfig& config,
                                      const std::vector<std::string>& arguments) {
  std::vector<std::string> command{this_program(), "node", "--announce", "--role",
                                   std::string(name_of(slot.role))};
  if (slot.role == actors::Role::kWorker) {
    const std::int32_t rank = slot.replica * config.cluster.workers + slot.rank;
    command.insert(command.end(), {"--rank", std::to_string(rank)});
  }
  command.insert(command.end(), arguments.begin(), arguments.end());
  return command;
}

Launcher::Launcher(ProcessHost& host, const ClusterConfig& config,
                   std::vector<std::string> arguments, MayMove may_move, Events events)
    : host_(host),
      config_(config),
      arguments_(std::move(arguments)),
      may_move_(may_move),
      events_(std::move(events)) {
  const auto add = [this](actors::Slot slot) {
    children_.push_back(std::make_unique<Child>(Child{slot, slot_name(config_, slot), nullptr}));
  };
  add({actors::Role::kCoordinator, 0, 0});
  add({actors::Role::kGateway, 0, 0});
  for (std::int32_t replica = 0; replica < config.cluster.replicas; ++replica) {
    for (std::int32_t rank = 0; rank < config.cluster.workers; ++rank) {
      add({actors::Role::kWorker, replica, rank});
    }
  }
}

void Launcher::start() { launch(child(actors::Role::kCoordinator)); }

Launcher::Child& Launcher::child(actors::Role role) {
  return **std::ranges::find(children_, role, [](const auto& child) { return child->slot.role; });
}

void Launcher::launch(Child& child) {
  child.last_error.clear();
  child.was_silent = false;
  child.dead_since.reset();
  child.is_told_to_end = false;
  std::vector<std::string> command = node_command(child.slot, config_, arguments_);
  const bool is_gateway = child.slot.role == actors::Role::kGateway;
  if (may_move_.clients && is_gateway && child.address.empty()) {
    command.emplace_back("--may-move");
  }
  if (may_move_.http && is_gateway) command.emplace_back("--http-may-move");
  if (child.http_port != 0) {
    command.insert(command.end(), {"--last-http-port", std::to_string(child.http_port)});
  }
  if (child.last_end != actors::EndReason::kNone) {
    command.insert(command.end(), {"--last-end", std::string(name_of(child.last_end)),
                                   "--last-words", first_columns(child.last_words, kMaxLastWords)});
  }
  Result<std::unique_ptr<Process>> process = Process::start(
      host_.loop(), {.command = std::move(command),
                     .on_line = [this, &child](const std::string& line) { take_line(child, line); },
                     .on_exit = [this, &child](ExitStatus status) { take_exit(child, status); }});
  if (!process) return fail(process.error().message);
  child.process = std::move(*process);
}

void Launcher::take_line(Child& child, const std::string& line) {
  if (const std::optional<Announcement> announced = Announcement::parse(line)) {
    child.watch =
        std::make_unique<LiveWatch>(host_.loop(), host_.env().timers, announced->http,
                                    [this, &child] { kill_hung(child, "does not answer"); });
    return take_address(child, announced->address);
  }
  if (std::string error = error_in(line); !error.empty()) child.last_error = std::move(error);
  events_.on_line(child.name, line);
}

/// The first life of a process decides its port; it has the same one in its later lives.
void Launcher::take_address(Child& child, const std::string& address) {
  const bool is_coordinator = child.slot.role == actors::Role::kCoordinator;
  const std::string setting =
      (is_coordinator ? "coordinator.address=" : "gateway.address=") + address;
  if (std::exchange(child.address, address) == address) return;
  arguments_.insert(arguments_.end(), {"--set", setting});
  if (is_coordinator) {
    for (const auto& other : children_) {
      if (other->slot.role != actors::Role::kCoordinator) launch(*other);
    }
  } else if (const Result<HostPort> clients = parse_host_port(address)) {
    events_.on_gateway(*clients);
  }
}

void Launcher::take_members(const std::vector<actors::MemberStatus>& members) {
  if (is_draining_ || is_over_) return;
  for (const auto& child : children_) {
    const auto member = std::ranges::find(members, child->slot,
                                          [](const auto& status) { return status.process.slot; });
    if (member != members.end()) take_member(*child, *member);
  }
}

void Launcher::take_member(Child& child, const actors::MemberStatus& member) {
  if (!child.process || child.process->pid() != member.process.pid) return child.dead_since.reset();
  if (const Result<HostPort> http = parse_host_port(
          member.process.http.substr(std::min(kHttp.size(), member.process.http.size())))) {
    child.http_port = http->port;
  }
  const bool is_dead = child.slot.role == actors::Role::kWorker && member.state == "dead";
  if (!is_dead) return child.dead_since.reset();
  const Time now = host_.env().clock.now();
  if (!child.dead_since) child.dead_since = now;
  if (now - *child.dead_since < kDeadGrace) return;
  child.dead_since.reset();
  kill_hung(child, "was declared dead");
}

void Launcher::kill_hung(Child& child, const std::string& why) {
  if (!child.process || is_over_) return;
  host_.log().warning("a process that " + why + " is killed", {{"process", child.name}});
  child.last_error = "it " + why;
  child.was_silent = true;
  child.process->kill(SIGKILL);
}

void Launcher::take_exit(Child& child, ExitStatus status) {
  child.process.reset();
  child.watch.reset();
  if (is_over_) return;
  const std::string why = child.name + " " + status.describe() +
                          (child.last_error.empty() ? "" : ": " + child.last_error);
  if (is_draining_) {
    if (!status.is_success() && is_ready_ && lost_.empty()) lost_ = why + ", while draining";
    return drain_next();
  }
  if (!is_ready_) return fail(why);
  child.last_end = end_reason(status, child.was_silent);
  child.last_words = why;
  restart(child);
}

void Launcher::restart(Child& child) {
  const std::optional<Duration> delay =
      child.restarts.fail(host_.env().clock.now(), child.last_end);
  if (!delay) {
    const bool is_hardware = child.last_end == actors::EndReason::kHardware;
    return fail(child.last_words + ", too often to start it again" +
                (is_hardware ? ": have the GPU looked at, or leave it out" : ""));
  }
  host_.log().warning(
      "a process is started again",
      {{"reason", std::string(name_of(child.last_end))}, {"why", child.last_words}});
  host_.env().timers.after(*delay, [this, &child] {
    if (!is_draining_ && !is_over_) launch(child);
  });
}

void Launcher::fail(const std::string& why) {
  if (std::exchange(is_over_, true)) return;
  for (const auto& child : children_) {
    if (child->process) child->process->kill(SIGKILL);
  }
  events_.on_failed(why);
}

void Launcher::drain() {
  if (is_over_ || std::exchange(is_draining_, true)) return;
  const Milliseconds timeout = config_.limits.drain_timeout;
  host_.env().timers.after(timeout, [this, timeout] {
    fail("what was accepted did not end within " + std::to_string(timeout.count()) +
         " ms (limits.drain_timeout) and was dropped");
  });
  drain_next();
}

void Launcher::drain_next() {
  for (const actors::Role role :
       {actors::Role::kGateway, actors::Role::kWorker, actors::Role::kCoordinator}) {
    bool has_running = false;
    for (const auto& child : children_) {
      if (child->slot.role != role || !child->process) continue;
      has_running = true;
      if (!std::exchange(child->is_told_to_end, true)) child->process->kill(SIGTERM);
    }
    if (has_running) return;
  }
  if (!lost_.empty()) return fail(lost_);
  if (!std::exchange(is_over_, true)) events_.on_ended();
}

}  // namespace unmask::cli
