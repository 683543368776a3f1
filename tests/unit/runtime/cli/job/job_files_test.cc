#include "runtime/cli/job/job_files.h"

#include <gmock/gmock.h>

#include <cstdio>

#include "rpc/client/job_id.h"
#include "runtime/cli/text/text_file.h"
#include "tests/unit/temporary_folder.h"

namespace unmask::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class JobFilesTest : public testing::Test {
 protected:
  std::string file(const std::string& content) { return folder_.write("file.json", content); }

  const TemporaryFolder folder_;
};

std::string error_of(const auto& result) { return result ? "" : result.error().message; }

TEST_F(JobFilesTest, AListOfTokenIdsIsRead) {
  EXPECT_THAT(*read_tokens(file("[1, 2, 300]")), ElementsAre(1, 2, 300));
  EXPECT_THAT(*read_tokens(file("[]")), ElementsAre());
}

TEST_F(JobFilesTest, WhatIsNoTokenIdIsNamedByItsPlace) {
  for (const char* list : {"[1, 2.5]", "[1, -1]", "[1, \"2\"]", "[1, 2147483648]", "[1, null]"}) {
    EXPECT_THAT(error_of(read_tokens(file(list))), HasSubstr("entry 1 is not a token id")) << list;
  }
  EXPECT_THAT(error_of(read_tokens(file("{}"))), HasSubstr("is not a list of token ids"));
  EXPECT_THAT(error_of(read_tokens(file("[1, 2"))), HasSubstr("is not JSON"));
  EXPECT_THAT(error_of(read_tokens(folder_ / "none")), HasSubstr("cannot read"));
}

TEST_F(JobFilesTest, AChatIsRead) {
  const auto chat = read_chat(file(R"([{"role":"system","content":"Be brief"},
                                       {"role":"user","content":"Hi"}])"));
  EXPECT_THAT(*chat, ElementsAre(tokenizer::ChatMessage{"system", "Be brief"},
                                 tokenizer::ChatMessage{"user", "Hi"}));
  EXPECT_THAT(error_of(read_chat(file("[]"))), HasSubstr("is not a list of messages"));
  EXPECT_THAT(error_of(read_chat(file(R"([{"role":"user"}])"))), HasSubstr("message 0 needs"));
}

TEST_F(JobFilesTest, FilesOfAnotherSystemAreTheSame) {
  const std::string mark = "\xef\xbb\xbf";
  const auto chat =
      read_chat(file(mark + "[{\"role\": \"user\",\r\n \"content\": \"Hi\\r\\n\"}]\r\n"));
  ASSERT_TRUE(chat) << chat.error().message;
  EXPECT_EQ(chat->front().content, "Hi\r\n");
  const auto tokens = read_tokens(file(mark + "[1,\r\n2]\r\n"));
  ASSERT_TRUE(tokens) << tokens.error().message;
  EXPECT_EQ(*tokens, (std::vector<std::int32_t>{1, 2}));
  EXPECT_EQ(*read_text(file(mark + "one\r\ntwo\r\n"), 100), "one\ntwo\n");
}

TEST_F(JobFilesTest, ATextBeyondItsLimitIsRefused) {
  EXPECT_EQ(*read_text(file("12345"), 5), "12345");
  EXPECT_THAT(error_of(read_text(folder_ / "file.json", 4)), HasSubstr("has more than 4 bytes"));
  EXPECT_THAT(error_of(read_text(testing::TempDir(), 4)), HasSubstr("cannot read"));
}

TEST(JobIdTest, IsReadAsItIsWritten) {
  const JobId id = rpc::random_job_id();
  EXPECT_EQ(*rpc::parse_job_id(rpc::to_hex(id)), id);
  EXPECT_EQ(*rpc::parse_job_id("000102030405060708090A0B0C0D0E0F"),
            *rpc::parse_job_id("000102030405060708090a0b0c0d0e0f"));
  EXPECT_NE(rpc::random_job_id(), id);
  for (const char* bad :
       {"", "00", "000102030405060708090a0b0c0d0e0g", "000102030405060708090a0b0c0d0e0f0"}) {
    EXPECT_FALSE(rpc::parse_job_id(bad)) << bad;
  }
}

}  // namespace
}  // namespace unmask::cli
