#include "rpc/openai/api_keys.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace unmask::rpc {
namespace {

HttpRequest showing(std::string authorization) {
  HttpRequest request;
  request.authorization = std::move(authorization);
  return request;
}

TEST(ApiKeysTest, WithoutKeysEverybodyMayAskUnlessThereIsAReason) {
  EXPECT_EQ(*ApiKeys({}).find(showing("")), 0u);
  EXPECT_EQ(*ApiKeys({}).find(showing("Bearer whatever")), 0u);
  const auto closed = ApiKeys({}, "set a key").find(showing(""));
  ASSERT_FALSE(closed);
  EXPECT_EQ(closed.error().status, 403);
  EXPECT_EQ(closed.error().message, "set a key");
}

TEST(ApiKeysTest, WithoutKeysAWebPageMayNotAsk) {
  HttpRequest request = showing("Bearer alpha");
  request.origin = "https://example.org";
  ASSERT_FALSE(ApiKeys({}).find(request));
  EXPECT_EQ(ApiKeys({}).find(request).error().status, 403);
  EXPECT_TRUE(ApiKeys({"alpha"}).find(request));
}

TEST(ApiKeysTest, WithoutKeysThePageOfThisServerMayAsk) {
  HttpRequest request;
  for (const char* host : {"localhost:8080", "127.0.0.1:8080", "[::1]:8080", "localhost"}) {
    request.host = host;
    request.origin = "http://" + request.host;
    EXPECT_TRUE(ApiKeys({}).find(request)) << host;
    EXPECT_FALSE(ApiKeys({}, "set a key").find(request)) << host;
  }
}

TEST(ApiKeysTest, WithoutKeysANameThatAnybodyCanMakePointHereIsNotThisServer) {
  HttpRequest request;
  request.host = "example.org:8080";
  request.origin = "http://example.org:8080";
  EXPECT_FALSE(ApiKeys({}).find(request));
  request.host = "localhost:8080";
  request.origin = "http://localhost:8081";
  EXPECT_FALSE(ApiKeys({}).find(request));
}

TEST(ApiKeysTest, WithoutKeysNobodyAsksByAPublicName) {
  HttpRequest request;
  for (const char* host : {"example.org", "example.org:8080", "127.example.org", "a.b"}) {
    request.host = host;
    EXPECT_FALSE(ApiKeys({}).find(request)) << host;
    request.authorization = "Bearer alpha";
    EXPECT_TRUE(ApiKeys({"alpha"}).find(request)) << host;
  }
  for (const char* host : {"", "a", "localhost:8080", "10.0.0.7:8080", "[::1]:8080",
                           "[fe80::1.2.3.4]", "gpu.local", "app.localhost:80", "::1"}) {
    request.host = host;
    EXPECT_TRUE(ApiKeys({}).find(request)) << host;
  }
}

TEST(ApiKeysTest, AKeyIsFoundByAllOfIt) {
  const ApiKeys keys({"alpha", "beta"});
  EXPECT_EQ(*keys.find(showing("Bearer alpha")), 1u);
  EXPECT_EQ(*keys.find(showing("bearer beta")), 2u);
  for (const char* wrong : {"", "alpha", "Bearer", "Bearer ", "Bearer alph", "Bearer alphaa",
                            "Bearer ALPHA", "Basic alpha", "Bearer  alpha"}) {
    const auto found = keys.find(showing(wrong));
    ASSERT_FALSE(found) << wrong;
    EXPECT_EQ(found.error().status, 401) << wrong;
    EXPECT_EQ(found.error().code, "invalid_api_key") << wrong;
  }
}

TEST(ApiKeysTest, AFileHasAKeyALine) {
  EXPECT_THAT(parse_api_keys("# ours\nalpha\r\n\n  \nbeta"), testing::ElementsAre("alpha", "beta"));
  EXPECT_THAT(parse_api_keys(""), testing::IsEmpty());
}

}  // namespace
}  // namespace unmask::rpc
