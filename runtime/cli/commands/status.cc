#include <cstdio>
#include <memory>

#include "runtime/cli/command.h"
#include "runtime/cli/job/client_session.h"
#include "runtime/cli/job/job_files.h"
#include "runtime/cli/text/cluster_text.h"

namespace unmask::cli {

void add_status(Command program) {
  auto where = std::make_shared<ClientOptions>();
  Command command =
      program.add_command("status", "Say how a cluster is, and what a restart of it loses");
  command.set_group(kClusterGroup);
  command.add({.name = "--json", .help = "Print a JSON object"}, where->json);
  where->add_to(command);
  command.set_action([where] {
    return ClientSession::run(*where, [&](ClientSession& session) {
      session.expect_answer();
      session.client().status([&](const Result<actors::ClusterStatus>& status) {
        if (!status) return session.fail(status.error());
        std::fputs((where->json ? to_json(*status) + "\n" : to_text(*status)).c_str(), stdout);
        session.end(kOk);
      });
    });
  });
}

}  // namespace unmask::cli
