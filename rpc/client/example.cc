/// A whole client: submits one prompt, prints each block as soon as it is final.
///
///   unmask_client_example tcp://127.0.0.1:7400 "What is 347 + 285?"

#include <cstdio>

#include "rpc/client/connection.h"
#include "rpc/client/job_id.h"

int main(int argc, char** argv) {
  using namespace unmask;
  if (argc != 3) return std::fprintf(stderr, "usage: %s ENDPOINT PROMPT\n", argv[0]), 2;
  const Result<HostPort> gateway = rpc::parse_endpoint(argv[1]);
  if (!gateway) return std::fprintf(stderr, "%s\n", gateway.error().message.c_str()), 2;

  EventLoop loop;
  const auto connection = rpc::ClientConnection::open(loop, {.gateway = *gateway});
  if (!connection) return std::fprintf(stderr, "%s\n", connection.error().message.c_str()), 1;

  actors::Submit job;
  // The id is made here, so that the same job can be asked for again, by anyone who knows it.
  job.job = rpc::random_job_id();
  job.input = actors::TextInput{argv[2], false};
  job.parameters = {{"gen_length", "64"}, {"threshold", "0.9"}};

  int exit_code = 0;
  rpc::JobEvents events;
  events.on_block = [](const actors::Committed& block) {
    std::fputs(block.text.c_str(), stdout);
    std::fflush(stdout);
  };
  events.on_end = [&](const Result<actors::Finished>& end) {
    const std::optional<Error> error = end ? end->error : end.error();
    if (error) {
      std::fprintf(stderr, "%s\n", error->message.c_str());
      exit_code = 1;
    } else {
      std::printf("\n%d tokens in %d forwards\n", end->figures.tokens, end->figures.forwards);
    }
    loop.stop();
  };
  const Result<> submitted = (*connection)->client().submit(std::move(job), std::move(events));
  if (!submitted) return std::fprintf(stderr, "%s\n", submitted.error().message.c_str()), 2;
  loop.run();
  return exit_code;
}
