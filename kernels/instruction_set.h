#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace unmask::kernels {

/// What the loops of a CPU are compiled for. Two sets agree within rounding, not in bytes.
enum class InstructionSet : std::uint8_t { kPortable, kAvx2, kAvx512 };

/// All of them, the best last.
inline constexpr std::array kInstructionSets = {InstructionSet::kPortable, InstructionSet::kAvx2,
                                                InstructionSet::kAvx512};

/// portable, avx2 or avx512.
[[nodiscard]] std::string_view name_of(InstructionSet set);

/// Nothing if there is none of that name.
[[nodiscard]] std::optional<InstructionSet> instruction_set_of(std::string_view name);

/// Whether this machine, and the target of the build, have it.
[[nodiscard]] bool is_available(InstructionSet set);

/// The best that is available.
[[nodiscard]] InstructionSet best_instruction_set();

}  // namespace unmask::kernels
