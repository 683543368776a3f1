#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace unmask::cli {

enum class Verdict : std::uint8_t {
  kOk,
  kNote,     ///< works, but could be better
  kProblem,  ///< something that is wanted does not work
};

/// "ok", "note" or "problem".
[[nodiscard]] std::string_view name_of(Verdict verdict);

/// One thing that `unmask doctor` looked at.
struct Check {
  std::string name;  ///< a word or two, the same at every time: "driver", "GPU 0"
  Verdict verdict = Verdict::kOk;
  std::string found;     ///< half a sentence
  std::string advice{};  ///< what to do; empty: nothing
};

[[nodiscard]] int count_of(Verdict verdict, const std::vector<Check>& checks);

}  // namespace unmask::cli
