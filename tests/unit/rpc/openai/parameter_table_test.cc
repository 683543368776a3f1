#include "rpc/openai/parameter_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "model/diffusion/job_params.h"

namespace unmask::rpc {
namespace {

namespace json = boost::json;

json::object parameter_row(std::string_view name) {
  const json::value table = json::parse(parameter_table_json());
  for (const json::value& row : table.at("data").as_array()) {
    if (row.at("name").as_string() == name) return row.as_object();
  }
  ADD_FAILURE() << "no " << name;
  return {};
}

TEST(ParameterTableTest, EveryParameterIsThereInTheOrderOfTheTable) {
  const json::value table = json::parse(parameter_table_json());
  const json::array& rows = table.at("data").as_array();
  ASSERT_EQ(rows.size(), diffusion::job_param_table().size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    EXPECT_EQ(rows[i].at("name").as_string(), diffusion::job_param_table()[i].name);
    EXPECT_FALSE(rows[i].at("help").as_string().empty());
  }
}

TEST(ParameterTableTest, ValuesHaveTheTypeOfTheirParameter) {
  const json::object length = parameter_row("gen_length");
  EXPECT_EQ(length.at("type").as_string(), "integer");
  EXPECT_TRUE(length.at("default").is_int64());
  EXPECT_EQ(length.at("max").to_number<double>(),
            diffusion::find_job_param("gen_length")->bounds.max);
  EXPECT_EQ(parameter_row("threshold").at("type").as_string(), "number");
  EXPECT_TRUE(parameter_row("smoothing").at("default").is_bool());
}

TEST(ParameterTableTest, AChoiceNamesWhatItChoosesFromAndWhatIsReadWithIt) {
  const json::object strategy = parameter_row("strategy");
  EXPECT_EQ(strategy.at("type").as_string(), "choice");
  EXPECT_GT(strategy.at("choices").as_array().size(), 2u);
  EXPECT_FALSE(strategy.contains("min"));
  EXPECT_TRUE(strategy.at("applies_to").is_null());
  const json::object threshold = parameter_row("threshold");
  const json::value& condition = threshold.at("applies_to");
  EXPECT_EQ(condition.at("parameter").as_string(), "strategy");
  EXPECT_FALSE(condition.at("values").as_array().empty());
}

TEST(ParameterTableTest, PresetsHaveTheValuesThatTheyStandFor) {
  const json::value table = json::parse(parameter_table_json());
  const json::array& presets = table.at("presets").as_array();
  ASSERT_EQ(presets.size(), diffusion::job_presets().size());
  EXPECT_EQ(presets[2], json::parse(R"({"name":"fast","help":"fewest forwards",
      "values":{"strategy":"threshold","threshold":0.5}})"));
}

}  // namespace
}  // namespace unmask::rpc
