#pragma once

#include <filesystem>
#include <memory>

#include "model/network/engine.h"
#include "tests/bench/subject.h"

namespace unmask::bench {

/// A whole model: one sequence denoises its last rows over the cache of the others, and decodes
/// them all.
class ModelSubject final : public Subject {
 public:
  static constexpr int kNumKeys = 256;

  /// Errors  those of the checkpoint and the engine; a model whose canvas is shorter than kNumKeys
  static Result<std::unique_ptr<ModelSubject>> load(const std::filesystem::path& model,
                                                    kernels::Backend& backend,
                                                    kernels::DType dtype);

  [[nodiscard]] std::string name() const override;
  void prepare(int num_rows) override;
  void forward() override { run(step_); }

 private:
  ModelSubject(std::string name, std::unique_ptr<network::Engine> engine);

  [[nodiscard]] Step step_of(Range computed, bool is_first) const;
  void run(const Step& step);

  const std::string name_;
  std::unique_ptr<network::Engine> engine_;
  Step step_;
};

}  // namespace unmask::bench
