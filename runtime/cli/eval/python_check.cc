#include "runtime/cli/eval/python_check.h"

#include <algorithm>

#include "runtime/base/random.h"
#include "runtime/cli/eval/verifier.h"

namespace unmask::cli {
namespace {

constexpr std::string_view kFence = "```";

/// A text as Python reads it back, whatever its bytes are.
std::string python_bytes(std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string literal = "bytes.fromhex('";
  for (const char c : text) {
    literal += kHex[static_cast<unsigned char>(c) >> 4];
    literal += kHex[static_cast<unsigned char>(c) & 15];
  }
  return literal + "').decode('utf-8', 'replace')";
}

}  // namespace

std::string code_of(std::string_view answer) {
  const std::size_t fence = answer.find(kFence);
  if (fence == std::string_view::npos) return std::string(answer);
  const std::size_t line_end = answer.find('\n', fence);
  if (line_end == std::string_view::npos) return std::string(answer);
  const std::string_view code = answer.substr(line_end + 1);
  return std::string(code.substr(0, code.find(kFence)));
}

std::string check_program(const std::string& checker, std::string_view item_json,
                          std::string_view answer, std::string_view password) {
  return "import json as _json\n"
         "item = _json.loads(" +
         python_bytes(item_json) +
         ")\n"
         "answer = " +
         python_bytes(answer) +
         "\n"
         "code = " +
         python_bytes(code_of(answer)) +
         "\n"
         "exec(compile(" +
         python_bytes(checker) +
         ", 'checker', 'exec'), {'item': item, 'answer': answer, 'code': code})\n"
         "print('\\n" +
         std::string(password) + "')\n";
}

Result<bool> passes(const std::string& checker, std::string_view item_json, std::string_view answer,
                    Isolation isolation, const SandboxLimits& limits) {
  const std::string password = "passed " + std::to_string(random_bits());
  const Result<SandboxRun> run =
      run_python(check_program(checker, item_json, answer, password), isolation, limits);
  if (!run) return run.error();
  if (run->end != SandboxRun::End::kEnded) return false;
  return trimmed(run->output).ends_with(password);
}

}  // namespace unmask::cli
