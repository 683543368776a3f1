/// Golden files of logits, hidden states and routing, and what a forward gives of them.

#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "model/checkpoint/mapped_file.h"
#include "model/checkpoint/safetensors.h"
#include "model/network/engine.h"

namespace unmask::golden {

/// A tensor of a golden file or of a forward, as bit patterns.
using Bits = std::vector<std::uint32_t>;

/// Nothing if it cannot be read.
inline std::map<std::string, Bits> read_logits(const std::filesystem::path& path) {
  std::map<std::string, Bits> tensors;
  const auto file = checkpoint::MappedFile::open(path);
  if (!file) return tensors;
  const auto stored = checkpoint::parse_safetensors(file->bytes(), path.string());
  if (!stored) return tensors;
  for (const auto& [name, tensor] : *stored) {
    Bits bits(tensor.data.size() / 4);
    std::memcpy(bits.data(), tensor.data.data(), bits.size() * 4);
    tensors[name] = std::move(bits);
  }
  return tensors;
}

inline std::vector<std::int32_t> as_ids(const Bits& bits) {
  std::vector<std::int32_t> ids;
  for (const std::uint32_t word : bits) ids.push_back(std::bit_cast<std::int32_t>(word));
  return ids;
}

/// Of block-causal attention, as the case's name ends: n032-b16. 0: every row sees all.
inline std::int32_t causal_block_length(const std::string& file) {
  const std::size_t at = file.rfind("-b");
  return at == std::string::npos || at < file.rfind('/') + 1 ? 0 : std::stoi(file.substr(at + 2));
}

/// The largest difference, and the largest number of the reference.
inline std::pair<float, float> compare(const Bits& ours, const Bits& reference) {
  if (ours.size() != reference.size()) return {INFINITY, 0.0f};
  float difference = 0, largest = 0;
  for (std::size_t i = 0; i < ours.size(); ++i) {
    const auto expected = std::bit_cast<float>(reference[i]);
    const float delta = std::abs(std::bit_cast<float>(ours[i]) - expected);
    difference = delta <= difference ? difference : delta;  // a NaN stays
    largest = std::max(largest, std::abs(expected));
  }
  return {difference, largest};
}

/// Expert ids are the same, and numbers within 1e-4 of the largest of their tensor.
inline void expect_agreement(const std::vector<network::TensorRows>& tensors,
                             const std::map<std::string, Bits>& expected) {
  ASSERT_EQ(tensors.size() + 1, expected.size());  // all but the tokens
  for (const network::TensorRows& tensor : tensors) {
    ASSERT_TRUE(expected.contains(tensor.name)) << tensor.name;
    const Bits& reference = expected.at(tensor.name);
    if (tensor.is_integer) {
      EXPECT_EQ(tensor.data, reference) << tensor.name;
      continue;
    }
    const auto [difference, largest] = compare(tensor.data, reference);
    EXPECT_LE(difference, 1e-4f * largest) << tensor.name;
  }
}

}  // namespace unmask::golden
