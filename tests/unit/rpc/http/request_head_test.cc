#include "rpc/http/request_head.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace unmask::rpc {
namespace {

using State = HeadScanner::State;

struct Case {
  std::string name;
  std::string head;
  int status;  // 0: nothing is wrong
};

std::string with(const std::string& fields) {
  return "GET / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n";
}
std::string post(const std::string& fields) {
  return "POST / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n";
}

std::vector<Case> cases() {
  return {
      {"Plain", with(""), 0},
      {"Version10WithoutHost", "GET / HTTP/1.0\r\n\r\n", 0},
      {"PostWithLength", post("Content-Length: 3\r\n"), 0},
      {"PostInChunks", post("tRANSFER-eNCODING: Chunked \r\n"), 0},
      {"GetWithLengthZero", with("Content-Length: 0\r\n"), 0},
      {"Expect", post("Expect: 100-Continue\r\nContent-Length: 3\r\n"), 0},

      {"Empty", "\r\n\r\n", 400},
      {"NoTarget", "GET\r\n\r\n", 400},
      {"NoVersion", "GET /\r\n\r\n", 400},
      {"NotHttp", "GET / FTP/1.1\r\n\r\n", 400},
      {"SpaceInTarget", "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"AbsoluteTarget", "GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"AuthorityTarget", "CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"Version09", "GET / HTTP/0.9\r\n\r\n", 505},
      {"Version2", "PRI * HTTP/2.0\r\n\r\n", 505},
      {"Version12", "GET / HTTP/1.2\r\nHost: a\r\n\r\n", 505},
      {"NoHost", "GET / HTTP/1.1\r\n\r\n", 400},
      {"TwoHosts", with("hOST: b\r\n"), 400},
      {"FoldedField", with("X: a\r\n b\r\n"), 400},
      {"FoldedWithTab", with("X: a\r\n\tTransfer-Encoding: chunked\r\n"), 400},
      {"NoColon", with("X\r\n"), 400},
      {"TwoLengths", post("Content-Length: 3\r\nContent-Length: 3\r\n"), 400},
      {"LengthAndCoding", post("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n"), 400},
      {"TwoCodings", post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), 400},
      {"CodingIdentity", post("Transfer-Encoding: chunked, identity\r\n"), 400},
      {"CodingTwice", post("Transfer-Encoding: chunked, chunked\r\n"), 400},
      {"CodingGzip", post("Transfer-Encoding: gzip\r\n"), 400},
      {"CodingEmpty", post("Transfer-Encoding:\r\n"), 400},
      {"CodingInVersion10", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
      {"NegativeLength", post("Content-Length: -1\r\n"), 400},
      {"HexLength", post("Content-Length: 0x10\r\n"), 400},
      {"EmptyLength", post("Content-Length: \r\n"), 400},
      {"ListOfLengths", post("Content-Length: 3, 3\r\n"), 400},
      {"GetWithBody", with("Content-Length: 3\r\n"), 400},
      {"GetInChunks", with("Transfer-Encoding: chunked\r\n"), 400},
      {"OtherExpect", post("Expect: tea\r\n"), 417},
  };
}

class RequestHeadTest : public testing::TestWithParam<Case> {};

TEST_P(RequestHeadTest, IsTakenOrRefusedWithAStatus) {
  HeadScanner scanner;
  ASSERT_EQ(scanner.scan(GetParam().head), State::kComplete);
  ASSERT_EQ(scanner.size(), GetParam().head.size());
  const std::optional<HttpResponse> refused = reject_head(GetParam().head, {});
  EXPECT_EQ(refused ? refused->status : 0, GetParam().status) << (refused ? refused->body : "");
}

INSTANTIATE_TEST_SUITE_P(Heads, RequestHeadTest, testing::ValuesIn(cases()),
                         [](const auto& test) { return test.param.name; });

TEST(RequestHeadTest, AsManyFieldsAsAllowedAreTakenAndOneMoreIsRefused) {
  HttpLimits limits;
  limits.max_fields = 3;
  EXPECT_FALSE(reject_head(with("A: 1\r\nB: 2\r\n"), limits));
  const auto refused = reject_head(with("A: 1\r\nB: 2\r\nC: 3\r\n"), limits);
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->status, 431);
  EXPECT_EQ(refused->body, "there are more than 3 fields\n");
}

TEST(RequestHeadTest, AFieldMayBeAsLongAsAllowedAndNotLonger) {
  HttpLimits limits;
  limits.max_field_bytes = 10;
  EXPECT_FALSE(reject_head(with("A: 4567890\r\n"), limits));
  const auto refused = reject_head(with("A: 45678901\r\n"), limits);
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->status, 431);
}

TEST(RequestHeadTest, TheEndIsFoundHoweverTheBytesCome) {
  const std::string head = with("X: \xC3\xA4\r\n");
  for (std::size_t step = 1; step <= head.size(); ++step) {
    HeadScanner scanner;
    std::size_t size = 0;
    State state = State::kIncomplete;
    while (state == State::kIncomplete) {
      ASSERT_LT(size, head.size());
      size = std::min(size + step, head.size());
      state = scanner.scan(std::string_view(head).substr(0, size));
    }
    EXPECT_EQ(state, State::kComplete);
    EXPECT_EQ(scanner.size(), head.size());
  }
}

TEST(RequestHeadTest, WhatFollowsTheHeadIsNotLookedAt) {
  HeadScanner scanner;
  EXPECT_EQ(scanner.scan(with("") + std::string("\0\n", 2)), State::kComplete);
  EXPECT_EQ(scanner.size(), with("").size());
}

TEST(RequestHeadTest, ControlCharactersAndBareLineEndsAreMalformedAtOnce) {
  using namespace std::string_literals;
  for (const std::string& begun : {"GET /\0"s, "GET / HTTP/1.1\n"s, "GET / HTTP/1.1\rH"s,
                                   "\x16\x03\x01"s, "GET /\x7f"s, "\n"s, "GET /\r\r"s}) {
    HeadScanner scanner;
    EXPECT_EQ(scanner.scan(begun), State::kMalformed) << testing::PrintToString(begun);
  }
}

}  // namespace
}  // namespace unmask::rpc
