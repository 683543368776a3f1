#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "model/diffusion/trace.h"
#include "model/network/engine.h"
#include "runtime/base/result.h"
#include "runtime/cli/command_line.h"
#include "runtime/cli/process/served_model.h"

namespace unmask::cli {

/// A model as the tools `forward` and `trace` ask it. Whoever computes, the bytes are the same.
class ToolModel {
 public:
  virtual ~ToolModel() = default;

  /// One forward of `tokens` without a cache: as Engine::inspect.
  virtual Result<> forward(std::span<const std::int32_t> tokens, std::int32_t causal_block_length,
                           bool wants_hidden,
                           const std::function<void(network::TensorRows)>& sink) = 0;

  /// Runs the job as the only one; calls `on_forward` with the number of forwards so far.
  virtual Result<diffusion::Trace> trace(const diffusion::TraceJob& job,
                                         const std::function<void(std::int32_t)>& on_forward) = 0;
};

/// The flags of both tools.
struct ToolFlags {
  std::string model;  ///< folder; empty: the one that ships with unmask
  std::string dtype = "f32";
  std::string instructions;  ///< empty: as the environment says, else the best
  std::string device;        ///< empty: the same
  int workers = 1;

  void add_to(Command command);

  /// What the flags and the environment say.
  ///
  /// Errors  those of load_local_config()
  [[nodiscard]] Result<ClusterConfig> config() const;

  /// The checkpoint, to look at before its weights are loaded.
  ///
  /// Errors  one sentence that names the folder, file or tensor
  [[nodiscard]] static Result<ServedModel> open(const ClusterConfig& config);

  /// num_rows: of the largest forward
  ///
  /// Errors  kInvalidArgument if the model has not so many positions, or the flags do not fit it
  [[nodiscard]] Result<> check(const ServedModel& model, std::int64_t num_positions,
                               std::int64_t num_rows) const;

  /// Loads the weights, with room for one sequence that takes so much. `model` outlives the result.
  ///
  /// Errors  those of make_backend() and Engine::create
  [[nodiscard]] Result<std::unique_ptr<ToolModel>> load(const ClusterConfig& config,
                                                        const ServedModel& model,
                                                        const diffusion::MaxUse& use) const;
};

}  // namespace unmask::cli
