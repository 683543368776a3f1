#include "runtime/cli/eval/eval_report.h"

#include <gmock/gmock.h>

#include <boost/json.hpp>

#include "runtime/cli/eval/report_json.h"
#include "runtime/cli/eval/report_plot.h"
#include "runtime/cli/eval/report_table.h"

namespace unmask::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

/// Three variants over two tasks: one surest, one fastest, one that pays for nothing.
EvalReport report_of_three() {
  EvalTask sums, words;
  sums.name = "sums";
  words.name = "words|<b>";
  sums.items.resize(2);
  sums.published = {{"somebody, \"threshold\"", 50.0, 2.5, std::nullopt, "a paper"}};
  words.items.resize(1);
  Grid grid;
  grid.variants = {{"threshold", "none", false, {}},
                   {"threshold", "dual", true, {}},
                   {"fixed:steps=8", "none", false, {}},
                   {"credit", "none", false, {}}};
  grid.left_out = {"fixed none smoothing: it makes no sense"};
  const std::vector<ItemResult> results{
      {"threshold none", "sums", 0, 0, true, 10, 5, 1, ""},
      {"threshold none", "sums", 1, 0, true, 10, 5, 1, ""},
      {"threshold none", "words|<b>", 0, 0, true, 10, 10, 2, ""},
      {"threshold dual smoothing", "sums", 0, 0, true, 10, 2, 1, ""},
      {"threshold dual smoothing", "sums", 1, 0, false, 10, 2, 1, ""},
      {"fixed:steps=8 none", "sums", 0, 0, false, 10, 10, 1, ""},
      {"fixed:steps=8 none", "sums", 2, 0, true, 10, 10, 1, "of an item beyond the limit"},
      {"fixed:steps=8 dual", "sums", 0, 0, true, 10, 1, 1, "of a variant that nobody asked for"},
  };
  const std::vector<EvalTask> tasks{sums, words};
  return make_report("tiny", tasks, grid, results);
}

TEST(EvalReportTest, CountsWhatWasAskedForAndFindsTheFrontier) {
  const EvalReport report = report_of_three();
  ASSERT_EQ(report.variants.size(), 3u);
  EXPECT_EQ(report.variants[0].all.tried, 3);
  EXPECT_EQ(report.variants[0].all.right, 3);
  EXPECT_DOUBLE_EQ(report.variants[0].all.tokens_per_forward(), 1.5);
  EXPECT_DOUBLE_EQ(report.variants[1].tasks[0].tokens_per_forward(), 5);
  EXPECT_EQ(report.variants[2].all.tried, 1);
  EXPECT_TRUE(report.variants[0].is_on_frontier);
  EXPECT_TRUE(report.variants[1].is_on_frontier);
  EXPECT_FALSE(report.variants[2].is_on_frontier);
}

TEST(EvalReportTest, TheTableHasEveryVariantTaskAndFigureInColumns) {
  const std::string table = report_table(report_of_three());
  EXPECT_THAT(table,
              HasSubstr("| threshold     | none  | -         | *    | 100.0 % | 43.9 to 100.0 |"));
  EXPECT_THAT(table,
              HasSubstr("| threshold     | dual  | yes       |  50.0 %, 5.0 |            - |"));
  EXPECT_THAT(table, HasSubstr("somebody, \"threshold\""));
  EXPECT_THAT(table, HasSubstr("- fixed none smoothing: it makes no sense\n"));
  EXPECT_THAT(table, Not(HasSubstr("words|")));
}

TEST(EvalReportTest, JsonHasTheSameFigures) {
  const auto report = boost::json::parse(report_json(report_of_three()));
  EXPECT_EQ(report.at("model").as_string(), "tiny");
  const auto& variant = report.at("variants").as_array().at(0);
  EXPECT_EQ(variant.at("all").at("right").as_int64(), 3);
  EXPECT_EQ(variant.at("tasks").at("sums").at("items").as_int64(), 2);
  EXPECT_EQ(report.at("published").as_array().at(0).at("percent_right").to_number<double>(), 50);
}

TEST(EvalReportTest, ThePlotHasAPointForEachVariantAndIsWellFormed) {
  EvalReport report = report_of_three();
  report.model = "<script>&\x1b[2J";
  const std::string svg = report_plot(report);
  EXPECT_THAT(svg, HasSubstr("&lt;script&gt;&amp;"));
  EXPECT_THAT(svg, Not(HasSubstr("<script>")));
  EXPECT_THAT(svg, Not(HasSubstr("\x1b")));
  EXPECT_THAT(svg, HasSubstr("3 fixed:steps=8 none</text>"));
  EXPECT_THAT(svg, Not(HasSubstr("nan")));
  std::size_t circles = 0;
  for (std::size_t at = 0; (at = svg.find("<circle", at)) != std::string::npos; ++at) ++circles;
  EXPECT_EQ(circles, 6u);  // and in the legend
  EXPECT_TRUE(svg.ends_with("</svg>\n"));
}

TEST(EvalReportTest, PointsThatLieOnEachOtherShareALabel) {
  EvalReport report = report_of_three();
  report.variants.push_back(report.variants.front());
  EXPECT_THAT(report_plot(report), HasSubstr(">1 4</text>"));
}

TEST(EvalReportTest, OneItemIsEnoughForAPlot) {
  EvalTask task;
  task.name = "t";
  task.items.resize(1);
  Grid grid;
  grid.variants = {{"threshold", "none", false, {}}};
  const std::vector<ItemResult> results{{"threshold none", "t", 0, 0, true, 0, 0, 0, ""}};
  const std::string svg = report_plot(make_report("m", std::vector{task}, grid, results));
  EXPECT_THAT(svg, Not(HasSubstr("nan")));
  EXPECT_THAT(svg, Not(HasSubstr("inf")));
}

}  // namespace
}  // namespace unmask::cli
