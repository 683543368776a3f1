#include "runtime/cli/eval/results_file.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <optional>

namespace unmask::cli {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kSettings = R"({"unmask_eval":1,"model":"m","set":[]})";

class ResultsFileTest : public testing::Test {
 public:
  ~ResultsFileTest() override { fs::remove_all(folder_); }

 protected:
  std::string error(const char* settings = kSettings) {
    const Result<ResultsFile> file = ResultsFile::open(folder_, settings);
    return file ? "nothing" : file.error().message;
  }
  void append_raw(const std::string& text) {
    std::ofstream(fs::path(folder_) / "results.jsonl", std::ios::app) << text;
  }
  const std::string folder_ = testing::TempDir() + "/results" + std::to_string(getpid()) + "/deep";
  const ItemResult first_{
      "threshold none", "sorting", 0, 0xfedcba9876543210, true, 12, 3, 0.5, "1, 2"};
  const ItemResult second_{"threshold dual", "sorting", 7, 5, false, 0, 1, 0.25, "\xff \"\n"};
};

TEST_F(ResultsFileTest, ALaterStartHasWhatWasWritten) {
  {
    Result<ResultsFile> file = ResultsFile::open(folder_, kSettings);
    ASSERT_TRUE(file) << file.error().message;
    EXPECT_THAT(file->results(), IsEmpty());
    EXPECT_TRUE(file->append(first_));
  }
  Result<ResultsFile> file = ResultsFile::open(folder_, kSettings);
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_THAT(file->results(), ElementsAre(first_));
}

TEST_F(ResultsFileTest, AHalfWrittenLineGoesAndTheNextIsWhole) {
  {
    Result<ResultsFile> file = ResultsFile::open(folder_, kSettings);
    EXPECT_TRUE(file->append(first_));
  }
  append_raw("{\"variant\": \"thres");
  {
    Result<ResultsFile> file = ResultsFile::open(folder_, kSettings);
    ASSERT_TRUE(file) << file.error().message;
    EXPECT_THAT(file->results(), ElementsAre(first_));
    EXPECT_TRUE(file->append(first_));
  }
  EXPECT_THAT(ResultsFile::open(folder_, kSettings)->results(), ElementsAre(first_, first_));
}

TEST_F(ResultsFileTest, ResultsOfOtherSettingsAreNotMixedWithThese) {
  EXPECT_EQ(error(), "nothing");
  EXPECT_THAT(error(R"({"unmask_eval":1,"model":"n","set":[]})"),
              HasSubstr("is of other settings: its model is \"m\", not \"n\""));
}

TEST_F(ResultsFileTest, ALineOfSomebodyElseIsNamed) {
  EXPECT_EQ(error(), "nothing");
  append_raw("{\"variant\": 7}\n");
  EXPECT_THAT(error(), HasSubstr("results.jsonl' line 2 is not a result"));
  fs::remove_all(folder_);
  fs::create_directories(folder_);
  append_raw("my diary\n");
  EXPECT_THAT(error(), HasSubstr("line 1 is not of unmask eval"));
}

TEST_F(ResultsFileTest, OneProcessHasItAtATime) {
  const Result<ResultsFile> file = ResultsFile::open(folder_, kSettings);
  ASSERT_TRUE(file);
  EXPECT_THAT(error(), HasSubstr("another unmask eval writes"));
}

TEST_F(ResultsFileTest, AFolderThatCannotBeIsNamed) {
  const Result<ResultsFile> file = ResultsFile::open("/dev/null/x", kSettings);
  ASSERT_FALSE(file);
  EXPECT_THAT(file.error().message,
              HasSubstr("--out: cannot write '/dev/null/x/results.jsonl': Not a directory"));
}

}  // namespace
}  // namespace unmask::cli
