/// Workers of one replica as threads of the test, over the in-process collective.

#pragma once

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "model/network/engine.h"
#include "rpc/collective/in_process.h"
#include "tests/device_spec.h"

namespace unmask::golden {

/// The value, or the end of the test program.
template <typename T>
T must(Result<T> result) {
  if (!result) {
    std::fprintf(stderr, "%s\n", result.error().message.c_str());
    std::abort();
  }
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

class WorkerGroup {
 public:
  /// Ends the test program if the model cannot be loaded. options: of every rank, but for the
  /// placement's rank and number of ranks. device: of every rank.
  WorkerGroup(const std::filesystem::path& model, int num_ranks,
              network::EngineOptions options = {},
              const kernels::DeviceSpec& device = device_spec_of_tests())
      : checkpoint_(must(checkpoint::Checkpoint::open(model))) {
    if (options.max_rows == network::EngineOptions{}.max_rows) options.max_rows = 512;
    if (options.num_kv_pages == 0) options.num_kv_pages = 64;
    if (options.num_soft_rows == 0) options.num_soft_rows = 1024;
    for (int rank = 0; rank < num_ranks; ++rank) {
      options.placement.rank = rank;
      options.placement.num_ranks = num_ranks;
      workers_.push_back(std::make_unique<Worker>(must(kernels::make_backend(device))));
      workers_.back()->engine =
          must(network::Engine::create(checkpoint_, *workers_.back()->backend, options));
    }
    regroup();
  }

  /// A new collective; all sequences are closed.
  void regroup() {
    collectives_ = rpc::make_in_process_collectives(num_ranks());
    for (int rank = 0; rank < num_ranks(); ++rank) {
      must(engine(rank).join(collectives_[std::size_t(rank)].get()));
    }
  }

  [[nodiscard]] int num_ranks() const { return static_cast<int>(workers_.size()); }
  [[nodiscard]] network::Engine& engine(int rank = 0) {
    return *workers_[std::size_t(rank)]->engine;
  }

  /// What each rank answers to the step.
  std::vector<Result<StepResult>> run_all(const Step& step) {
    return run_each(std::vector<Step>(workers_.size(), step));
  }

  /// The same, the step by rank.
  std::vector<Result<StepResult>> run_each(const std::vector<Step>& steps) {
    std::vector<Result<StepResult>> results(workers_.size(), Error{});
    on_all(
        [&](int rank) { results[std::size_t(rank)] = engine(rank).run(steps[std::size_t(rank)]); });
    return results;
  }

  /// The step's result on rank 0; an error ends the test program.
  StepResult run(const Step& step) { return must(std::move(run_all(step).front())); }

  /// Logits, hidden states and routing, as each rank sees them.
  std::vector<std::vector<network::TensorRows>> forward(const std::vector<std::int32_t>& tokens,
                                                        std::int32_t causal_block_length = 0) {
    std::vector<std::vector<network::TensorRows>> tensors(workers_.size());
    on_all([&](int rank) {
      tensors[std::size_t(rank)] =
          must(forward_full(engine(rank), tokens, causal_block_length, true));
    });
    return tensors;
  }

 private:
  struct Worker {
    explicit Worker(std::unique_ptr<kernels::Backend> device) : backend(std::move(device)) {}

    std::unique_ptr<kernels::Backend> backend;
    std::unique_ptr<network::Engine> engine{};
  };

  void on_all(const std::function<void(int rank)>& call) {
    std::vector<std::jthread> threads;
    for (int rank = 1; rank < num_ranks(); ++rank) threads.emplace_back(call, rank);
    call(0);
  }

  const checkpoint::Checkpoint checkpoint_;
  std::vector<std::unique_ptr<Collective>> collectives_;
  std::vector<std::unique_ptr<Worker>> workers_;
};

}  // namespace unmask::golden
