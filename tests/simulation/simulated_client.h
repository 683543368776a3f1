#pragma once

#include <string>
#include <vector>

#include "tests/simulation/scenario.h"

namespace unmask::simulation {

/// What was refused for now is tried again after so long.
inline constexpr Duration kTryAgain = std::chrono::milliseconds(100);

/// A client of a scenario. It tries again what was refused for now, and writes down what it hears.
class SimulatedClient {
 public:
  virtual ~SimulatedClient() = default;

  virtual void submit(const JobPlan& job) = 0;
  virtual void cancel(const JobId& job) = 0;

  /// All that was submitted has ended.
  [[nodiscard]] virtual bool is_done() const = 0;
  /// What no gateway should do.
  [[nodiscard]] virtual std::vector<std::string> faults() const = 0;
};

}  // namespace unmask::simulation
