#include "runtime/cli/commands/bench_serve.h"

#include <array>
#include <cstdio>
#include <ctime>
#include <memory>
#include <optional>

#include "runtime/cli/bench/cluster_target.h"
#include "runtime/cli/bench/http_target.h"
#include "runtime/cli/bench/load_json.h"
#include "runtime/cli/bench/load_options.h"
#include "runtime/cli/bench/load_table.h"
#include "runtime/cli/command.h"
#include "runtime/cli/job/client_session.h"
#include "runtime/cli/text/output_file.h"
#include "runtime/cli/text/progress.h"
#include "runtime/os/asio_timers.h"
#include "runtime/os/signals.h"

namespace unmask::cli {
namespace {

struct BenchServeOptions {
  ClientOptions where;
  LoadOptions load;
  std::string api_key;
};

/// 2026-11-30T13:05:14Z
std::string utc_date(const Clock& clock) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(clock.unix_time()).count();
  const std::time_t time = seconds;
  std::tm utc{};
  gmtime_r(&time, &utc);
  std::array<char, 32> text{};
  return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &utc)};
}

void show_progress(Progress& line, const Load& load) {
  const std::size_t done = load.records().size();
  std::string text = std::to_string(done) + " of " + std::to_string(load.num_requests()) +
                     " requests, " + std::to_string(load.num_in_flight()) + " in flight";
  if (done > 0) {
    const double left = load.seconds() / double(done) * double(load.num_requests() - done);
    text += ", about " + std::to_string(std::int64_t(left)) + " s left";
  }
  line.say(std::move(text));
}

/// Prints and writes what came of the load; what it is worth to the shell.
ExitCode tell(const Load& load, const LoadOptions& options, LoadRun run) {
  run.is_interrupted = load.is_interrupted();
  run.num_cancelled = load.num_cancelled();
  run.records = load.records();
  run.figures = figures_of(run.records, options.percents, options.objectives);
  std::fputs((options.json ? to_json(run) + "\n" : load_table(run)).c_str(), stdout);
  if (run.is_interrupted) {
    std::fprintf(stderr,
                 "unmask: interrupted after %zu of %zu requests; %zu in flight were cancelled and "
                 "count nowhere\n",
                 run.records.size(), run.num_prompts, run.num_cancelled);
  }
  if (!options.output.empty()) {
    const Result<> written = write_text(options.output, to_json(run) + "\n");
    if (!written) return Reporter{options.json}(written.error());
  }
  if (run.is_interrupted) return kInterrupted;
  return run.figures.num_failed == 0 ? kOk : kFailed;
}

/// With its date and its endpoint.
LoadRun run_that_begins(const BenchServeOptions& options, const Clock& clock) {
  LoadRun run = options.load.run();
  run.endpoint = options.where.endpoint;
  run.date = utc_date(clock);
  return run;
}

int serve_cluster(const BenchServeOptions& options, const Load::Options& load_options) {
  std::optional<ClusterTarget> target;
  std::optional<Load> load;
  Progress progress("");
  return ClientSession::run(options.where, [&](ClientSession& session) {
    const LoadRun run = run_that_begins(options, session.clock());
    target.emplace(session.client(), session.timers());
    load.emplace(*target, session.clock(), session.timers(), load_options);
    session.set_on_interrupt([&load] { load->interrupt(); });
    Load::Events events;
    events.on_progress = [&session, &load, &progress] {
      show_progress(progress, *load);
      if (session.client().failure()) load->send_no_more();
    };
    events.on_end = [&session, &load, &options, &progress, run](const Result<>& end) {
      progress.say("");
      const std::optional<Error>& lost = session.client().failure();
      if (!end || (lost && load->records().empty()))
        return session.fail(lost ? *lost : end.error());
      const ExitCode code = tell(*load, options.load, run);
      lost ? session.fail(*lost) : session.end(code);
    };
    load->start(std::move(events));
  });
}

int serve_http(const BenchServeOptions& options, const Load::Options& load_options) {
  const Reporter report{options.load.json};
  Result<HttpEndpoint> endpoint = parse_http_endpoint(options.where.endpoint);
  if (!endpoint) return report(endpoint.error());
  EventLoop loop;
  const SteadyClock clock;
  AsioTimers timers(loop);
  HttpTarget target(loop, timers, std::move(*endpoint), options.api_key);
  Load load(target, clock, timers, load_options);
  Progress progress("");
  ExitCode code = kInterrupted;
  const Signals signals(
      loop, [&] { load.interrupt(); }, [&] { loop.stop(); });
  const LoadRun run = run_that_begins(options, clock);
  Load::Events events;
  events.on_progress = [&] { show_progress(progress, load); };
  events.on_end = [&](const Result<>& end) {
    progress.say("");
    code = end ? tell(load, options.load, run) : report(end.error());
    loop.stop();
  };
  loop.post([&] { load.start(std::move(events)); });
  loop.run();
  return code;
}

int serve(const BenchServeOptions& options) {
  const Result<Load::Options> load = options.load.load();
  if (!load) return Reporter{options.load.json}(load.error());
  const bool is_http = options.where.endpoint.starts_with("http");
  if (is_http) return serve_http(options, *load);
  if (!options.api_key.empty()) {
    return Reporter{options.load.json}(
        invalid("--api-key is for an http:// endpoint; --server-key is for this one"));
  }
  return serve_cluster(options, *load);
}

}  // namespace

void add_bench_serve(Command bench) {
  Command command = bench.add_command(
      "serve", "Put a load on a gateway, and say what it felt like: as `vllm bench serve`");
  command.set_footer(load_figures_help());
  const auto options = std::make_shared<BenchServeOptions>();
  command.add(
      {.name = "--endpoint",
       .help = "Address of a cluster's gateway, or of a server of OpenAI's chat completions",
       .type = "tcp://HOST:PORT|http://HOST:PORT",
       .shows_default = true,
       .environment = "UNMASK_ENDPOINT"},
      options->where.endpoint);
  options->where.add_keys_to(command);
  const auto take_key = [options = options.get()](const std::string& key) -> Result<> {
    for (const char c : key) {
      if (c <= ' ' || c > '~') return invalid("a key is letters, digits and signs");
    }
    options->api_key = key;
    return {};
  };
  command.add({.name = "--api-key", .help = "For an http:// endpoint", .type = "KEY"}, take_key);
  options->load.add_to(command);
  command.set_action([options] {
    options->where.json = options->load.json;
    return serve(*options);
  });
}

}  // namespace unmask::cli
