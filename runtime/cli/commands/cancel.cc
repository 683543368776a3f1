#include <cstdio>
#include <memory>

#include "rpc/client/job_id.h"
#include "runtime/cli/command.h"
#include "runtime/cli/job/client_session.h"

namespace unmask::cli {
namespace {

int cancel_job(const ClientOptions& where, const std::string& text) {
  const Result<JobId> id = rpc::parse_job_id(text);
  if (!id) return report(id.error());
  return ClientSession::run(where, [&](ClientSession& session) {
    session.expect_answer();
    rpc::JobEvents events;
    events.on_end = [&](const Result<actors::Finished>& end) {
      if (!end && end.error().code == ErrorCode::kCancelled) return session.end(kOk);
      if (!end) return session.fail(end.error());
      if (end->reason != actors::FinishReason::kCancelled) {
        std::fprintf(stderr, "unmask: the job had ended already: %s\n",
                     std::string(name_of(end->reason)).c_str());
      }
      session.end(kOk);
    };
    session.client().cancel(*id, std::move(events));
  });
}

}  // namespace

void add_cancel(Command program) {
  auto where = std::make_shared<ClientOptions>();
  auto id = std::make_shared<std::string>();
  Command command = program.add_command("cancel", "End a job; what it finished stays");
  command.set_group(kClusterGroup);
  command.add({.name = "job",
               .help = "The job's id, as `unmask jobs` lists it",
               .type = "ID",
               .is_required = true},
              *id);
  where->add_to(command);
  command.set_action([where, id] { return cancel_job(*where, *id); });
}

}  // namespace unmask::cli
