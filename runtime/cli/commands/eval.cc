#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "actors/gateway/tokenizer_service.h"
#include "runtime/cli/command.h"
#include "runtime/cli/eval/evaluation.h"
#include "runtime/cli/eval/local_jobs.h"
#include "runtime/cli/job/client_session.h"
#include "runtime/cli/process/model_options.h"
#include "runtime/cli/process/worker_device.h"
#include "runtime/cli/text/characters.h"

namespace unmask::cli {
namespace {

constexpr int kMostInFlight = 256;  // as a gateway allows one client

constexpr const char* kEvalExamples = R"(Examples:
  unmask eval --out found --limit 20
  unmask eval --out found --tasks sorting,editing --caches none,dual --smoothing both
              --strategies threshold,threshold:threshold=0.5,credit
  unmask eval --out found --model LLaDA-MoE-7B-A1B-Instruct --tasks gsm8k,humaneval --data DIR
              --strategies threshold:threshold=0.8 --caches vicinity --smoothing both --limit 100
  unmask eval --out found --endpoint tcp://127.0.0.1:7400 --tasks questions.jsonl

Every strategy is tried with every cache, and with smoothing as asked; what contradicts itself is
told and left out. NAME:PARAMETER=VALUE sets a parameter of that strategy or cache alone, --set one
of all.

A task is one that came with unmask (those of model/zoo/eval; all of them are called all), one of a
public data set (crux_o, gsm8k, humaneval, ifeval, livecodebench, mbpp), of which --data names the
folder, or a .jsonl of your own, an item a line:
  {"prompt": "What is 2 + 2?", "answer": "4", "verifier": "final_number"}
with "messages" ([{"role", "content"}, ...]) in place of "prompt" if you like. Verifiers: exact;
final_number (the last number, behind #### if that is there); json (equal as such); choice (A to D);
python, with "cases" ([[[arguments], result], ...]) or a "checker": Python that has item, answer and
code, and raises unless the answer is right. Answers in Python run in a sandbox without network,
files of yours, or further processes.

DIR gets results.jsonl (a line for each item that is done: the same command goes on behind them),
report.json, report.md (the table that is printed) and plot.svg.)";

struct EvalFlags {
  EvaluationOptions options;
  ModelOptions model;
  ClientOptions where;
  int limit = 0;
  int concurrency = 16;
};

/// Everything is computed, or nothing else will be: what is found is shown.
ExitCode conclude(Evaluation& evaluation, const Result<ExitCode>& end, const Reporter& report) {
  const ExitCode told = end ? *end : report(end.error());
  if (!evaluation.has_results()) {
    const std::optional<Error> why = evaluation.why_no_results();
    return why ? report(*why) : told;
  }
  if (const Result<> shown = evaluation.show(stdout, stderr); !shown) return report(shown.error());
  return told;
}

int eval_here(const EvalFlags& flags, const Reporter& report) {
  const std::string in_flight = std::to_string(flags.concurrency);
  const Result<ClusterConfig> config =
      flags.model.load({{"limits.max_running", in_flight, "--concurrency"},
                        {"log.level", "warning", "unmask eval"}});
  if (!config) return report(config.error(), kBadConfig);
  Result<ServedModel> model = open_served_model(config->model);
  if (!model) return report(model.error(), kBadConfig);
  warn(*model);
  if (!model->tokenizer) return report(model->tokenizer.error(), kBadConfig);
  Result<Evaluation> evaluation = Evaluation::prepare(
      flags.options, {model->name, model->arithmetic(), model->jobs.vocabulary.is_block_causal});
  if (!evaluation) return report(evaluation.error());
  Result<WorkerDevice> opened = open_worker_device(*model, *config, config->worker(0, 0));
  if (!opened) return report(opened.error(), kBadConfig);

  actors::TokenizerService text(std::move(model->tokenizer));
  ProcessHost host(config->log, "");
  std::optional<Result<ExitCode>> ended;
  const auto end = [&](const Result<ExitCode>& result) {
    if (!ended) ended = result;
    host.end(0);
  };
  std::optional<LocalJobs> jobs;
  jobs.emplace(
      host, *config, *model, std::move(opened->device.backend), std::move(opened->engine), text,
      LocalJobs::Events{.on_ready =
                            [&] {
                              const Env env = host.env();
                              evaluation->start(jobs->port(), host.loop(), env.timers, env.clock,
                                                end);
                            },
                        .on_failed = [&](const Error& error) { end(report(error, kBadConfig)); }});
  host.set_on_drain([&] { evaluation->cancel([&] { end(kInterrupted); }); });
  jobs->start();
  host.run();
  const ExitCode code = conclude(*evaluation, ended.value_or(kInterrupted), report);
  if (code != kInterrupted) return code;
  // The device may be in the middle of something long.
  std::fflush(nullptr);
  std::_Exit(code);
}

int eval_in_cluster(const EvalFlags& flags, const Reporter& report) {
  if (const std::string given = flags.model.first_given(); !given.empty()) {
    return report(invalid("--endpoint asks a cluster, which chose its " + given +
                          " when it started: leave one of them out"));
  }
  std::optional<Evaluation> evaluation;
  ExitCode code = kInterrupted;
  const int session_code = ClientSession::run(flags.where, [&](ClientSession& session) {
    session.client().status([&](const Result<actors::ClusterStatus>& status) {
      if (!status) return session.fail(status.error());
      Result<Evaluation> prepared = Evaluation::prepare(flags.options, {status->model, "", {}});
      if (!prepared) return session.end(report(prepared.error()));
      evaluation.emplace(std::move(*prepared));
      JobPort port{.submit = [&](actors::Submit submit, auto on_end) -> Result<> {
                     rpc::JobEvents events;
                     events.on_end = std::move(on_end);
                     return session.client().submit(std::move(submit), std::move(events));
                   },
                   .cancel = [&](JobId id) { session.client().cancel(id); },
                   .failure = [&] { return session.client().failure(); }};
      session.set_on_interrupt([&] { evaluation->cancel([&] { session.end(kInterrupted); }); });
      evaluation->start(std::move(port), session.loop(), session.timers(), session.clock(),
                        [&](const Result<ExitCode>& end) {
                          code = conclude(*evaluation, end, report);
                          session.end(code);
                        });
    });
  });
  if (session_code != kInterrupted) return session_code;
  std::fflush(nullptr);
  std::_Exit(session_code);
}

void add_grid_flags(Command command, EvaluationOptions& options) {
  command.add({.name = "--tasks",
               .help = "Names, or paths of .jsonl files, apart by commas",
               .type = "LIST",
               .shows_default = true,
               .has_commas = true},
              options.tasks);
  command.add({.name = "--data",
               .help = "Folder with the files of public data sets, for tasks that read them",
               .type = "DIR"},
              options.data);
  command.add({.name = "--strategies",
               .help = "Apart by commas, each NAME or NAME:PARAMETER=VALUE:...",
               .type = "LIST",
               .shows_default = true,
               .has_commas = true},
              options.grid.strategies);
  command.add({.name = "--caches",
               .help = "The same of caches; default is the model's own",
               .type = "LIST",
               .shows_default = true,
               .has_commas = true},
              options.grid.caches);
  command.add({.name = "--smoothing",
               .help = "off, on, or both for comparison",
               .type = "WHICH",
               .shows_default = true,
               .one_of = {"off", "on", "both"}},
              options.grid.smoothing);
  command.add({.name = "--set",
               .help = "A diffusion parameter of all (may be repeated): gen_length=256",
               .type = "NAME=VALUE"},
              options.grid.set);
}

}  // namespace

void add_eval(Command program) {
  Command command =
      program.add_command("eval", "How often a model is right, and how fast, by way of decoding");
  command.set_group(kGenerateGroup);
  command.set_footer(kEvalExamples);
  const auto flags = std::make_shared<EvalFlags>();
  add_grid_flags(command, flags->options);
  command.add({.name = "--limit",
               .help = "Items of each task, from its beginning; all if left out",
               .type = "N",
               .range = {{1, 1'000'000}}},
              flags->limit);
  command.add({.name = "--out",
               .help = "Folder for results and reports; one that has results goes on with them",
               .type = "DIR",
               .is_required = true},
              flags->options.out);
  command.add({.name = "--concurrency",
               .help = "Items that are in flight",
               .type = "N",
               .shows_default = true,
               .range = {{1, kMostInFlight}}},
              flags->concurrency);
  command.add({.name = "--unsafe-python",
               .help = "Run answers in Python even where they can read this user's files"},
              flags->options.allows_unsafe_python);
  command.add({.name = "--json", .help = "Print the report as one JSON object, not as a table"},
              flags->options.json);
  flags->model.add_to(command);
  flags->where.endpoint.clear();
  command.add({.name = "--endpoint",
               .help = "Ask the cluster with this gateway, instead of computing here",
               .type = "tcp://HOST:PORT"},
              flags->where.endpoint);
  flags->where.add_keys_to(command);
  command.needs("--server-key", "--endpoint");
  command.set_action([flags] {
    flags->where.json = flags->options.json;
    flags->options.concurrency = std::size_t(flags->concurrency);
    if (flags->limit > 0) flags->options.limit = std::size_t(flags->limit);
    const Reporter report{flags->options.json};
    return flags->where.endpoint.empty() ? eval_here(*flags, report)
                                         : eval_in_cluster(*flags, report);
  });
}

}  // namespace unmask::cli
