#include "tests/bench/forward/random_checkpoint.h"

#include <algorithm>
#include <boost/json.hpp>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <map>
#include <random>
#include <system_error>
#include <vector>

#include "kernels/float_formats.h"
#include "model/checkpoint/model_config.h"
#include "model/network/weight_shapes.h"

namespace unmask::bench {
namespace {

namespace json = boost::json;

using Shapes = std::map<std::string, std::vector<std::int64_t>>;

// Weights repeat after so many numbers, a prime, so that no two rows of a matrix are alike.
constexpr std::size_t kNumNumbers = 1'000'003;
constexpr float kDeviation = 0.02f;

std::int64_t size_of(const std::vector<std::int64_t>& shape) {
  std::int64_t size = 1;
  for (const std::int64_t n : shape) size *= n;
  return size;
}

std::string header_of(const Shapes& shapes) {
  json::object entries;
  std::int64_t at = 0;
  for (const auto& [name, shape] : shapes) {
    const std::int64_t end = at + 2 * size_of(shape);
    entries[name] = {{"dtype", "BF16"},
                     {"shape", json::value_from(shape)},
                     {"data_offsets", json::value_from(std::vector<std::int64_t>{at, end})}};
    at = end;
  }
  std::string text = json::serialize(entries);
  text.resize((text.size() + 7) / 8 * 8, ' ');
  std::string header;
  for (int byte = 0; byte < 8; ++byte) header += char(text.size() >> (8 * byte) & 0xff);
  return header + text;
}

/// Norms are ones.
void write_weights(const Shapes& shapes, std::ofstream& file) {
  std::mt19937 random(1);
  std::normal_distribution<float> normal(0.0f, kDeviation);
  std::vector<std::uint16_t> numbers(kNumNumbers);
  for (std::uint16_t& number : numbers) number = kernels::bf16_of(normal(random));
  const auto write = [&](const std::uint16_t* from, std::size_t count) {
    file.write(reinterpret_cast<const char*>(from), std::streamsize(2 * count));
  };
  std::size_t at = 0;
  for (const auto& [name, shape] : shapes) {
    auto left = std::size_t(size_of(shape));
    if (shape.size() == 1) {
      write(std::vector(left, kernels::bf16_of(1.0f)).data(), left);
      continue;
    }
    while (left > 0) {
      const std::size_t count = std::min(left, kNumNumbers - at);
      write(numbers.data() + at, count);
      left -= count;
      at = (at + count) % kNumNumbers;
    }
  }
}

}  // namespace

Result<RandomCheckpoint> RandomCheckpoint::write(const std::string& config_json) {
  const auto config = checkpoint::parse_model_config(config_json, "config.json", {});
  if (!config) return config.error();
  std::string pattern = (std::filesystem::temp_directory_path() / "unmask-random-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) {
    return Error{ErrorCode::kUnavailable, pattern + " cannot be made; TMPDIR names another folder"};
  }
  RandomCheckpoint made{std::filesystem::path(pattern)};
  std::ofstream(made.path() / "config.json") << config_json;
  std::ofstream file(made.path() / "model.safetensors", std::ios::binary);
  const Shapes shapes = network::weight_shapes(*config);
  file << header_of(shapes);
  write_weights(shapes, file);
  file.close();
  if (!file) {
    return Error{ErrorCode::kUnavailable,
                 pattern + " has no room for the weights; TMPDIR names another folder"};
  }
  return made;
}

RandomCheckpoint::~RandomCheckpoint() {
  std::error_code ignored;
  if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
}

}  // namespace unmask::bench
