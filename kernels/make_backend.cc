#include "kernels/make_backend.h"

#include <string>

#include "kernels/cpu/cpu_backend.h"
#include "kernels/cuda/make_cuda_backend.h"

namespace unmask::kernels {
namespace {

std::string available_sets() {
  std::string names;
  for (const InstructionSet set : kInstructionSets) {
    if (!is_available(set)) continue;
    if (!names.empty()) names += ", ";
    names += name_of(set);
  }
  return names;
}

}  // namespace

Result<std::unique_ptr<Backend>> make_backend(const DeviceSpec& spec) {
  if (spec.kind == DeviceKind::kCuda) return make_cuda_backend(spec.index, spec.fast_products);
  if (spec.instructions && !is_available(*spec.instructions)) {
    return Error{ErrorCode::kInvalidArgument, "this machine cannot compute with --instructions " +
                                                  std::string(name_of(*spec.instructions)) +
                                                  "; it has " + available_sets()};
  }
  return std::unique_ptr<Backend>(std::make_unique<CpuBackend>(
      CpuBackend::Options{.threads = {.num_threads = spec.num_threads, .pin = spec.pin_threads},
                          .instruction_set = spec.instructions}));
}

}  // namespace unmask::kernels
