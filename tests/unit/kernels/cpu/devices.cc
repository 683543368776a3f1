#include "kernels/make_backend.h"
#include "tests/unit/kernels/device.h"

namespace unmask::kernels {

std::vector<Device> devices() {
  std::vector<Device> all;
  const auto add_cpu = [&](const char* name, InstructionSet set) {
    if (!is_available(set)) return;
    all.push_back({name, [set](int num_threads) {
                     return *make_backend({.num_threads = num_threads, .instructions = set});
                   }});
  };
  add_cpu("CpuPortable", InstructionSet::kPortable);
  add_cpu("CpuAvx2", InstructionSet::kAvx2);
  add_cpu("CpuAvx512", InstructionSet::kAvx512);
  return all;
}

}  // namespace unmask::kernels
