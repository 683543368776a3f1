#include "runtime/cli/eval/report_json.h"

#include <boost/json.hpp>

#include "rpc/openai/json_text.h"

namespace unmask::cli {
namespace {

namespace json = boost::json;

json::object score_json(const Score& score) {
  const Interval interval = score.interval();
  return {{"items", score.tried},
          {"right", score.right},
          {"share_right", score.share_right()},
          {"low_95", interval.low},
          {"high_95", interval.high},
          {"tokens", score.tokens},
          {"forwards", score.forwards},
          {"tokens_per_forward", score.tokens_per_forward()},
          {"seconds", score.seconds}};
}

json::value number_or_null(std::optional<double> number) {
  return number ? json::value(*number) : json::value(nullptr);
}

json::object variant_json(const EvalReport& report, const VariantScore& score) {
  json::object parameters, tasks;
  for (const auto& [name, value] : score.variant.parameters) parameters[name] = value;
  for (std::size_t i = 0; i < report.tasks.size(); ++i) {
    tasks[report.tasks[i].first] = score_json(score.tasks[i]);
  }
  return {{"strategy", score.variant.strategy},
          {"cache", score.variant.cache},
          {"smoothing", score.variant.smoothing},
          {"parameters", std::move(parameters)},
          {"on_frontier", score.is_on_frontier},
          {"all", score_json(score.all)},
          {"tasks", std::move(tasks)}};
}

}  // namespace

std::string report_json(const EvalReport& report) {
  json::array variants, published, left_out;
  for (const VariantScore& score : report.variants) {
    variants.push_back(variant_json(report, score));
  }
  for (const auto& [task, figures] : report.tasks) {
    for (const PublishedFigure& figure : figures) {
      published.push_back(
          json::object{{"task", task},
                       {"what", figure.what},
                       {"percent_right", number_or_null(figure.percent_right)},
                       {"tokens_per_forward", number_or_null(figure.tokens_per_forward)},
                       {"tokens_per_second", number_or_null(figure.tokens_per_second)},
                       {"source", figure.source}});
    }
  }
  for (const std::string& sentence : report.left_out) left_out.emplace_back(sentence);
  return rpc::json_text(json::object{{"model", report.model},
                                     {"variants", std::move(variants)},
                                     {"published", std::move(published)},
                                     {"left_out", std::move(left_out)}});
}

}  // namespace unmask::cli
