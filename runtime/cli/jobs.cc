#include <cstdio>
#include <memory>

#include "runtime/cli/client_session.h"
#include "runtime/cli/cluster_text.h"
#include "runtime/cli/command.h"
#include "runtime/cli/job_files.h"

namespace unmask::cli {

void add_jobs(CLI::App& app, int& exit_code) {
  auto where = std::make_shared<ClientOptions>();
  auto json = std::make_shared<bool>(false);
  CLI::App* command = app.add_subcommand("jobs", "List the jobs that a cluster holds");
  command->group(kClusterGroup);
  command->add_flag("--json", *json, "Print a list of JSON objects");
  where->add_to(*command);
  command->callback([where, json, &exit_code] {
    exit_code = ClientSession::run(*where, [&](ClientSession& session) {
      session.expect_answer();
      session.client().list([&](const Result<actors::JobList>& list) {
        if (!list) return session.fail(list.error());
        std::fputs((*json ? to_json(*list) + "\n" : to_text(*list)).c_str(), stdout);
        session.end(kOk);
      });
    });
  });
}

}  // namespace unmask::cli
