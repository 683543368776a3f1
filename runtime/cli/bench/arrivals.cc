#include "runtime/cli/bench/arrivals.h"

#include <cmath>
#include <random>

namespace unmask::cli {

std::vector<double> arrivals_of(const ArrivalPlan& plan) {
  std::vector<double> times(plan.num_requests, 0);
  if (times.empty() || std::isinf(plan.rate)) return times;
  std::mt19937_64 random(plan.seed);
  std::gamma_distribution<double> interval(plan.burstiness, 1 / (plan.rate * plan.burstiness));
  double now = 0;
  for (double& time : times) time = now += interval(random);
  if (now <= 0) return times;
  const double stretch = double(plan.num_requests) / plan.rate / now;
  for (double& time : times) time *= stretch;
  return times;
}

}  // namespace unmask::cli
