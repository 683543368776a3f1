#include <filesystem>
#include <fstream>
#include <iostream>

#include "tests/bench/bench.h"
#include "tests/bench/history.h"
#include "tests/source_dir.h"

namespace {

const std::filesystem::path kHistoryFile = unmask::source_dir() / "tests/bench/history/runs.jsonl";

int fail(const std::string& sentence) {
  std::cerr << "unmask_bench: " << sentence << '\n';
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  using namespace unmask::bench;
  const Options options = parse_options(argc, argv);
  const auto report = run_bench(options);
  if (!report) return fail(report.error().message);
  if (options.json_file != "-") write_table(*report, std::cout);
  if (options.json_file == "-") std::cout << to_json(*report) << '\n';
  if (!options.json_file.empty() && options.json_file != "-") {
    std::ofstream file(options.json_file);
    file << to_json(*report) << '\n';
    file.close();
    if (!file) return fail("cannot write " + options.json_file);
  }
  if (options.is_recorded) {
    const auto appended = append_line(kHistoryFile, history_line(*report));
    if (!appended) return fail(appended.error().message);
  }
  return 0;
}
