#pragma once

#include <cstddef>

namespace unmask::diffusion {

inline constexpr std::size_t kMaxChoices = 128;          ///< of a rule: all are listed in steps
inline constexpr std::size_t kMaxNeverChosen = 1 << 14;  ///< ids of a job, which are in every step

}  // namespace unmask::diffusion
