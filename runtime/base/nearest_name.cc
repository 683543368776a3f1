#include "runtime/base/nearest_name.h"

#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

namespace unmask {
namespace {

constexpr std::size_t kMaxLength = 64;  // the work grows with the product of the lengths

/// Insertions, deletions and replacements that make one out of the other.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t(0));
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] != b[j]);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, diagonal + 1});
    }
  }
  return row.back();
}

}  // namespace

std::string did_you_mean(std::string_view name, std::span<const std::string> known) {
  if (name.size() > kMaxLength) return "";
  const std::string* nearest = nullptr;
  std::size_t least = std::min<std::size_t>(3, name.size() / 2 + 1);  // at this distance: no kin
  for (const std::string& candidate : known) {
    const std::size_t distance = edit_distance(name, candidate);
    if (distance < least) {
      least = distance;
      nearest = &candidate;
    }
  }
  return nearest ? " (did you mean \"" + *nearest + "\"?)" : "";
}

}  // namespace unmask
