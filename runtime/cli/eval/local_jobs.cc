#include "runtime/cli/eval/local_jobs.h"

#include <utility>

namespace unmask::cli {

LocalJobs::LocalJobs(ProcessHost& host, const ClusterConfig& config, const ServedModel& model,
                     std::unique_ptr<kernels::Backend> backend, network::EngineOptions engine,
                     actors::TextService& text, Events events)
    : events_(std::move(events)),
      cluster_(host, config, model, std::move(backend), std::move(engine), text, client()) {}

LocalCluster::Client LocalJobs::client() {
  return {.on_loading =
              [this](auto done, auto total) {
                if (loading_) loading_->update(done, total);
              },
          .on_ready =
              [this] {
                loading_.reset();
                // The group may form again.
                if (!std::exchange(is_ready_, true)) events_.on_ready();
              },
          .on_message = [this](const actors::WireMessage& message) { take(message); },
          .on_failed =
              [this](const Error& error) {
                loading_.reset();
                events_.on_failed(error);
              }};
}

JobPort LocalJobs::port() {
  return {.submit = [this](actors::Submit submit, OnEnd on_end) -> Result<> {
            const JobId id = submit.job;
            jobs_.emplace(id, std::move(on_end));
            if (cluster_.send(std::move(submit))) return {};
            jobs_.erase(id);
            return Error{ErrorCode::kOverloaded, "the gateway has no room"};
          },
          .cancel = [this](JobId id) { (void)cluster_.send(actors::Cancel{id}); },
          .failure = [] { return std::optional<Error>(); }};
}

void LocalJobs::take(const actors::WireMessage& message) {
  if (const auto* finished = std::get_if<actors::Finished>(&message)) end(finished->job, *finished);
  if (const auto* rejected = std::get_if<actors::Rejected>(&message)) {
    end(rejected->job, rejected->error);
  }
}

void LocalJobs::end(const JobId& job, const Result<actors::Finished>& result) {
  const auto found = jobs_.extract(job);
  if (!found.empty()) found.mapped()(result);
}

}  // namespace unmask::cli
