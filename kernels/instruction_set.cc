#include "kernels/instruction_set.h"

#include "kernels/cpu/kernels.h"

namespace unmask::kernels {

std::string_view name_of(InstructionSet set) {
  switch (set) {
    case InstructionSet::kPortable:
      return "portable";
    case InstructionSet::kAvx2:
      return "avx2";
    case InstructionSet::kAvx512:
      return "avx512";
  }
  return "";
}

std::optional<InstructionSet> instruction_set_of(std::string_view name) {
  for (const InstructionSet set : kInstructionSets) {
    if (name_of(set) == name) return set;
  }
  return {};
}

bool is_available(InstructionSet set) { return kernels_of(set) != nullptr; }

InstructionSet best_instruction_set() {
  InstructionSet best = InstructionSet::kPortable;
  for (const InstructionSet set : kInstructionSets) {
    if (is_available(set)) best = set;
  }
  return best;
}

}  // namespace unmask::kernels
