#include "model/cache/kv_pages.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <optional>
#include <random>
#include <set>

namespace unmask::cache {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr int kScratch = 64;

/// Computes `computed`, seeing `visible`; `written` stays.
SequenceStep sequence(SequenceId id, std::int32_t num_positions, Ranges computed, Ranges visible,
                      Ranges written) {
  SequenceStep step;
  step.sequence = id;
  step.num_positions = num_positions;
  step.window = {.computed = std::move(computed),
                 .visible = std::move(visible),
                 .written = std::move(written),
                 .decoded = {},
                 .mixed = {}};
  return step;
}

/// Writes the whole canvas.
SequenceStep refresh(SequenceId id, std::int32_t num_positions) {
  return sequence(id, num_positions, {{0, num_positions}}, {}, {{0, num_positions}});
}

Step step_of(SequenceStep sequence) {
  Step step;
  step.sequences.push_back(std::move(sequence));
  return step;
}

/// Of the last sequence of the step; those before it have room.
std::optional<Error> refusal(const KvPages& pages, const Step& step) {
  Refusals refusals(step.sequences.size());
  pages.check(step, refusals);
  for (std::size_t i = 0; i + 1 < refusals.size(); ++i) EXPECT_FALSE(refusals[i]);
  return refusals.back();
}

/// All slots of the runs, one by one.
std::vector<std::int32_t> keys(const KvLayout& layout) {
  std::vector<std::int32_t> slots;
  for (const kernels::KvRun run : layout.runs) {
    for (int i = 0; i < run.num_slots; ++i) slots.push_back(run.first_slot + i);
  }
  return slots;
}

TEST(KvPagesTest, APageIsTakenWhenAPositionIsFirstWritten) {
  KvPages pages(8, kScratch);
  pages.place(sequence(1, 100, {{0, 100}}, {}, {}), 0);
  EXPECT_EQ(pages.num_free_pages(), 8);
  pages.place(sequence(1, 100, {{20, 33}}, {}, {{20, 33}}), 0);
  EXPECT_EQ(pages.num_free_pages(), 6);  // positions 16 to 31 and 32 to 47
  pages.place(sequence(1, 100, {{16, 48}}, {}, {{16, 48}}), 0);
  EXPECT_EQ(pages.num_free_pages(), 6);
}

TEST(KvPagesTest, ClosingFreesAllPagesAndClosingAgainIsHarmless) {
  KvPages pages(8, kScratch);
  pages.place(refresh(1, 64), 0);
  pages.place(refresh(2, 64), 0);
  EXPECT_EQ(pages.num_free_pages(), 0);
  pages.close(1);
  pages.close(1);
  pages.close(7);
  EXPECT_EQ(pages.num_free_pages(), 4);
  EXPECT_EQ(pages.num_sequences(), 1);
  pages.close_all();
  EXPECT_EQ(pages.num_free_pages(), 8);
}

TEST(KvPagesTest, RowsThatDoNotStayGoToTheScratchSlotOfTheirRow) {
  KvPages pages(2, kScratch);
  pages.place(refresh(1, 32), 0);
  const KvLayout layout = pages.place(sequence(1, 32, {{4, 7}}, {{0, 32}}, {}), 10);
  EXPECT_THAT(layout.slots, ElementsAre(33 + 10, 33 + 11, 33 + 12));
  EXPECT_EQ(pages.first_scratch_slot(), 33);
}

TEST(KvPagesTest, FreshKeysStandInThePlaceOfTheCachedOnes) {
  KvPages pages(1, kScratch);
  pages.place(refresh(1, 10), 0);
  const KvLayout layout = pages.place(sequence(1, 10, {{2, 4}, {6, 7}}, {{0, 3}, {5, 9}}, {}), 0);
  EXPECT_THAT(keys(layout), ElementsAre(0, 1, 17, 18, 5, 19, 7, 8));
  EXPECT_THAT(layout.key_limit, ElementsAre(8, 8, 8));
}

TEST(KvPagesTest, NeighboursAreOneRun) {
  KvPages pages(3, kScratch);
  const KvLayout layout = pages.place(refresh(1, 48), 0);
  ASSERT_EQ(layout.runs.size(), 1u);
  EXPECT_EQ(layout.runs[0].num_slots, 48);
}

TEST(KvPagesTest, NoRunReachesFromThePagesIntoTheScratch) {
  KvPages pages(1, kScratch);
  const KvLayout layout = pages.place(sequence(1, 20, {{0, 20}}, {}, {{0, 16}}), 0);
  ASSERT_EQ(layout.runs.size(), 2u);
  EXPECT_EQ(layout.runs[0].num_slots, 16);
  EXPECT_EQ(layout.runs[1].first_slot, pages.first_scratch_slot() + 16);
}

TEST(KvPagesTest, ACausalRowSeesTheKeysUpToTheEndOfItsBlock) {
  KvPages pages(1, kScratch);
  SequenceStep step = sequence(1, 10, {{0, 10}}, {}, {});
  step.window.causal_block_length = 4;
  EXPECT_THAT(pages.place(step, 0).key_limit, ElementsAre(4, 4, 4, 4, 8, 8, 8, 8, 10, 10));
}

TEST(KvPagesTest, AStepThatDoesNotFitIsRefusedWithTheFigures) {
  KvPages pages(4, kScratch);
  pages.place(refresh(1, 48), 0);
  const std::optional<Error> fits = refusal(pages, step_of(refresh(2, 17)));
  ASSERT_TRUE(fits);
  EXPECT_EQ(fits->code, ErrorCode::kOverloaded);
  EXPECT_THAT(fits->message, HasSubstr("2 more KV pages"));
  EXPECT_THAT(fits->message, HasSubstr("1 of 4 are free"));
  EXPECT_EQ(refusal(pages, step_of(refresh(2, 16))), std::nullopt);
  EXPECT_EQ(pages.num_free_pages(), 1);
}

TEST(KvPagesTest, PagesOfSequencesThatTheStepClosesCountAsFree) {
  KvPages pages(4, kScratch);
  pages.place(refresh(1, 64), 0);
  Step step = step_of(refresh(2, 64));
  EXPECT_TRUE(refusal(pages, step));
  step.closed = {1, 1};  // twice the same pages
  EXPECT_EQ(refusal(pages, step), std::nullopt);
  step.sequences.push_back(refresh(3, 1));
  EXPECT_TRUE(refusal(pages, step));
}

TEST(KvPagesTest, WhatIsRefusedTakesNoPagesFromTheOthers) {
  KvPages pages(4, kScratch);
  Step step = step_of(refresh(1, 65));
  step.sequences.push_back(refresh(2, 64));
  Refusals refusals(2);
  pages.check(step, refusals);
  EXPECT_TRUE(refusals[0]);
  EXPECT_FALSE(refusals[1]);
  step.sequences[0] = refresh(1, 64);
  refusals = {Error{ErrorCode::kInvalidArgument, "by somebody else"}, std::nullopt};
  pages.check(step, refusals);
  EXPECT_EQ(refusals[0]->message, "by somebody else");
  EXPECT_FALSE(refusals[1]);
}

TEST(KvPagesTest, APositionThatWasNeverWrittenCannotBeSeen) {
  KvPages pages(4, kScratch);
  pages.place(sequence(1, 32, {{0, 8}}, {}, {{0, 8}}), 0);
  EXPECT_EQ(refusal(pages, step_of(sequence(1, 32, {{8, 12}}, {{0, 8}}, {}))), std::nullopt);
  EXPECT_EQ(refusal(pages, step_of(sequence(1, 32, {{8, 12}}, {{0, 12}}, {}))),
            std::nullopt);  // 8.. are fresh
  const std::optional<Error> sees =
      refusal(pages, step_of(sequence(1, 32, {{8, 12}}, {{0, 13}}, {})));
  ASSERT_TRUE(sees);
  EXPECT_THAT(sees->message, HasSubstr("sequence 1 sees position 12"));
  EXPECT_TRUE(refusal(pages, step_of(sequence(2, 32, {{8, 12}}, {{0, 8}}, {}))));
}

TEST(KvPagesTest, ACanvasDoesNotChangeItsLength) {
  KvPages pages(4, kScratch);
  pages.place(refresh(1, 32), 0);
  EXPECT_TRUE(refusal(pages, step_of(refresh(1, 31))));
}

TEST(KvPagesTest, NoSlotIsSharedAndNoneIsLostWhateverComesAndGoes) {
  constexpr int kNumPages = 40;
  std::mt19937 random(7);
  const auto below = [&](int end) { return std::int32_t(random() % std::uint32_t(end)); };
  KvPages pages(kNumPages, kScratch);
  std::map<SequenceId, std::map<std::int32_t, std::int32_t>> slots;  // by sequence and position
  std::map<SequenceId, std::int32_t> lengths;

  for (int turn = 0; turn < 3000; ++turn) {
    const SequenceId id = SequenceId(below(12));
    if (below(4) == 0) {
      pages.close(id);
      slots.erase(id);
      lengths.erase(id);
      continue;
    }
    const std::int32_t length = lengths.try_emplace(id, 1 + below(150)).first->second;
    const std::int32_t begin = below(length);
    const std::int32_t end = std::min(length, begin + 1 + below(kScratch - 1));
    const SequenceStep step = sequence(id, length, {{begin, end}}, {}, {{begin, end}});
    if (refusal(pages, step_of(step))) continue;
    const KvLayout layout = pages.place(step, 0);
    for (std::int32_t i = begin; i < end; ++i) {
      const std::int32_t slot = layout.slots[std::size_t(i - begin)];
      const auto known = slots[id].try_emplace(i, slot).first;
      ASSERT_EQ(known->second, slot) << "a position moved";
    }

    std::set<std::int32_t> used, used_pages;
    for (const auto& [owner, of_owner] : slots) {
      for (const auto& [position, slot] : of_owner) {
        ASSERT_TRUE(used.insert(slot).second) << "two positions share slot " << slot;
        ASSERT_LT(slot, kNumPages * kPagePositions);
        used_pages.insert(slot / kPagePositions);
      }
    }
    ASSERT_EQ(int(used_pages.size()), kNumPages - pages.num_free_pages());
  }
}

}  // namespace
}  // namespace unmask::cache
