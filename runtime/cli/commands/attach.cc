#include <cstdio>
#include <memory>

#include "rpc/client/job_id.h"
#include "runtime/cli/command.h"
#include "runtime/cli/job/client_session.h"
#include "runtime/cli/job/job_printer.h"

namespace unmask::cli {
namespace {

struct AttachOptions {
  ClientOptions where;
  std::string job;
};

int attach_to_job(const AttachOptions& options) {
  const Result<JobId> id = rpc::parse_job_id(options.job);
  if (!id) return Reporter{options.where.json}(id.error());
  JobPrinter::Options style = JobPrinter::options_for_this_process(options.where.json);
  if (style.style == JobPrinter::Style::kCanvas) style.style = JobPrinter::Style::kStream;
  JobPrinter printer(style, stdout, stderr);
  return ClientSession::run(options.where, [&](ClientSession& session) {
    rpc::JobEvents events;
    events.on_queued = [&](const actors::Queued& queued) { printer.show(queued); };
    events.on_block = [&](const actors::Committed& block) { printer.show(block); };
    events.on_end = [&](const Result<actors::Finished>& end) {
      if (end) return session.end(printer.show(*end));
      if (session.client().failure()) return session.fail(end.error());
      session.end(printer.show(actors::Rejected{*id, end.error()}));
    };
    const Result<> attached =
        session.client().attach({*id, printer.subscription()}, std::move(events));
    if (!attached) session.fail(attached.error());
  });
}

}  // namespace

void add_attach(Command program) {
  auto options = std::make_shared<AttachOptions>();
  Command command =
      program.add_command("attach", "Follow a job that was submitted before, from its first block");
  command.set_group(kClusterGroup);
  command.add({.name = "job",
               .help = "The job's id, as `unmask jobs` lists it",
               .type = "ID",
               .is_required = true},
              options->job);
  command.add({.name = "--json", .help = "Print one JSON object instead of text"},
              options->where.json);
  options->where.add_to(command);
  command.set_action([options] { return attach_to_job(*options); });
}

}  // namespace unmask::cli
