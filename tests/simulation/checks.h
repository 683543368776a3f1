#pragma once

#include <string>
#include <vector>

#include "tests/simulation/history.h"
#include "tests/simulation/oracle.h"
#include "tests/simulation/scenario.h"

namespace unmask::simulation {

/// What is wrong with a run, as sentences; nothing if every promise was kept.
///
/// expected: by job of the scenario.
[[nodiscard]] std::vector<std::string> violations(const Scenario& scenario, const History& history,
                                                  const std::vector<ExpectedAnswer>& expected);

}  // namespace unmask::simulation
