#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <memory>

#include "actors/membership/service_state.h"
#include "rpc/client/connection.h"
#include "runtime/cli/command.h"
#include "runtime/cli/process/cluster_options.h"
#include "runtime/cli/process/endpoints_file.h"
#include "runtime/cli/process/launcher.h"
#include "runtime/cli/process/local_config.h"
#include "runtime/cli/process/memory_report.h"
#include "runtime/cli/process/page_opener.h"
#include "runtime/cli/process/prometheus_targets.h"
#include "runtime/cli/text/cluster_text.h"
#include "runtime/cli/text/output_file.h"

namespace unmask::cli {
namespace {

constexpr std::chrono::milliseconds kWatchInterval{200};

struct UpOptions {
  ClusterOptions cluster;
  std::string endpoints_file;
  std::string prometheus_targets;
  bool opens_page = false;
};

void say(const std::string& line) {
  std::printf("%s\n", line.c_str());
  std::fflush(stdout);
}

/// A cluster on this machine, from the first process to the last.
class UpCommand {
 public:
  UpCommand(const ClusterConfig& config, const UpOptions& options, Launcher::MayMove may_move)
      : config_(config),
        endpoints_file_(options.endpoints_file),
        targets_file_(options.prometheus_targets),
        opens_page_(options.opens_page),
        host_(config.log, "up"),
        launcher_(host_, config_, options.cluster.to_arguments(), may_move,
                  {[](const std::string& /*process*/, const std::string& line) {
                     std::fprintf(stderr, "%s\n", line.c_str());
                   },
                   [this](const HostPort& clients) { take_gateway(clients); },
                   [this](const std::string& why) { fail(why); }, [this] { end(); }}) {}

  int run() {
    if (!endpoints_file_.empty()) unlink(endpoints_file_.c_str());
    host_.set_on_drain([this] {
      say("stopping: accepted jobs are finished first (Ctrl-C again to stop at once)");
      launcher_.drain();
    });
    say("[2/4] starting " + std::to_string(config_.cluster.replicas * config_.cluster.workers) +
        " workers, a coordinator and a gateway");
    launcher_.start();
    return host_.run();
  }

 private:
  void take_gateway(const HostPort& clients) {
    const HostPort& wanted = config_.gateway.address;
    if (wanted.port != 0 && wanted.port != clients.port) {
      say("      port " + std::to_string(wanted.port) +
          " is taken: clients need --endpoint tcp://" + clients.to_string());
    }
    gateway_ = clients;
    client_ = "tcp://" + clients.to_string();
    connect();
    host_.every(kWatchInterval, [this] { ask(); });
  }

  void connect() {
    Result<std::unique_ptr<rpc::ClientConnection>> connection =
        rpc::ClientConnection::open(host_.loop(), {.gateway = gateway_});
    if (!connection) return fail(connection.error().message);
    connection_ = std::move(*connection);
  }

  void ask() {
    if (std::exchange(is_asking_, true)) return;
    connection_->client().status([this](const Result<actors::ClusterStatus>& status) {
      is_asking_ = false;
      if (status) return take_status(*status);
      // If the client gave up: the gateway may come back later. Not within its own call.
      if (connection_->client().failure()) host_.loop().post([this] { connect(); });
    });
  }

  void take_status(const actors::ClusterStatus& status) {
    launcher_.take_members(status.members);
    show_progress(status);
    keep_current(targets_file_, prometheus_targets(config_, status.members), targets_);
    std::size_t num_ready = 0;
    for (const actors::MemberStatus& member : status.members) num_ready += member.state == "ready";
    const std::size_t wanted =
        2 + std::size_t(config_.cluster.replicas) * std::size_t(config_.cluster.workers);
    if (num_ready < wanted) return;
    // Later lives of a process have another pid and port.
    keep_current(endpoints_file_, endpoints_json(config_, client_, status.members), endpoints_);
    if (!std::exchange(is_ready_, true)) show_ready(status);
  }

  /// Writes what the file, if there is one, does not say already.
  void keep_current(const std::string& path, std::string text, std::string& written) {
    if (path.empty() || text == written) return;
    Result<OutputFile> file = OutputFile::create(path);
    if (!file) return fail(file.error().message);
    file->write(text);
    if (const Result<> done = file->commit(); !done) return fail(done.error().message);
    written = std::move(text);
  }

  /// Nothing is left to be watched.
  void end() {
    keep_current(targets_file_, prometheus_targets(config_, {}), targets_);
    host_.end(kOk);
  }

  /// A line per member whenever what it does changes, or a tenth of it is done.
  void show_progress(const actors::ClusterStatus& status) {
    if (is_ready_) return;
    for (actors::MemberStatus member : status.members) {
      if (member.process.slot.role != actors::Role::kWorker || member.state == "absent") continue;
      const actors::Slot& slot = member.process.slot;
      member.progress = std::floor(member.progress * 10) / 10;
      std::string& told = told_[slot_name(config_, slot)];
      if (told == doing(member)) continue;
      told = doing(member);
      say("[3/4] " + slot_name(config_, slot) + ": " + told);
    }
  }

  void show_ready(const actors::ClusterStatus& status) {
    launcher_.set_ready();
    say("[4/4] ready: every worker has run a real collective");
    for (const actors::MemberStatus& member : status.members) {
      if (member.process.slot.role == actors::Role::kGateway) show_gateway(member.process.http);
    }
    say("      jobs         " + status.durability);
    say("\nSubmit a job:\n  unmask submit --endpoint " + client_ +
        " \"Mia has 12 apples and buys 7 more. How many apples does she have?\"\nCtrl-C stops the "
        "cluster.\n");
  }

  /// http: where it serves as it really is, `http://127.0.0.1:8080`.
  void show_gateway(const std::string& http) {
    say("      OpenAI API   " + http + "/v1");
    say("      page         " + http + "/");
    if (!opens_page_) return;
    opener_.open(host_.loop(), http + "/", [](const std::string& sentence) {
      std::fprintf(stderr, "unmask: %s\n", sentence.c_str());
    });
  }

  void fail(const std::string& why) {
    std::fprintf(stderr, "unmask: error: %s\n", why.c_str());
    host_.end(is_ready_ ? kDeviceLost : kBadConfig);
  }

  const ClusterConfig config_;
  const std::string endpoints_file_;
  const std::string targets_file_;
  const bool opens_page_;
  ProcessHost host_;
  Launcher launcher_;
  PageOpener opener_;
  HostPort gateway_;
  std::string client_;
  std::unique_ptr<rpc::ClientConnection> connection_;
  bool is_asking_ = false;
  std::string endpoints_;  ///< as they were written
  std::string targets_;
  std::map<std::string, std::string> told_;
  bool is_ready_ = false;
};

/// Settings that a cluster on one machine has unless they were set: ports that are free, but for
/// those of clients, which have them for their defaults, and may be others if they are taken.
Launcher::MayMove use_free_ports(const LoadedConfig& loaded, ClusterOptions& options) {
  Launcher::MayMove may_move;
  for (const ConfigEntry& entry : loaded.entries) {
    if (entry.source != ConfigSource::kDefault) continue;
    if (entry.key == "coordinator.address") options.set(entry.key, "127.0.0.1:0");
    if (entry.key == "gateway.http_port") may_move.http = true;
    if (entry.key == "gateway.address") may_move.clients = true;
  }
  return may_move;
}

int run_up(UpOptions options) {
  const Result<LoadedConfig> asked = options.cluster.load();
  if (!asked) return report(asked.error(), kBadConfig);
  const Launcher::MayMove may_move = use_free_ports(*asked, options.cluster);
  const Result<LoadedConfig> loaded = options.cluster.load();
  if (!loaded) return report(loaded.error(), kBadConfig);
  warn(*loaded);
  if (loaded->config.security.curve) {
    return report(Error{ErrorCode::kInvalidArgument,
                        "up runs on this machine only and uses no CURVE keys: set security.curve "
                        "to false, or start each process with `unmask node`"},
                  kBadConfig);
  }
  const Result<ServedModel> model = open_served_model(loaded->config.model);
  if (!model) return report(model.error(), kBadConfig);
  warn(*model);
  const Result<std::vector<std::string>> memory = memory_report(*model, loaded->config);
  if (!memory) return report(memory.error(), kBadConfig);
  say("[1/4] model " + model->name + " from " + model->checkpoint.dir().string());
  for (const std::string& line : *memory) say("      " + line);
  UpCommand command(loaded->config, options, may_move);
  return command.run();
}

}  // namespace

void add_up(Command program) {
  const auto options = std::make_shared<UpOptions>();
  Command command = program.add_command("up", "Run a whole cluster on this machine");
  command.set_group(kClusterGroup);
  command.set_footer(
      "Starts a coordinator, a gateway and R x N workers as processes of their own, and prints "
      "the\n"
      "line to submit with. Clients find it at 127.0.0.1:7400, those of OpenAI's API at\n"
      "http://127.0.0.1:8080/v1, people with a browser a page at http://127.0.0.1:8080/, or at "
      "free\n"
      "ports if those are taken.\n"
      "A process that fails, or hangs, is started again.\n"
      "Ctrl-C or SIGTERM: no new jobs, accepted ones end, then everything stops.\n"
      "  unmask up --workers 2\n"
      "  unmask up --workers 2 --replicas 2 --model ~/LLaDA-MoE-7B-A1B-Instruct");
  const auto named = [options = options.get(), &command](const char* flag, const char* key,
                                                         const char* help) {
    const auto set = [options, key, flag](const std::string& value) -> Result<> {
      options->cluster.flags.push_back({key, value, flag});
      return {};
    };
    command.add({.name = flag, .help = help, .type = "N"}, set);
  };
  named("--workers", "cluster.workers",
        "Workers that share one model (tensor and expert parallel)");
  named("--replicas", "cluster.replicas", "Copies of the model, each on its own workers");
  options->cluster.add_to(command);
  options->cluster.add_http_to(command);
  command.add({.name = "--endpoints-file",
               .help = "Written as JSON once every worker has run a real collective",
               .type = "FILE"},
              options->endpoints_file);
  command.add({.name = "--prometheus-targets",
               .help = "Kept as Prometheus' file_sd_configs read it: where every process serves "
                       "/metrics",
               .type = "FILE"},
              options->prometheus_targets);
  command.add({.name = "--open",
               .help = "Open the gateway's page in a browser ($BROWSER, or xdg-open) once it is "
                       "ready"},
              options->opens_page);
  command.set_action([options] { return run_up(*options); });
}

}  // namespace unmask::cli
