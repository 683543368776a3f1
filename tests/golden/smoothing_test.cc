/// The schedules and mixes of the reference's iteration smoothing, made again.

#include "model/diffusion/smoothing.h"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <memory>

#include "kernels/make_backend.h"
#include "model/network/placement.h"
#include "tests/golden/golden_files.h"

namespace unmask::golden {
namespace {

namespace json = boost::json;

json::value read_json(const std::string& name) {
  return json::parse(read_text(golden_dir() / "smoothing" / name));
}

float number(const json::value& value) { return value.to_number<float>(); }

std::vector<float> numbers(const json::value& value) {
  std::vector<float> all;
  for (const json::value& item : value.as_array()) {
    if (item.is_array()) {
      const std::vector<float> row = numbers(item);
      all.insert(all.end(), row.begin(), row.end());
    } else {
      all.push_back(number(item));
    }
  }
  return all;
}

TEST(GoldenSmoothing, SchedulesAreThoseOfTheReference) {
  const json::value file = read_json("schedule.json");
  ASSERT_GE(file.as_array().size(), 2u);
  for (const json::value& schedule : file.as_array()) {
    const diffusion::Smoothing params{
        number(schedule.at("cont_weight")), number(schedule.at("cont_weight_init")),
        number(schedule.at("cont_weight_growth")), number(schedule.at("threshold_decay"))};
    const float threshold = number(schedule.at("decoder_threshold"));
    const std::vector<float> weights = numbers(schedule.at("weights"));
    const std::vector<float> thresholds = numbers(schedule.at("thresholds"));
    for (std::size_t t = 0; t < weights.size(); ++t) {
      const auto iteration = std::int32_t(t);
      EXPECT_NEAR(weight_at(params, iteration), weights[t], 1e-6) << t;
      EXPECT_NEAR(threshold_at(params, iteration, threshold), thresholds[t], 1e-6) << t;
    }
  }
}

/// Floats in a backend's memory.
class DeviceFloats {
 public:
  DeviceFloats(kernels::Backend& backend, const std::vector<float>& values)
      : buffer_(backend.allocate(values.size() * sizeof(float))) {
    backend.upload(buffer_->data(), values.data(), values.size() * sizeof(float));
  }

  [[nodiscard]] float* data() const { return static_cast<float*>(buffer_->data()); }
  [[nodiscard]] kernels::Tensor rows(int num_rows, int num_cols) const {
    return {data(), kernels::DType::kF32, num_rows, num_cols};
  }

 private:
  std::unique_ptr<kernels::Buffer> buffer_;
};

/// As SoftMixer makes soft rows of all rows, from logits that stand there.
std::vector<float> mixed(const json::value& golden, const std::vector<float>& logits,
                         const std::vector<float>& table, int num_rows, int vocab_size) {
  const auto backend = *kernels::make_backend({.num_threads = 2});
  const int width = int(table.size()) / vocab_size;
  std::vector<float> one(std::size_t(vocab_size * vocab_size));
  for (int i = 0; i < vocab_size; ++i) one[std::size_t(i * vocab_size + i)] = 1;
  const std::vector<kernels::HostMatrix> parts{
      {one.data(), kernels::DType::kF32, vocab_size, vocab_size, vocab_size}};
  const auto head =
      backend->pack_matrix(parts, kernels::DType::kF32, network::Placement::whole(vocab_size));
  const DeviceFloats x(*backend, logits), embeddings(*backend, table);
  const DeviceFloats weights(
      *backend, std::vector<float>(std::size_t(num_rows), number(golden.at("weight"))));
  const DeviceFloats part(*backend, std::vector<float>(std::size_t(num_rows * width)));
  const DeviceFloats sums(*backend, std::vector<float>(std::size_t(num_rows * width)));
  const auto stats = backend->allocate(std::size_t(num_rows) * sizeof(kernels::CandidateStats));
  const kernels::LogitRules rules;
  const std::vector<std::int32_t> zeros(std::size_t(num_rows), 0);
  const std::vector<std::int32_t> masks(std::size_t(num_rows),
                                        golden.at("mask_id").to_number<std::int32_t>());
  const kernels::ShareOffsets shares = network::Placement{}.shares(vocab_size);
  auto* const found = static_cast<kernels::CandidateStats*>(stats->data());
  backend->run(kernels::LmHeadCandidates{.x = x.rows(num_rows, vocab_size),
                                         .head = *head,
                                         .vocab_shares = shares,
                                         .rules = &rules,
                                         .rules_of_row = zeros.data(),
                                         .out = found});
  backend->run(kernels::Embed{.table = embeddings.rows(vocab_size, width),
                              .tokens = masks.data(),
                              .out = sums.rows(num_rows, width)});
  backend->run(kernels::MixEmbeddings{.x = x.rows(num_rows, vocab_size),
                                      .head = *head,
                                      .table = embeddings.rows(vocab_size, width),
                                      .vocab_shares = shares,
                                      .stats = found,
                                      .weights = weights.data(),
                                      .out = part.rows(num_rows, width)});
  backend->run(
      kernels::TreeAdd{.x = sums.rows(num_rows, width), .parts = part.data(), .num_parts = 1});
  backend->synchronize();
  return {sums.data(), sums.data() + num_rows * width};
}

TEST(GoldenSmoothing, MixesAreThoseOfTheReference) {
  int num_mixed = 0;
  for (const char* name :
       {"mix_0.json", "mix_1.json", "mix_2.json", "mix_3.json", "mix_4.json", "mix_5.json"}) {
    const json::value golden = read_json(name);
    const std::vector<float> table = numbers(golden.at("embedding"));
    const std::vector<float> is_mixed = numbers(golden.at("mask"));
    const std::vector<float> expected = numbers(golden.at("inputs_embeds"));
    const int num_rows = int(is_mixed.size());
    const int vocab_size = int(golden.at("embedding").as_array().size());
    const std::vector<float> rows =
        mixed(golden, numbers(golden.at("logits")), table, num_rows, vocab_size);
    const std::size_t width = table.size() / std::size_t(vocab_size);
    for (std::size_t i = 0; i < expected.size(); ++i) {
      if (is_mixed[i / width] == 0) continue;
      EXPECT_NEAR(rows[i], expected[i], 2e-6) << name << ", number " << i;
      ++num_mixed;
    }
  }
  EXPECT_GT(num_mixed, 100);
}

}  // namespace
}  // namespace unmask::golden
