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

int rows_bucket(int rows, int max_rows) {
  return std::min(power_of_two(rows, kLeastRows), std::max(max_rows, rows));
}

}  // namespace

BatchShape bucket_of(const BatchShape& used, int max_rows, bool counts_decoded) {
  BatchShape bucket;
  bucket.rows = rows_bucket(used.rows, max_rows);
  if (used.decoded > 0) {
    bucket.decoded = counts_decoded ? rows_bucket(used.decoded, max_rows) : bucket.rows;
  }
  bucket.sequences = 1;
  while (bucket.sequences < used.sequences) bucket.sequences *= kSequenceStep;
  bucket.sequences = std::min(bucket.sequences, std::max(max_rows, used.sequences));
  bucket.listed = used.listed == 0 ? 0 : power_of_two(used.listed, kLeastListed);
  return bucket;
}

std::vector<int> row_buckets(int max_rows) {
  std::vector<int> buckets{rows_bucket(1, max_rows)};
  while (buckets.back() < max_rows) {
    buckets.push_back(rows_bucket(buckets.back() + 1, max_rows));
  }
  return buckets;
}

}  // namespace unmask::network
