#pragma once

#include <memory>

#include "model/collective.h"
#include "runtime/actor/clock.h"
#include "runtime/base/metrics.h"

namespace unmask::actors {

/// A collective whose operations are counted: time and bytes by operation.
class MeasuredCollective final : public Collective {
 public:
  MeasuredCollective(std::unique_ptr<Collective> collective, const Clock& clock, Metrics& metrics);

  [[nodiscard]] int rank() const override { return collective_->rank(); }
  [[nodiscard]] int size() const override { return collective_->size(); }
  [[nodiscard]] Result<> all_gather(const void* send, void* recv, std::size_t bytes,
                                    kernels::Stream stream) override;
  [[nodiscard]] Result<> all_reduce_sum(float* data, std::size_t count,
                                        kernels::Stream stream) override;
  [[nodiscard]] Result<> wait(kernels::Stream stream) override { return collective_->wait(stream); }
  void abort() override { collective_->abort(); }

 private:
  struct Operation {
    Counter& seconds;
    Counter& bytes;
  };

  [[nodiscard]] static Operation operation(Metrics& metrics, std::string_view name);
  template <typename Run>
  Result<> measure(const Operation& operation, std::size_t bytes, Run run);

  std::unique_ptr<Collective> collective_;
  const Clock& clock_;
  Operation all_gather_;
  Operation all_reduce_;
};

}  // namespace unmask::actors
