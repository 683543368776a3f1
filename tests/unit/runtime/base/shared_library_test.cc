#include "runtime/base/shared_library.h"

#include <gmock/gmock.h>

namespace unmask {
namespace {

TEST(SharedLibraryTest, FindsFunctionsAndKeepsTheFirstThatIsMissing) {
  Result<SharedLibrary> library = SharedLibrary::open("libm.so.6");
  ASSERT_TRUE(library) << library.error().message;
  double (*cosine)(double) = nullptr;
  library->find("cos", cosine);
  ASSERT_NE(cosine, nullptr);
  EXPECT_EQ(cosine(0), 1);
  EXPECT_EQ(library->missing(), "");
  void (*nothing)() = nullptr;
  library->find("no_such_function", nothing);
  library->find("nor_this_one", nothing);
  EXPECT_EQ(nothing, nullptr);
  EXPECT_EQ(library->missing(), "no_such_function");
}

TEST(SharedLibraryTest, TellsWhyThereIsNone) {
  const Result<SharedLibrary> none = SharedLibrary::open("libnobody.so.99");
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, ErrorCode::kUnavailable);
  EXPECT_THAT(none.error().message, testing::HasSubstr("libnobody.so.99"));
}

}  // namespace
}  // namespace unmask
