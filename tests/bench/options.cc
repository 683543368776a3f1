#include "tests/bench/options.h"

#include <cstdio>
#include <cstdlib>

#include "runtime/cli/command_line.h"
#include "runtime/cli/exit_code.h"

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

Result<> set_instructions(Options& options, const std::string& name) {
  if (name == "auto") return {};
  const auto found = kernels::instruction_set_of(name);
  if (!found) return Error{ErrorCode::kInvalidArgument, "there is no instruction set " + name};
  if (!kernels::is_available(*found)) {
    return Error{ErrorCode::kInvalidArgument, "this machine has no " + name};
  }
  options.instruction_set = *found;
  return {};
}

/// Exits if there is nothing to measure.
void parse(cli::CommandLine& line, int argc, char** argv) {
  const cli::ParsedLine parsed = line.parse(argc, argv);
  if (parsed.kind == cli::ParsedLine::Kind::kRan) return;
  if (parsed.kind == cli::ParsedLine::Kind::kAsked) {
    std::fputs(parsed.text.c_str(), stdout);
    std::exit(cli::kOk);
  }
  std::fprintf(stderr, "%s\nRun with --help for more information.\n", parsed.text.c_str());
  std::exit(cli::kUsage);
}

}  // namespace

Options parse_options(int argc, char** argv) {
  Options options;
  cli::CommandLine line("unmask_bench", kHowItMeasures);
  cli::Command program = line.root();
  program.add({.name = "--quick",
               .help = "fewer rows, less repetition, no gateway, no serving: under 30 seconds"},
              options.is_quick);
  std::string device;
  program.add({.name = "--device",
               .help = "cpu or cuda, which has the sections layer, head and forward",
               .one_of = {"cpu", "cuda"}},
              device);
  program.add(
      {.name = "--only",
       .help = "these sections: model, layer, head, forward (random weights of whole "
               "models, on a CPU small "
               "ones), step (the coordinator's part of one), gateway (streams, over HTTP beside "
               "ZeroMQ), serving",
       .takes_many = true,
       .has_commas = true,
       .one_of = kSections},
      options.only);
  std::string model = options.model.string();
  program.add({.name = "--model", .help = "the checkpoint of the sections model and serving"},
              model);
  program.add({.name = "--threads", .help = "threads; 0: one per core", .range = {{0, 1024}}},
              options.num_threads);
  program.add({.name = "--instructions",
               .help = "of the CPU: auto (the best it has), portable, avx2 or avx512",
               .type = "SET",
               .environment = "UNMASK_COMPUTE_INSTRUCTIONS"},
              [&](const std::string& name) { return set_instructions(options, name); });
  std::string numerics;
  program.add({.name = "--numerics",
               .help = "of the section forward: exact, or fast, which also takes cuBLASLt on a GPU",
               .one_of = {"exact", "fast"}},
              numerics);
  bool is_processor_time = false;
  program.add({.name = "--processor-time", .help = "not the time on the wall"}, is_processor_time);
  program.add({.name = "--json", .help = "write JSON to this file; -: to stdout, no table"},
              options.json_file);
  program.add({.name = "--record", .help = "append the ratios to tests/bench/history"},
              options.is_recorded);
  parse(line, argc, argv);
  options.model = model;
  options.is_on_gpu = device == "cuda";
  options.is_fast = numerics == "fast";
  if (is_processor_time) options.stopwatch = Stopwatch::Kind::kProcessorPerThread;
  return options;
}

}  // namespace unmask::bench
