#include "tests/bench/options.h"

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <map>

namespace unmask::bench {
namespace {

constexpr const char* kHowItMeasures =
    "Measures what a forward costs on this machine, by number of rows and by part of the model,\n"
    "beside what the machine can do at best.\n\n"
    "Every forward is repeated for some seconds, in short rounds; each round first measures the\n"
    "machine's peaks (multiply-adds in registers, reads from memory, on all threads). A figure is\n"
    "the best of its rounds, and `of peak` compares it with the best peak of the same rounds, so\n"
    "that work beside it on the machine disturbs both alike. On a machine that is never quiet,\n"
    "--processor-time divides the time that the process was given by its threads instead: it "
    "tells\n"
    "how good the loops are, not how evenly the threads share them.\n\n"
    "On a GPU the total is a CUDA graph of the forward, replayed. The parts are run and waited for "
    "one\nby one, launch included, so they may add up to more.";

/// What is wrong with the name, or nothing.
std::string find_instruction_set_fault(const std::string& name) {
  const auto found = kernels::instruction_set_of(name);
  if (!found) return "there is no instruction set " + name;
  if (!kernels::is_available(*found)) return "this machine has no " + name;
  return "";
}

}  // namespace

Options parse_options(int argc, char** argv) {
  Options options;
  CLI::App app(kHowItMeasures, "unmask_bench");
  bool is_processor_time = false;
  app.add_flag("--quick", options.is_quick,
               "fewer rows, less repetition, no serving: under 20 seconds");
  std::string device;
  app.add_option("--device", device, "cpu or cuda, which has the sections layer and head")
      ->check(CLI::IsMember({"cpu", "cuda"}));
  app.add_option("--only", options.only, "these sections: model, layer, head, serving")
      ->delimiter(',')
      ->check(CLI::IsMember(kSections));
  app.add_option("--model", options.model, "the checkpoint of the sections model and serving");
  app.add_option("--threads", options.num_threads, "threads; 0: one per core")
      ->check(CLI::Range(0, 1024));
  app.add_option_function<std::string>(
         "--instructions",
         [&](const std::string& name) {
           options.instruction_set = kernels::instruction_set_of(name);
         },
         "not the best that this machine has: portable, avx2 or avx512")
      ->check(CLI::Validator(find_instruction_set_fault, "NAME"));
  app.add_flag("--processor-time", is_processor_time, "not the time on the wall");
  app.add_option("--json", options.json_file, "write JSON to this file; -: to stdout, no table");
  app.add_flag("--record", options.is_recorded, "append the ratios to tests/bench/history");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    std::exit(app.exit(error));
  }
  options.is_on_gpu = device == "cuda";
  if (is_processor_time) options.stopwatch = Stopwatch::Kind::kProcessorPerThread;
  return options;
}

}  // namespace unmask::bench
