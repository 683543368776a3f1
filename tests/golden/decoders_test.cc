/// Single decisions of the reference's decoders, made again.

#include <gmock/gmock.h>

#include <boost/json/parse.hpp>
#include <cmath>
#include <map>

#include "model/diffusion/credit.h"
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
  std::vector<std::int32_t> present;
  std::vector<std::pair<int, int>> edits;  // expected
  std::int32_t mask_id = 0;

  void drop(std::size_t i) {
    const auto at = std::ptrdiff_t(i);
    position.erase(position.begin() + at);
    token.erase(token.begin() + at);
    logit.erase(logit.begin() + at);
    log_sum_exp.erase(log_sum_exp.begin() + at);
    present.erase(present.begin() + at);
  }
  [[nodiscard]] Candidates candidates() const {
    return {position, token, logit, log_sum_exp, present};
  }
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
    const auto present = entry.at("x").at(position).to_number<std::int32_t>();
    add_candidate(call, position, entry.at("logits").at(position - begin).as_array());
    call.present.push_back(present == call.mask_id ? kHole : present);
  }
  for (const json::value& edit : entry.at("edits").as_array()) {
    call.edits.emplace_back(edit.at(0).to_number<int>(), edit.at(1).to_number<int>());
  }
  return call;
}

/// The edits of `decide` that change something, by position.
std::vector<std::pair<int, int>> decided(const Strategy& strategy, Call call,
                                         StrategyState& state) {
  for (std::size_t i = call.token.size(); i-- > 0;) {
    const bool is_hole = call.present[i] == kHole;
    const bool is_passed_over = passes_over_mask_id(strategy) && call.token[i] == call.mask_id;
    if (is_passed_over || (!is_hole && !sees_decided(strategy))) call.drop(i);
  }
  std::vector<Edit> edits(call.position.size());
  edits.resize(decide(strategy, call.candidates(), state, edits).num_edits);
  std::vector<std::pair<int, int>> changes;
  for (const Edit edit : edits) {
    const auto at = std::ranges::find(call.position, edit.position) - call.position.begin();
    const std::int32_t token = edit.token == kHole ? call.mask_id : edit.token;
    const std::int32_t present = call.present[at] == kHole ? call.mask_id : call.present[at];
    if (token != present) changes.emplace_back(edit.position, token);
  }
  std::ranges::sort(changes);
  return changes;
}

/// No threshold, as the references say it: nothing is above a high one, all are above a low one.
float number_of(std::string_view name, const json::value& value) {
  if (value.is_null()) return name == "threshold" ? 2.0f : -1.0f;
  return value.to_number<float>();
}

/// Every call of the file decoders/FILE.json, by a strategy with the parameters of the call.
template <typename Params>
void expect_calls_made_again(const std::string& file) {
  const json::array cases = cases_of(file);
  ASSERT_FALSE(cases.empty());
  for (const json::value& entry : cases) {
    const json::object& given = entry.at("params").as_object();
    Params params;
    Params::for_each_param(params, [&]<typename Field>(const Param& param, Field& field) {
      const std::string_view name = param.name;
      const json::value* value =
          name == "threshold" ? given.if_contains("iter_threshold") : nullptr;
      if (value == nullptr) value = given.if_contains(name);
      if (value != nullptr) field = Field(number_of(name, *value));
    });
    StrategyState state = initial_state(params);
    const Call call = read_call(entry.as_object());
    EXPECT_EQ(decided(params, call, state), call.edits) << call.name;
  }
}

TEST(GoldenDecoders, EveryThresholdCallIsMadeAgain) {
  expect_calls_made_again<Threshold>("threshold");
}

TEST(GoldenDecoders, EveryFastDllmThresholdCallIsMadeAgain) {
  expect_calls_made_again<FastDllmThreshold>("fastdllm_threshold");
}

TEST(GoldenDecoders, EveryCallThatTakesAtLeastKIsMadeAgain) {
  expect_calls_made_again<FastDllmThreshold>("threshold_minimal_topk");
}

TEST(GoldenDecoders, EveryFactorCallIsMadeAgain) { expect_calls_made_again<Factor>("factor"); }

TEST(GoldenDecoders, EveryHierarchyCallIsMadeAgain) {
  expect_calls_made_again<Hierarchy>("hierarchy");
}

TEST(GoldenDecoders, EveryFastV2HierarchyCallIsMadeAgain) {
  expect_calls_made_again<HierarchyFastV2>("hierarchy_fast_v2");
}

TEST(GoldenDecoders, EveryRemaskingHierarchyCallIsMadeAgain) {
  expect_calls_made_again<HierarchyRemask>("hierarchy_remask");
}

/// The candidates of a call's holes before credit, with the logits that `ledger` asks for.
CandidateColumns columns_of(const json::object& entry, const Call& call,
                            const CreditLedger& ledger) {
  CandidateColumns columns;
  Ranges holes;
  const int begin = entry.at("block").at(0).to_number<int>();
  for (std::size_t i = 0; i < call.position.size(); ++i) {
    if (call.present[i] != kHole) continue;
    columns.position.push_back(call.position[i]);
    columns.token.push_back(call.token[i]);
    columns.logit.push_back(call.logit[i]);
    columns.log_sum_exp.push_back(call.log_sum_exp[i]);
    holes.push_back({call.position[i], call.position[i] + 1});
  }
  const ListedTokens listed = ledger.listed(holes);
  for (std::size_t i = 0; i + 1 < listed.offsets.size(); ++i) {
    const json::value& logits = entry.at("logits").at(std::size_t(columns.position[i] - begin));
    for (std::int32_t n = listed.offsets[i]; n < listed.offsets[i + 1]; ++n) {
      const auto token = std::size_t(listed.tokens[std::size_t(n)]);
      columns.listed_logit.push_back(logits.at(token).to_number<float>());
    }
  }
  return columns;
}

TEST(GoldenDecoders, EveryCreditCallIsMadeAgain) {
  const json::array cases = cases_of("credit");
  ASSERT_FALSE(cases.empty());
  std::map<std::int64_t, CreditLedger> ledgers;
  for (const json::value& value : cases) {
    const json::object& entry = value.as_object();
    Call call = read_call(entry);
    const Range block{entry.at("block").at(0).to_number<int>(),
                      entry.at("block").at(1).to_number<int>()};
    if (entry.at("credit_before").as_array().empty()) {
      ledgers[entry.at("sequence").as_int64()] = CreditLedger(block);
    }
    CreditLedger& ledger = ledgers[entry.at("sequence").as_int64()];
    const json::object& given = entry.at("params").as_object();
    Credit credit;
    Credit::for_each_param(credit, [&](const Param& param, float& field) {
      field = given.at(param.name).to_number<float>();
    });
    const CandidateColumns columns = columns_of(entry, call, ledger);
    const CandidateColumns fused =
        ledger.fuse(credit, columns, std::vector<bool>(columns.position.size(), true));
    call.position = fused.position;
    call.token = fused.token;
    call.logit = fused.logit;
    call.log_sum_exp = fused.log_sum_exp;
    call.present.assign(fused.position.size(), kHole);
    for (std::size_t i = 0; i < fused.position.size(); ++i) {
      const auto at = std::size_t(fused.position[i] - block.begin);
      EXPECT_EQ(fused.token[i], entry.at("fused_argmax").at(at)) << call.name;
      EXPECT_NEAR(call.candidates().confidence(int(i)),
                  entry.at("fused_confidence").at(at).to_number<double>(), 1e-5)
          << call.name;
    }
    const Threshold strategy{given.at("threshold").to_number<float>()};
    StrategyState state = initial_state(strategy);
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
