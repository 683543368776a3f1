#include "model/network/batch_shape.h"

#include <algorithm>
#include <bit>

namespace unmask::network {
namespace {

constexpr int kLeastRows = 16;
constexpr int kSequenceStep = 8;  // from a bucket to the next
constexpr int kLeastListed = 64;

int power_of_two(int count, int least) {
  return int(std::bit_ceil(unsigned(std::max(count, least))));
}

}  // namespace

BatchShape bucket_of(const BatchShape& used, int max_rows) {
  BatchShape bucket;
  bucket.rows = std::min(power_of_two(used.rows, kLeastRows), std::max(max_rows, used.rows));
  bucket.sequences = 1;
  while (bucket.sequences < used.sequences) bucket.sequences *= kSequenceStep;
  bucket.sequences = std::min(bucket.sequences, std::max(max_rows, used.sequences));
  bucket.listed = used.listed == 0 ? 0 : power_of_two(used.listed, kLeastListed);
  return bucket;
}

}  // namespace unmask::network
