#include "runtime/cli/commands/version.h"

#include <boost/json.hpp>
#include <cstdio>
#include <memory>
#include <string>

#include "kernels/instruction_set.h"
#include "runtime/cli/command.h"
#include "runtime/cli/text/json_text.h"

namespace unmask::cli {
namespace {

#ifdef UNMASK_HAS_CUDA
constexpr bool kHasCuda = true;
#else
constexpr bool kHasCuda = false;
#endif

int print_version(bool json) {
  const std::string version(kVersion);
  const std::string cpu(kernels::name_of(kernels::best_instruction_set()));
  if (json) {
    const boost::json::object object{
        {"version", version}, {"compiler", "GCC " __VERSION__}, {"cpu", cpu}, {"cuda", kHasCuda}};
    std::printf("%s\n", json_text(object).c_str());
  } else {
    std::printf("unmask %s (built with GCC %s; computes with %s%s)\n", version.c_str(), __VERSION__,
                cpu.c_str(), kHasCuda ? " and CUDA" : "");
  }
  return kOk;
}

}  // namespace

void add_version(Command program) {
  Command command = program.add_command("version", "Which unmask this is, and what it runs on");
  command.set_group(kLookGroup);
  const auto json = std::make_shared<bool>(false);
  command.add({.name = "--json", .help = "Print one JSON object"}, *json);
  command.set_action([json] { return print_version(*json); });
}

}  // namespace unmask::cli
