#include "model/checkpoint/mapped_file.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <utility>

#include "tests/unit/temporary_folder.h"

namespace unmask::checkpoint {
namespace {

using testing::HasSubstr;

class MappedFileTest : public testing::Test {
 protected:
  [[nodiscard]] Result<MappedFile> open(const char* name) const {
    return MappedFile::open(folder_ / name);
  }

  const TemporaryFolder folder_;
};

TEST_F(MappedFileTest, TheTextIsThatOfTheFile) {
  folder_.write("f", std::string_view("a\0b", 3));
  const Result<MappedFile> file = open("f");
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_EQ(file->text(), std::string_view("a\0b", 3));
  EXPECT_EQ(file->bytes().size(), 3u);
}

TEST_F(MappedFileTest, AByteOrderMarkIsNoText) {
  folder_.write("f", "\xef\xbb\xbf{}");
  EXPECT_EQ(open("f")->text(), "{}");
  EXPECT_EQ(open("f")->bytes().size(), 5u);
}

TEST_F(MappedFileTest, AnEmptyFileHasNoBytes) {
  folder_.write("f", "");
  const Result<MappedFile> file = open("f");
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_TRUE(file->bytes().empty());
}

TEST_F(MappedFileTest, BytesStayWhereTheyAreWhenTheFileMoves) {
  folder_.write("f", "text");
  folder_.write("g", "other");
  Result<MappedFile> file = open("f"), other = open("g");
  ASSERT_TRUE(file && other);
  const std::byte* data = file->bytes().data();
  MappedFile moved(std::move(*file));
  EXPECT_EQ(moved.bytes().data(), data);
  *other = std::move(moved);
  EXPECT_EQ(other->bytes().data(), data);
  EXPECT_EQ(other->text(), "text");
}

TEST_F(MappedFileTest, BytesStayValidWhenTheirPagesAreDropped) {
  folder_.write("f", std::string(100000, 'x'));
  const Result<MappedFile> file = open("f");
  ASSERT_TRUE(file) << file.error().message;
  drop_pages(file->bytes());
  drop_pages(file->bytes().subspan(5000, 10));  // no whole page
  drop_pages({});
  EXPECT_EQ(file->text(), std::string(100000, 'x'));
}

TEST_F(MappedFileTest, AMissingFileIsNamed) {
  const Result<MappedFile> file = open("none");
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().code, ErrorCode::kNotFound);
  EXPECT_EQ(file.error().message,
            "cannot read " + (folder_ / "none").string() + ": No such file or directory");
}

TEST_F(MappedFileTest, WhatIsNoFileIsRefusedWithoutWaiting) {
  std::filesystem::create_directory(folder_ / "folder");
  ASSERT_EQ(::mkfifo((folder_ / "pipe").c_str(), 0600), 0);
  std::filesystem::create_symlink("loop", folder_ / "loop");
  for (const char* name : {"folder", "pipe"}) {
    const Result<MappedFile> file = open(name);
    ASSERT_FALSE(file) << name;
    EXPECT_EQ(file.error().code, ErrorCode::kInvalidArgument);
    EXPECT_THAT(file.error().message, HasSubstr(std::string(name) + ": not a file"));
  }
  ASSERT_FALSE(open("loop"));
  EXPECT_EQ(open("loop").error().code, ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace unmask::checkpoint
