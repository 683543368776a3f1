/// Whether an answer is right, as a program in Python says.

#pragma once

#include <string>
#include <string_view>

#include "runtime/base/result.h"
#include "runtime/cli/eval/sandbox.h"

namespace unmask::cli {

/// The first fenced block of `answer`; all of it if it has none.
[[nodiscard]] std::string code_of(std::string_view answer);

/// A program that prints `password` in the end if `checker` comes to its end without an exception.
/// The checker is Python that has `item` (of JSON), `answer` (text) and `code` (of it), and may
/// execute the code.
[[nodiscard]] std::string check_program(const std::string& checker, std::string_view item_json,
                                        std::string_view answer, std::string_view password);

/// Runs it. An answer that means harm may find the password and call itself right; it can do
/// nothing else.
///
/// Errors  those of run_python()
[[nodiscard]] Result<bool> passes(const std::string& checker, std::string_view item_json,
                                  std::string_view answer, Isolation isolation,
                                  const SandboxLimits& limits = {});

}  // namespace unmask::cli
