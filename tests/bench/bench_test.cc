#include "tests/bench/bench.h"

#include <gmock/gmock.h>

#include <boost/json.hpp>
#include <fstream>
#include <sstream>

#include "tests/bench/history.h"
#include "tests/bench/samples.h"
#include "tests/bench/serving/metrics_page.h"
#include "tests/unit/temporary_folder.h"

namespace unmask::bench {
namespace {

using testing::HasSubstr;

Cost cost_of(double seconds, double flops) {
  return {.seconds = seconds, .flops = flops, .bytes = flops};
}

/// A layer whose experts run at half of the peak for bf16 and its attention at a quarter of f32's.
Report report_of_one_cell() {
  Cell cell{.subject = "one layer",
            .weights = "bf16",
            .num_rows = 64,
            .num_runs = 3,
            .cost = {},
            .peaks = {.f32_gflops = 100, .bf16_gflops = 200, .gbytes = 50}};
  cell.cost.total = cost_of(0.004, 200e6);
  cell.cost[Part::kExperts] = cost_of(0.001, 100e6);
  cell.cost[Part::kAttention] = cost_of(0.002, 50e6);
  cell.cost[Part::kRest].seconds = 0.001;
  Report report;
  report.commit = "abc1234";
  report.cpu = "a processor";
  report.num_threads = 2;
  report.instruction_set = "avx512";
  report.cells.push_back(cell);
  return report;
}

TEST(BenchTest, TheTableSetsEveryPartBesideThePeakOfItsNumbers) {
  std::ostringstream table;
  write_table(report_of_one_cell(), table);
  EXPECT_THAT(table.str(), HasSubstr("a processor, 2 threads, avx512, commit abc1234"));
  EXPECT_THAT(table.str(), HasSubstr("peak: 100 GFLOP/s of f32, 200 of bf16, 50.0 GB/s"));
  EXPECT_THAT(table.str(), HasSubstr("experts       1.000     100.0    50 %    100.0   200 %\n"));
  EXPECT_THAT(table.str(), HasSubstr("attention     2.000      25.0    25 %     25.0    50 %\n"));
  EXPECT_THAT(table.str(), HasSubstr("rest          1.000\n"));
  EXPECT_THAT(table.str(), testing::Not(HasSubstr("lm_head")));
}

TEST(BenchTest, JsonHoldsTheFiguresOfTheTable) {
  const auto json = boost::json::parse(to_json(report_of_one_cell()));
  EXPECT_EQ(json.at("commit").as_string(), "abc1234");
  const auto& forward = json.at("forwards").at(0);
  EXPECT_EQ(forward.at("rows").as_int64(), 64);
  EXPECT_DOUBLE_EQ(forward.at("total").at("ms").as_double(), 4);
  EXPECT_DOUBLE_EQ(forward.at("experts").at("of_peak").as_double(), 0.5);
  EXPECT_DOUBLE_EQ(forward.at("attention").at("of_bandwidth").as_double(), 0.5);
}

TEST(BenchTest, ServingIsToldPerStep) {
  Report report = report_of_one_cell();
  report.serving.push_back({.cache = "dual",
                            .num_workers = 2,
                            .burst = 8,
                            .num_jobs = 8,
                            .max_at_once = 4,
                            .seconds = 0.5,
                            .tokens = 400,
                            .forwards = 80,
                            .steps = 20,
                            .burst_steps = 15,
                            .overhead_seconds = 0.002,
                            .collective_seconds = 0.06,
                            .processor_seconds = 0.75});
  std::ostringstream table;
  write_table(report, table);
  EXPECT_THAT(table.str(),
              HasSubstr("      2      8   dual     4/8      0.500     800.0     0.75 s        "
                        "80      4.00        0.25  0.100 ms    3.000 ms\n"));
  const auto json = boost::json::parse(to_json(report));
  const auto& run = json.at("serving").at(0);
  EXPECT_EQ(run.at("at_once").as_int64(), 4);
  EXPECT_DOUBLE_EQ(run.at("tokens_per_s").as_double(), 800);
  EXPECT_DOUBLE_EQ(run.at("overhead_ms_per_step").as_double(), 0.1);
  EXPECT_DOUBLE_EQ(run.at("collective_ms_per_step").as_double(), 3);
}

TEST(BenchTest, ASeriesIsSummedOverItsLabelsAndOverNoOther) {
  const std::string page =
      "# HELP steps Steps.\nsteps{phase=\"a b\"} 1.5\nsteps{phase=\"c\"} 2\nsteps_total 100\nsteps "
      "4";
  EXPECT_DOUBLE_EQ(sum_of(page, "steps"), 7.5);
  EXPECT_DOUBLE_EQ(sum_of(page, "steps_total"), 100);
  EXPECT_DOUBLE_EQ(sum_of(page, "step"), 0);
}

TEST(BenchTest, AProcessThatDoesNotAnswerIsNamed) {
  const auto page = fetch_metrics("http://127.0.0.1:1");
  ASSERT_FALSE(page);
  EXPECT_THAT(page.error().message, HasSubstr("http://127.0.0.1:1/metrics"));
}

TEST(BenchTest, TheHistoryGrowsByOneLineARun) {
  const TemporaryFolder folder;
  const auto file = folder / "history.jsonl";
  for (int run = 0; run < 2; ++run) {
    ASSERT_TRUE(append_line(file, history_line(report_of_one_cell())));
  }
  std::ifstream in(file);
  std::string line;
  int num_lines = 0;
  for (; std::getline(in, line); ++num_lines) {
    const auto json = boost::json::parse(line);
    const auto& cell = json.at("forwards").at("one layer, bf16, 64");
    EXPECT_DOUBLE_EQ(cell.at("ms").as_double(), 4);
    EXPECT_DOUBLE_EQ(cell.at("experts").as_double(), 0.5);
  }
  EXPECT_EQ(num_lines, 2);
  EXPECT_FALSE(append_line(folder / "no/such/folder", "{}"));
}

TEST(BenchTest, SamplesOfTheWallGiveTheirBestAndThoseOfTheProcessorPassOverAQuarter) {
  Samples wall(Stopwatch::Kind::kWall), processor(Stopwatch::Kind::kProcessorPerThread);
  for (int i = 1; i <= 20; ++i) {
    ForwardCost cost;
    cost.total.seconds = i;
    cost[Part::kDense].seconds = 21 - i;
    wall.add(cost);
    processor.add(cost);
    const Peaks peaks{.f32_gflops = double(i), .bf16_gflops = 1, .gbytes = double(21 - i)};
    wall.add(peaks);
    processor.add(peaks);
  }
  EXPECT_EQ(wall.cost().total.seconds, 1);
  EXPECT_EQ(wall.cost()[Part::kDense].seconds, 1);
  EXPECT_EQ(wall.peaks().f32_gflops, 20);
  EXPECT_EQ(wall.peaks().gbytes, 20);
  EXPECT_EQ(processor.cost().total.seconds, 6);
  EXPECT_EQ(processor.peaks().f32_gflops, 15);
}

TEST(BenchTest, AQuickRunMeasuresTheShippedModel) {
  Options options;
  options.is_quick = true;
  options.only = {"model"};
  const auto report = run_bench(options);
  ASSERT_TRUE(report) << report.error().message;
  ASSERT_EQ(report->cells.size(), 2 * options.rows().size());  // bf16 and f32
  for (const Cell& cell : report->cells) {
    EXPECT_THAT(cell.subject, HasSubstr("unmask-tiny"));
    EXPECT_GT(cell.num_runs, 0);
    EXPECT_GT(cell.peaks.f32_gflops, 0);
    EXPECT_GT(cell.peaks.gbytes, 0);
    for (const Cost& part : cell.cost.parts) EXPECT_GT(part.seconds, 0);
    // 8 layers of qkv and o [256 -> 1024], 2 of 8 experts of width 96, 2048 tokens.
    EXPECT_DOUBLE_EQ(cell.cost[Part::kDense].flops, 2.0 * cell.num_rows * 8 * 4 * 256 * 256);
    EXPECT_DOUBLE_EQ(cell.cost[Part::kExperts].flops, 2.0 * cell.num_rows * 8 * 2 * 3 * 256 * 96);
    EXPECT_DOUBLE_EQ(cell.cost[Part::kLmHead].flops, 2.0 * cell.num_rows * 2048 * 256);
    EXPECT_DOUBLE_EQ(cell.cost[Part::kAttention].flops, 4.0 * cell.num_rows * 8 * 256 * 256);
  }
}

TEST(BenchTest, WholeForwardsAreSetBesideTheBytesFloor) {
  Options options;
  options.is_quick = true;
  options.only = {"forward"};
  const auto report = run_bench(options);
  ASSERT_TRUE(report) << report.error().message;
  ASSERT_EQ(report->forwards.size(), 2u * 2 * 2);  // models, canvases, numbers of rows
  for (const ForwardRun& run : report->forwards) {
    EXPECT_GT(run.seconds, 0);
    EXPECT_GT(run.gbytes, 0);
    EXPECT_DOUBLE_EQ(run.over_floor(), run.seconds / (run.bytes / (run.gbytes * 1e9)));
  }
  // Two layers of 4 [64, 64] and a head [512, 64] in bf16, all of an MLP of width 128, and keys and
  // values of f32; fewer rows choose no more experts.
  const double rest = 2.0 * (2 * 4 * 64 * 64 + 512 * 64), keys = 2.0 * 64 * 64 * 2 * 4;
  const auto& forwards = report->forwards;
  EXPECT_DOUBLE_EQ(forwards[4].bytes, rest + 2.0 * 2 * 3 * 64 * 128 + keys);
  EXPECT_DOUBLE_EQ(forwards[6].bytes, forwards[4].bytes + keys);
  EXPECT_LE(forwards[1].bytes, rest + 2.0 * 2 * 4 * 3 * 64 * 16 + keys);
  EXPECT_LE(forwards[0].bytes, forwards[1].bytes);

  std::ostringstream table;
  write_table(*report, table);
  EXPECT_THAT(table.str(), HasSubstr("a small LLaDA-MoE     64     8 "));
  const auto json = boost::json::parse(to_json(*report)).at("whole_forwards").at(5);
  EXPECT_EQ(json.at("model").as_string(), "a small LLaDA");
  EXPECT_EQ(json.at("rows").as_int64(), 32);
  EXPECT_NEAR(json.at("over_floor").to_number<double>(), forwards[5].over_floor(),
              1e-3 * forwards[5].over_floor());
}

TEST(BenchTest, AModelThatIsNotThereIsNamed) {
  Options options;
  options.only = {"model"};
  options.model = "/no/such/model";
  const auto report = run_bench(options);
  ASSERT_FALSE(report);
  EXPECT_THAT(report.error().message, HasSubstr("/no/such/model"));
}

}  // namespace
}  // namespace unmask::bench
