#include "kernels/cuda/product_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

namespace unmask::kernels {
namespace {

using testing::HasSubstr;

const ProductPlace kPlace{
    .gpu = "NVIDIA H200", .capability = 90, .driver_version = 13000, .library_version = 130100};
const ProductKey kSmall{ProductKind::kLinear, 6144, 2048, 64};
const ProductKey kLarge{ProductKind::kHead, 157184, 2048, 512};
const ProductAlgorithm kAlgorithm{1, 0, 0xffffffffffffffff, 4, 5, 6, 7, 0xabc};

ProductChoices some() { return {{kSmall, std::nullopt}, {kLarge, kAlgorithm}}; }

class ProductFileTest : public testing::Test {
 public:
  ProductFileTest() { std::filesystem::remove_all(folder_); }
  ~ProductFileTest() override { std::filesystem::remove_all(folder_); }

 protected:
  const std::filesystem::path folder_ =
      std::filesystem::path(testing::TempDir()) /
      testing::UnitTest::GetInstance()->current_test_info()->name();
  const std::filesystem::path file_ = folder_ / "within/products.txt";
  const std::filesystem::path flat_ = folder_ / "products.txt";
};

TEST_F(ProductFileTest, WhatIsStoredIsLoaded) {
  ASSERT_TRUE(store_choices(file_, kPlace, some()));
  EXPECT_EQ(*load_choices(file_, kPlace), some());
}

TEST_F(ProductFileTest, NoFileIsNoProblem) { EXPECT_TRUE(load_choices(file_, kPlace)->empty()); }

TEST_F(ProductFileTest, NothingElseStaysInTheFolder) {
  ASSERT_TRUE(store_choices(file_, kPlace, some()));
  const auto entries = std::filesystem::directory_iterator(file_.parent_path());
  EXPECT_EQ(std::distance(begin(entries), end(entries)), 1);
}

TEST_F(ProductFileTest, WhatOthersStoredStaysAndTheLastWordCounts) {
  ASSERT_TRUE(store_choices(file_, kPlace, {{kSmall, kAlgorithm}, {kLarge, kAlgorithm}}));
  ASSERT_TRUE(store_choices(file_, kPlace, {{kSmall, std::nullopt}}));
  EXPECT_EQ(*load_choices(file_, kPlace), some());
}

TEST_F(ProductFileTest, TimesOfAnotherPlaceAreNotUsed) {
  const std::string text = write_choices(kPlace, some());
  for (const int field : {0, 1, 2, 3}) {
    ProductPlace other = kPlace;
    if (field == 0) other.gpu = "NVIDIA H100";
    if (field == 1) other.capability = 120;
    if (field == 2) other.driver_version = 13010;
    if (field == 3) other.library_version = 130200;
    EXPECT_THAT(read_choices(text, other).error().message, HasSubstr("of another place"));
    EXPECT_NE(product_file_name(other), product_file_name(kPlace));
  }
}

TEST_F(ProductFileTest, ANameIsOneOfAFileWhateverTheGpuIsCalled) {
  ProductPlace place = kPlace;
  place.gpu = "../a/b c";
  EXPECT_EQ(product_file_name(place), "products-..-a-b-c-sm90-driver13000-cublaslt130100.txt");
}

TEST_F(ProductFileTest, DamageIsFoundWhereverItIs) {
  const std::string text = write_choices(kPlace, some());
  ASSERT_TRUE(read_choices(text, kPlace));
  for (std::size_t length = 0; length < text.size(); ++length) {
    EXPECT_FALSE(read_choices(text.substr(0, length), kPlace)) << length << " bytes of it";
  }
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string changed = text;
    changed.replace(changed.find(from), from.size(), to);
    return read_choices(changed, kPlace);
  };
  EXPECT_FALSE(with("version 1", "version 2"));
  EXPECT_FALSE(with("linear", "lineal"));
  EXPECT_FALSE(with("6144", "61x4"));
  EXPECT_FALSE(with("64 own", "64"));
  EXPECT_FALSE(with("64 own", "64 own own"));
  EXPECT_FALSE(with("64 own", "64 1 2 3"));
  EXPECT_FALSE(with(" abc", " xyz"));
  EXPECT_FALSE(with(" abc", " abc 9"));
  EXPECT_FALSE(with(" abc", " 11112222333344445"));
}

TEST_F(ProductFileTest, AFileThatIsNotUsedIsNamedAndThenReplaced) {
  std::filesystem::create_directories(folder_);
  std::ofstream(flat_) << "nonsense";
  EXPECT_THAT(load_choices(flat_, kPlace).error().message,
              testing::AllOf(HasSubstr(flat_.string()), HasSubstr("is not used")));
  ASSERT_TRUE(store_choices(flat_, kPlace, some()));
  EXPECT_EQ(*load_choices(flat_, kPlace), some());
}

TEST_F(ProductFileTest, AFolderThatCannotBeMadeIsNamed) {
  std::filesystem::create_directories(folder_);
  std::ofstream(folder_ / "within") << "a file";
  EXPECT_THAT(store_choices(file_, kPlace, some()).error().message, HasSubstr(file_.string()));
}

}  // namespace
}  // namespace unmask::kernels
