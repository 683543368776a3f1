#include "model/diffusion/strategies/hierarchy_remask.h"

#include <gmock/gmock.h>

#include "tests/unit/model/diffusion/columns.h"

namespace unmask::diffusion {
namespace {

using testing::ElementsAre;

constexpr HierarchyRemask kRemaskParams{
    .threshold = 0.9f, .low_threshold = 0.5f, .remask_threshold = 0.3f};

/// Candidates at 0, 1, ... for what stands there; kHole: a hole.
std::vector<Edit> edits_beside(const Columns& columns, const std::vector<std::int32_t>& present) {
  HierarchyRemask::State state;
  Candidates candidates = columns.view();
  candidates.present = present;
  std::vector<Edit> edits(columns.position.size());
  edits.resize(decide(kRemaskParams, candidates, state, edits).num_edits);
  return edits;
}

TEST(HierarchyRemaskTest, ADecidedPositionThatIsSureEnoughIsLeftAlone) {
  EXPECT_THAT(edits_beside(Columns({0.95f, 0.4f, 0.6f}), {7, 8, kHole}), ElementsAre(Edit{2, 102}));
}

TEST(HierarchyRemaskTest, ADoubtfulOneBecomesAHole) {
  // The run 1, 2 gives its surest; one doubtful position asks for two, so 4 comes along.
  EXPECT_THAT(edits_beside(Columns({0.95f, 0.2f, 0.6f, 0.99f, 0.4f}), {7, 8, kHole, 9, kHole}),
              ElementsAre(Edit{1, kHole}, Edit{2, 102}, Edit{4, 104}));
}

TEST(HierarchyRemaskTest, ADoubtfulOneThatIsTakenGetsItsCandidate) {
  EXPECT_THAT(edits_beside(Columns({0.29f, 0.28f}), {7, kHole}),
              ElementsAre(Edit{0, 100}, Edit{1, 101}));
}

TEST(HierarchyRemaskTest, EveryDecisionLeavesFewerHoles) {
  const std::vector<std::int32_t> present{7, kHole, 8, 9, kHole, kHole};
  int num_filled = 0;
  for (const Edit edit : edits_beside(Columns({0.1f, 0.2f, 0.1f, 0.1f, 0.2f, 0.1f}), present)) {
    const bool was_hole = present[std::size_t(edit.position)] == kHole;
    num_filled += int(was_hole) - int(edit.token == kHole);
  }
  EXPECT_GE(num_filled, 1);
}

}  // namespace
}  // namespace unmask::diffusion
