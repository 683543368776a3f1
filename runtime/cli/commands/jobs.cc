#include <cstdio>
#include <memory>

#include "runtime/cli/command.h"
#include "runtime/cli/job/client_session.h"
#include "runtime/cli/job/job_files.h"
#include "runtime/cli/text/cluster_text.h"

namespace unmask::cli {

void add_jobs(Command program) {
  auto where = std::make_shared<ClientOptions>();
  Command command = program.add_command("jobs", "List the jobs that a cluster holds");
  command.set_group(kClusterGroup);
  command.add({.name = "--json", .help = "Print a list of JSON objects"}, where->json);
  where->add_to(command);
  command.set_action([where] {
    return ClientSession::run(*where, [&](ClientSession& session) {
      session.expect_answer();
      session.client().list([&](const Result<actors::JobList>& list) {
        if (!list) return session.fail(list.error());
        std::fputs((where->json ? to_json(*list) + "\n" : to_text(*list)).c_str(), stdout);
        session.end(kOk);
      });
    });
  });
}

}  // namespace unmask::cli
