#include "kernels/instruction_set.h"

#include <gtest/gtest.h>

namespace unmask::kernels {
namespace {

TEST(InstructionSetTest, NamesAreReadAsTheyAreWritten) {
  for (const InstructionSet set : kInstructionSets)
    EXPECT_EQ(instruction_set_of(name_of(set)), set);
  EXPECT_EQ(instruction_set_of("avx1024"), std::nullopt);
}

TEST(InstructionSetTest, TheBestIsAvailableAndPortableAlwaysIs) {
  EXPECT_TRUE(is_available(InstructionSet::kPortable));
  EXPECT_TRUE(is_available(best_instruction_set()));
}

}  // namespace
}  // namespace unmask::kernels
