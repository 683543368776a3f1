#include "model/cache/soft_rows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace unmask::cache {
namespace {

using testing::HasSubstr;

SequenceStep mixing(SequenceId id, Ranges mixed, std::int32_t num_positions = 20) {
  SequenceStep sequence;
  sequence.sequence = id;
  sequence.num_positions = num_positions;
  sequence.window.computed = {{0, num_positions}};
  sequence.window.mixed = std::move(mixed);
  sequence.inputs.assign(std::size_t(num_positions), 5);
  return sequence;
}

/// What check() says of a step of these alone, by sequence.
Refusals refusals_of(const SoftRows& rows, std::vector<SequenceStep> sequences,
                     std::vector<SequenceId> closed = {}) {
  Step step;
  step.sequences = std::move(sequences);
  step.closed = std::move(closed);
  Refusals refusals(step.sequences.size());
  rows.check(step, refusals);
  return refusals;
}

TEST(SoftRowsTest, APositionKeepsItsRowAndSharesItWithNone) {
  SoftRows rows(10);
  const std::vector<std::int32_t> first = rows.place(mixing(1, {{3, 6}, {9, 10}}));
  const std::vector<std::int32_t> other = rows.place(mixing(2, {{3, 6}}));
  std::set<std::int32_t> all(first.begin(), first.end());
  all.insert(other.begin(), other.end());
  EXPECT_EQ(all.size(), 7u);
  EXPECT_EQ(rows.num_free(), 3);
  EXPECT_EQ(rows.place(mixing(1, {{4, 6}})), (std::vector<std::int32_t>{first[1], first[2]}));
  EXPECT_EQ(rows.row(1, 9), first[3]);
  EXPECT_EQ(rows.num_free(), 3);
}

TEST(SoftRowsTest, RowsOfAClosedSequenceAreFree) {
  SoftRows rows(4);
  rows.place(mixing(1, {{0, 4}}));
  const Refusals full = refusals_of(rows, {mixing(2, {{0, 1}})});
  ASSERT_TRUE(full[0]);
  EXPECT_EQ(full[0]->code, ErrorCode::kOverloaded);
  EXPECT_THAT(full[0]->message, HasSubstr("1 soft rows more, of 4 are 0 free"));
  EXPECT_FALSE(refusals_of(rows, {mixing(2, {{0, 4}})}, {1})[0]) << "it is closed with the step";
  rows.close(1);
  rows.close(1);
  EXPECT_EQ(rows.num_free(), 4);
  rows.place(mixing(3, {{0, 4}}));
  rows.close_all();
  EXPECT_EQ(rows.num_free(), 4);
}

TEST(SoftRowsTest, OnlyWhatFitsIsTakenAndTheOthersAreNamed) {
  const SoftRows rows(5);
  const Refusals refusals =
      refusals_of(rows, {mixing(1, {{0, 3}}), mixing(2, {{0, 3}}), mixing(3, {{7, 9}})});
  EXPECT_FALSE(refusals[0]);
  EXPECT_THAT(refusals[1]->message, HasSubstr("sequence 2"));
  EXPECT_FALSE(refusals[2]);
}

TEST(SoftRowsTest, ASoftRowThatWasNeverMadeIsNoInput) {
  SoftRows rows(5);
  SequenceStep sequence = mixing(1, {{0, 2}});
  sequence.inputs[1] = kSoftRow;
  EXPECT_THAT(refusals_of(rows, {sequence})[0]->message, HasSubstr("no soft row at position 1"));
  rows.place(mixing(1, {{0, 2}}));
  EXPECT_FALSE(refusals_of(rows, {sequence})[0]);
  EXPECT_THAT(refusals_of(rows, {sequence}, {1})[0]->message, HasSubstr("no soft row"));
  sequence.inputs[2] = kSoftRow;
  EXPECT_THAT(refusals_of(rows, {sequence})[0]->message, HasSubstr("position 2"));
  EXPECT_THAT(refusals_of(rows, {mixing(1, {{0, 2}}, 21)})[0]->message,
              HasSubstr("another length"));
}

}  // namespace
}  // namespace unmask::cache
