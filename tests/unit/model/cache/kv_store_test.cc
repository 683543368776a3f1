#include "model/cache/kv_store.h"

#include <gtest/gtest.h>

#include "kernels/make_backend.h"

namespace unmask::cache {
namespace {

constexpr int kWidth = 4, kNumLayers = 3;

TEST(KvStoreTest, EveryLayerHasItsPagesAndAllShareTheScratch) {
  const auto backend = *kernels::make_backend({});
  const KvPages pages(2, 8);
  const KvStore store(*backend, kernels::DType::kF32, kNumLayers, pages, kWidth);
  const auto address = [&](int layer, std::int32_t slot) {
    const kernels::KvLayer kv = store.layer(layer);
    EXPECT_LT(kv.rows.of(slot), kv.keys.rows);
    return static_cast<float*>(kv.keys.data) + kv.rows.of(slot) * kWidth;
  };
  const std::int32_t last_page_slot = pages.num_page_slots() - 1;
  const std::int32_t scratch = pages.first_scratch_slot();
  for (int layer = 0; layer + 1 < kNumLayers; ++layer) {
    EXPECT_EQ(address(layer + 1, 0), address(layer, last_page_slot) + kWidth);
    EXPECT_EQ(address(layer, scratch), address(layer + 1, scratch));
    EXPECT_EQ(address(layer, scratch + 7), address(0, scratch) + 7 * kWidth);
  }
  EXPECT_EQ(address(0, scratch), address(kNumLayers - 1, last_page_slot) + kWidth);
}

TEST(KvStoreTest, ARankWithoutKvHeadsKeepsNothing) {
  const auto backend = *kernels::make_backend({});
  const KvStore store(*backend, kernels::DType::kF32, kNumLayers, KvPages(2, 8), 0);
  EXPECT_EQ(store.layer(1).keys.data, nullptr);
}

}  // namespace
}  // namespace unmask::cache
