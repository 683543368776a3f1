#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace unmask::cli {

/// When requests of an open loop are sent; they wait for no answer.
struct ArrivalPlan {
  std::size_t num_requests = 0;
  double rate = 0;        ///< requests a second; infinity: all at once
  double burstiness = 1;  ///< shape of the gamma distribution: 1 is Poisson, below 1 in bursts
  std::uint64_t seed = 0;
};

/// Seconds since the load begins, ascending; the same for the same plan. They are stretched so that
/// the last one comes at num_requests / rate, as `vllm bench serve` does it: what is asked for is
/// the rate of the load, not that of the distribution.
[[nodiscard]] std::vector<double> arrivals_of(const ArrivalPlan& plan);

}  // namespace unmask::cli
