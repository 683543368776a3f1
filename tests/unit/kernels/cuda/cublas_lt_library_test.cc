#include "kernels/cuda/cublas_lt_library.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "kernels/fast_products.h"

namespace unmask::kernels {
namespace {

using testing::AllOf;
using testing::HasSubstr;

const auto kNamesTheWayOut =
    AllOf(HasSubstr("libcublas-13-0"), HasSubstr("compute.cublas_lt_library"));

std::string problem_of(const std::string& path) {
  const Result<CublasLtLibrary> loaded = CublasLtLibrary::load(path);
  return loaded ? "" : loaded.error().message;
}

TEST(CublasLtLibraryTest, ALibraryTellsItsVersion) {
  EXPECT_EQ(cublas_lt_version(UNMASK_EMULATED_CUBLAS_LT)->substr(0, 3), "13.");
}

TEST(CublasLtLibraryTest, OneThatIsNotThereIsNamed) {
  EXPECT_THAT(problem_of("/no/such/libcublasLt.so.13"),
              AllOf(HasSubstr("/no/such/libcublasLt.so.13"), kNamesTheWayOut));
}

TEST(CublasLtLibraryTest, OneThatIsSomethingElseIsRefusedByAFunctionThatItLacks) {
  EXPECT_THAT(problem_of("libm.so.6"), AllOf(HasSubstr("cublasLtGetVersion"), kNamesTheWayOut));
}

TEST(CublasLtLibraryTest, OneOfAnotherMajorVersionIsRefusedByItsVersion) {
  setenv("UNMASK_EMULATED_CUBLASLT_VERSION", "120503", 1);
  EXPECT_THAT(problem_of(UNMASK_EMULATED_CUBLAS_LT),
              AllOf(HasSubstr("is cuBLASLt 12.5.3"), kNamesTheWayOut));
  unsetenv("UNMASK_EMULATED_CUBLASLT_VERSION");
}

}  // namespace
}  // namespace unmask::kernels
