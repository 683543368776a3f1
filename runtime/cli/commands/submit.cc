#include <unistd.h>

#include <cstdio>
#include <memory>
#include <optional>

#include "runtime/cli/command.h"
#include "runtime/cli/job/client_session.h"
#include "runtime/cli/job/job_batch.h"
#include "runtime/cli/job/job_options.h"
#include "runtime/cli/job/job_printer.h"
#include "runtime/cli/text/terminal.h"
#include "runtime/cli/text/text_file.h"

namespace unmask::cli {
namespace {

constexpr std::size_t kMaxFileBytes = 256 * 1024 * 1024;  // of a jobs.jsonl
constexpr int kMaxConcurrency = 256;                      // as a gateway allows one client

struct SubmitOptions {
  ClientOptions where;
  JobOptions job;
  std::string file;
  int concurrency = 8;
  bool stream = false;
  bool is_detached = false;
  int priority = 0;
  std::string model;
};

/// One job: its text on stdout, everything else on stderr.
int submit_job(const SubmitOptions& options) {
  Result<actors::Submit> submit = options.job.to_submit();
  if (!submit) return Reporter{options.job.json}(submit.error());
  options.job.tell_drawn_seed(*submit);
  JobPrinter::Options style = JobPrinter::options_for_this_process(options.job.json);
  if (style.style == JobPrinter::Style::kCanvas && !options.stream) {
    style.style = JobPrinter::Style::kStream;
  }
  JobPrinter printer(style, stdout, stderr);
  submit->subscription = printer.subscription();
  submit->is_detached = options.is_detached;
  submit->priority = options.priority;
  submit->model = options.model;
  return ClientSession::run(options.where, [&](ClientSession& session) {
    const JobId id = submit->job;
    session.set_on_interrupt([&session, id] { session.client().cancel(id); });
    rpc::JobEvents events;
    if (options.is_detached) {
      events.on_accepted = [&, id](const actors::Accepted&) { session.end(printer.show_id(id)); };
    }
    events.on_queued = [&](const actors::Queued& queued) { printer.show(queued); };
    events.on_frame = [&](const actors::Frame& frame) { printer.show(frame); };
    events.on_block = [&](const actors::Committed& block) { printer.show(block); };
    events.on_end = [&, id](const Result<actors::Finished>& end) {
      if (end) return session.end(printer.show(*end));
      if (session.client().failure()) return session.fail(end.error());
      session.end(printer.show(actors::Rejected{id, end.error()}));
    };
    const Result<> submitted = session.client().submit(*submit, std::move(events));
    if (!submitted) session.fail(submitted.error());
  });
}

/// Many jobs: one JSON object each on stdout, progress on stderr.
int submit_file(const SubmitOptions& options) {
  const Result<std::string> text = read_text(options.file, kMaxFileBytes);
  const Reporter report{options.job.json};
  if (!text) return report(text.error());
  Result<actors::Submit> common = options.job.to_submit_without_input();
  if (!common) return report(common.error());
  common->priority = options.priority;
  common->model = options.model;
  std::optional<JobBatch> batch;
  return ClientSession::run(options.where, [&](ClientSession& session) {
    const JobBatch::Options limits{
        .concurrency = std::size_t(options.concurrency),
        .shows_progress = terminal_of(STDERR_FILENO).is_terminal,
    };
    batch.emplace(session.client(), session.clock(), session.timers(), limits, *text, *common);
    session.set_on_interrupt([&] { batch->cancel(); });
    batch->start(stdout, stderr, [&session](const Result<ExitCode>& end) {
      end ? session.end(*end) : session.fail(end.error());
    });
  });
}

}  // namespace

void add_submit(Command program) {
  auto options = std::make_shared<SubmitOptions>();
  Command command = program.add_command("submit", "Send a job to a cluster, and print its text");
  command.set_group(kClusterGroup);
  options->job.add_to(command);
  command.add({.name = "--stream",
               .help = "Show every denoising step on a terminal: the canvas as it fills"},
              options->stream);
  command.add(
      {.name = "--file",
       .help = "One job a line: {\"prompt\": ...}, or \"messages\" or \"tokens\", and a template "
               "with them or alone, any parameter, and stop, deadline, priority, model, raw, "
               "special_tokens; flags hold for what a "
               "line does not say; prints one JSON object a line, in the same order and with the "
               "line's id; - is stdin",
       .type = "FILE"},
      options->file);
  command.add({.name = "--concurrency",
               .help = "Jobs of --file that are in flight",
               .type = "N",
               .shows_default = true,
               .range = {{1, kMaxConcurrency}}},
              options->concurrency);
  command.add(
      {.name = "--detach",
       .help = "Print the job's id and leave it to run (`unmask attach` fetches it); without "
               "this a job ends some time after its client (limits.client_grace)"},
      options->is_detached);
  command.add(
      {.name = "--priority",
       .help = "Of the jobs that wait the highest is next; those of one priority take turns "
               "by client",
       .type = "N",
       .shows_default = true,
       .range = {{-actors::kMaxPriority, actors::kMaxPriority}}},
      options->priority);
  command.add({.name = "--model",
               .help = "Refuse to be answered by another model; any if left out",
               .type = "NAME"},
              options->model);
  command.needs("--concurrency", "--file");
  for (const char* other : {"prompt", "--messages", "--tokens-file", "--template",
                            "--json-template", "--json-schema", "--stream", "--detach"}) {
    command.excludes("--file", other);
  }
  options->where.add_to(command);
  command.set_action([options] {
    options->where.json = options->job.json;
    return options->file.empty() ? submit_job(*options) : submit_file(*options);
  });
}

}  // namespace unmask::cli
