#include <cstdio>
#include <memory>

#include "runtime/cli/bench/load_comparison.h"
#include "runtime/cli/command.h"
#include "runtime/cli/commands/bench_serve.h"
#include "runtime/cli/text/number.h"
#include "runtime/cli/text/text_file.h"

namespace unmask::cli {
namespace {

constexpr std::size_t kMaxRunBytes = std::size_t(1) << 30;
constexpr double kMaxTolerance = 1000;  // percent

struct BenchCompareOptions {
  std::string before, after;
  double tolerance = 5;  // percent
};

int compare(const BenchCompareOptions& options) {
  const Result<std::string> before = read_text(options.before, kMaxRunBytes);
  if (!before) return report(before.error());
  const Result<std::string> after = read_text(options.after, kMaxRunBytes);
  if (!after) return report(after.error());
  const double tolerance = options.tolerance / 100;
  const Result<LoadComparison> comparison = compare_loads(*before, *after, tolerance);
  if (!comparison) return report(comparison.error());
  std::fputs(to_text(*comparison, tolerance).c_str(), stdout);
  for (const ComparedFigure& figure : comparison->figures) {
    if (figure.is_worse) return kFailed;
  }
  return kOk;
}

void add_bench_compare(Command bench) {
  Command command = bench.add_command("compare", "Two runs side by side; is the second one worse?");
  command.set_footer("Exit codes: 0 nothing is worse, 1 something is, which the last line names.");
  const auto options = std::make_shared<BenchCompareOptions>();
  command.add({.name = "before",
               .help = "What `bench serve --output` wrote",
               .type = "A.json",
               .is_required = true},
              options->before);
  command.add({.name = "after", .help = "The same, later", .type = "B.json", .is_required = true},
              options->after);
  const auto take = [options = options.get()](const std::string& text) -> Result<> {
    const Result<double> percent = parse_number(text, 0, kMaxTolerance);
    if (!percent) return percent.error();
    options->tolerance = *percent;
    return {};
  };
  command.add({.name = "--tolerance",
               .help = "By how much a figure may be worse (default 5); times that differ by less "
                       "than a millisecond are as good",
               .type = "PERCENT"},
              take);
  command.set_action([options] { return compare(*options); });
}

}  // namespace

void add_bench(Command program) {
  Command command = program.add_command("bench", "Measure a server under load, and compare runs");
  command.set_group(kClusterGroup);
  add_bench_serve(command);
  add_bench_compare(command);
  command.set_action([] { return report(invalid("bench wants a command: serve or compare")); });
}

}  // namespace unmask::cli
