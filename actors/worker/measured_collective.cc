#include "actors/worker/measured_collective.h"

#include <chrono>
#include <utility>

namespace unmask::actors {

MeasuredCollective::MeasuredCollective(std::unique_ptr<Collective> collective, const Clock& clock,
                                       Metrics& metrics)
    : collective_(std::move(collective)),
      clock_(clock),
      all_gather_(operation(metrics, "all_gather")),
      all_reduce_(operation(metrics, "all_reduce")) {}

MeasuredCollective::Operation MeasuredCollective::operation(Metrics& metrics,
                                                            std::string_view name) {
  return {metrics.counter("unmask_collective_seconds_total", "Time inside collectives.",
                          {{"op", name}}),
          metrics.counter("unmask_collective_bytes_total", "Bytes received in collectives.",
                          {{"op", name}})};
}

template <typename Run>
Result<> MeasuredCollective::measure(const Operation& operation, std::size_t bytes, Run run) {
  const Time start = clock_.now();
  Result<> result = run();
  operation.seconds.add(std::chrono::duration<double>(clock_.now() - start).count());
  operation.bytes.add(double(bytes));
  return result;
}

Result<> MeasuredCollective::all_gather(const void* send, void* recv, std::size_t bytes,
                                        kernels::Stream stream) {
  return measure(all_gather_, bytes * std::size_t(size() - 1),
                 [&] { return collective_->all_gather(send, recv, bytes, stream); });
}

Result<> MeasuredCollective::all_reduce_sum(float* data, std::size_t count,
                                            kernels::Stream stream) {
  return measure(all_reduce_, count * sizeof(float),
                 [&] { return collective_->all_reduce_sum(data, count, stream); });
}

}  // namespace unmask::actors
