/// Single decisions of the reference's decoders, made again.

#include <gmock/gmock.h>

#include <boost/json/parse.hpp>
#include <cmath>
#include <map>

#include "model/diffusion/strategies/strategy.h"
#include "tests/golden/golden_files.h"

namespace unmask::diffusion {
namespace {

namespace json = boost::json;

json::array cases_of(const std::string& strategy) {
  const auto file = golden::golden_dir() / "decoders" / (strategy + ".json");
  boost::system::error_code error;
  json::value value = json::parse(golden::read_text(file), error);
  return error || !value.is_array() ? json::array() : std::move(value.get_array());
}

struct Call {
  std::string name;
  std::vector<std::int32_t> position, token;
  std::vector<float> logit, log_sum_exp;
  std::vector<std::pair<int, int>> edits;  // expected
  std::int32_t mask_id = 0;

  void drop(std::size_t i) {
    const auto at = std::ptrdiff_t(i);
    position.erase(position.begin() + at);
    token.erase(token.begin() + at);
    logit.erase(logit.begin() + at);
    log_sum_exp.erase(log_sum_exp.begin() + at);
  }
  [[nodiscard]] Candidates candidates() const { return {position, token, logit, log_sum_exp}; }
};

void add_candidate(Call& call, int position, const json::array& logits) {
  std::vector<float> values;
  for (const json::value& logit : logits) values.push_back(logit.to_number<float>());
  const auto best = std::ranges::max_element(values);
  double sum = 0;
  for (const float value : values) sum += std::exp(double(value) - *best);
  call.position.push_back(position);
  call.token.push_back(std::int32_t(best - values.begin()));
  call.logit.push_back(*best);
  call.log_sum_exp.push_back(float(*best + std::log(sum)));
}

Call read_call(const json::object& entry) {
  Call call;
  call.name = entry.at("name").as_string().c_str();
  call.mask_id = entry.at("mask_id").to_number<std::int32_t>();
  const int begin = entry.at("block").at(0).to_number<int>();
  const int end = entry.at("block").at(1).to_number<int>();
  for (int position = begin; position < end; ++position) {
    if (entry.at("x").at(position) != call.mask_id) continue;
    add_candidate(call, position, entry.at("logits").at(position - begin).as_array());
  }
  for (const json::value& edit : entry.at("edits").as_array()) {
    call.edits.emplace_back(edit.at(0).to_number<int>(), edit.at(1).to_number<int>());
  }
  return call;
}

/// The edits of `decide` that change something, by position.
std::vector<std::pair<int, int>> decided(const Strategy& strategy, Call call,
                                         StrategyState& state) {
  for (std::size_t i = call.token.size(); passes_over_mask_id(strategy) && i-- > 0;) {
    if (call.token[i] == call.mask_id) call.drop(i);
  }
  std::vector<Edit> edits(call.position.size());
  edits.resize(decide(strategy, call.candidates(), state, edits).num_edits);
  std::vector<std::pair<int, int>> changes;
  for (const Edit edit : edits) {
    if (edit.token != call.mask_id) changes.emplace_back(edit.position, edit.token);
  }
  std::ranges::sort(changes);
  return changes;
}

TEST(GoldenDecoders, EveryThresholdCallIsMadeAgain) {
  const json::array cases = cases_of("threshold");
  ASSERT_FALSE(cases.empty());
  for (const json::value& entry : cases) {
    const json::object& params = entry.at("params").as_object();
    const json::value* override = params.if_contains("iter_threshold");
    const Threshold strategy{
        (override != nullptr ? *override : params.at("threshold")).to_number<float>()};
    StrategyState state = initial_state(strategy);
    const Call call = read_call(entry.as_object());
    EXPECT_EQ(decided(strategy, call, state), call.edits) << call.name;
  }
}

TEST(GoldenDecoders, EveryFixedCallIsMadeAgain) {
  const json::array cases = cases_of("fixed");
  ASSERT_FALSE(cases.empty());
  for (const json::value& entry : cases) {
    const FixedSteps strategy{entry.at("params").at("steps").to_number<int>()};
    StrategyState state =
        FixedSteps::State{.step = entry.at("iter").to_number<int>(),
                          .num_holes = entry.at("holes_at_block_entry").to_number<int>()};
    const Call call = read_call(entry.as_object());
    EXPECT_EQ(decided(strategy, call, state), call.edits) << call.name;
  }
}

}  // namespace
}  // namespace unmask::diffusion
