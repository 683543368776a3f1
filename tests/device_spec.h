/// The device of tests that want any: every such test runs with every instruction set.

#pragma once

#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "kernels/make_backend.h"

namespace unmask {

/// A CPU with the instructions of the setting compute.instructions, as the environment says it to
/// the program, too. A name that is none ends the test program.
inline kernels::DeviceSpec device_spec_of_tests() {
  kernels::DeviceSpec spec;
  const char* const variable = std::getenv("UNMASK_COMPUTE_INSTRUCTIONS");
  const std::string_view name = variable ? variable : "auto";
  spec.instructions = kernels::instruction_set_of(name);
  if (!spec.instructions && name != "auto") {
    std::fprintf(stderr, "UNMASK_COMPUTE_INSTRUCTIONS=%s is no instruction set\n", variable);
    std::abort();
  }
  return spec;
}

}  // namespace unmask
