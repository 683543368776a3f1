#include "model/tokenizer/bpe.h"

#include <gmock/gmock.h>

#include <ctime>
#include <numeric>
#include <string>

namespace unmask::tokenizer {
namespace {

using testing::ElementsAre;
using Tokens = std::vector<std::int32_t>;

std::array<std::int32_t, 256> bytes_as_ids() {
  std::array<std::int32_t, 256> ids{};
  std::iota(ids.begin(), ids.end(), 0);
  return ids;
}

Tokens encode(const std::vector<Bpe::Merge>& merges, std::string_view word) {
  const Result<Bpe> bpe = Bpe::create(bytes_as_ids(), merges, "t.json");
  EXPECT_TRUE(bpe) << bpe.error().message;
  Bpe::Scratch scratch;
  Tokens tokens;
  if (bpe) bpe->encode(word, scratch, tokens);
  return tokens;
}

TEST(BpeTest, WithoutMergesEveryByteIsAToken) {
  EXPECT_THAT(encode({}, "a\xff"), ElementsAre('a', 0xff));
  EXPECT_THAT(encode({}, ""), ElementsAre());
}

TEST(BpeTest, TheMergeOfTheLowestRankComesFirst) {
  EXPECT_THAT(encode({{'b', 'c', 256}, {'a', 'b', 257}}, "abc"), ElementsAre('a', 256));
  EXPECT_THAT(encode({{'a', 'b', 257}, {'b', 'c', 256}}, "abc"), ElementsAre(257, 'c'));
}

TEST(BpeTest, EqualMergesGoFromLeftToRight) {
  EXPECT_THAT(encode({{'a', 'a', 256}}, "aaaaa"), ElementsAre(256, 256, 'a'));
}

TEST(BpeTest, MergedTokensMergeAgain) {
  EXPECT_THAT(encode({{'a', 'a', 256}, {256, 256, 257}, {257, 'b', 258}}, "aaaab"),
              ElementsAre(258));
  EXPECT_THAT(encode({{'b', 'b', 256}, {'a', 256, 257}}, "abb"), ElementsAre(257));
}

/// The reference keeps a merge that was found before its pair changed, if the new pair makes the
/// same token: here (x, y) at the front becomes (x, yz), and both make 300.
TEST(BpeTest, AChangedPairThatMakesTheSameTokenIsMergedAtItsOldRank) {
  const std::vector<Bpe::Merge> merges = {
      {'y', 'z', 256}, {'x', 'y', 300}, {256, 'w', 301}, {'x', 256, 300}};
  EXPECT_THAT(encode(merges, "xyzw"), ElementsAre(300, 'w'));
}

TEST(BpeTest, TwoMergesOfOnePairAreRefused) {
  const Result<Bpe> bpe =
      Bpe::create(bytes_as_ids(), {{'a', 'b', 256}, {'b', 'c', 257}, {'a', 'b', 258}}, "t.json");
  ASSERT_FALSE(bpe);
  EXPECT_EQ(bpe.error().message, "t.json: model.merges[2] repeats an earlier merge");
}

TEST(BpeTest, AMebibyteWithoutABreakIsDoneAtOnce) {
  std::vector<Bpe::Merge> merges;
  for (std::int32_t token = 'a', merged = 256; merged < 266; token = merged++) {
    merges.push_back({token, token, merged});
  }
  const std::clock_t before = std::clock();
  const Tokens tokens = encode(merges, std::string(1 << 20, 'a'));
  EXPECT_EQ(tokens, Tokens(1 << 10, 265));
  // A quadratic way takes an hour. This one takes a fifth of a second, or some with sanitizers.
  EXPECT_LT(double(std::clock() - before) / CLOCKS_PER_SEC, 20.0);
}

}  // namespace
}  // namespace unmask::tokenizer
