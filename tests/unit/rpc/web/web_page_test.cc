#include "rpc/web/web_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rpc/web/web_file.h"

namespace unmask::rpc {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

HttpRequest request_for(std::string path) {
  HttpRequest request;
  request.method = "GET";
  request.path = std::move(path);
  request.accept_encoding = "gzip, deflate, br";
  return request;
}

const WebPage kWebPage("see /metrics\n");
constexpr std::string_view kGzipMagic = "\x1f\x8b";

TEST(WebPageTest, ThePageIsHtmlThatMayLoadNothingFromElsewhere) {
  const HttpResponse page = kWebPage.answer(request_for("/"));
  EXPECT_EQ(page.status, 200);
  EXPECT_EQ(page.content_type, "text/html; charset=utf-8");
  EXPECT_EQ(page.fields.at("Content-Encoding"), "gzip");
  EXPECT_THAT(page.fields.at("Content-Security-Policy"),
              StartsWith("default-src 'none'; script-src 'self';"));
  EXPECT_THAT(page.fields.at("Content-Security-Policy"), HasSubstr("frame-ancestors 'none'"));
  EXPECT_EQ(page.fields.at("Referrer-Policy"), "no-referrer");
  EXPECT_THAT(page.body, StartsWith(std::string(kGzipMagic)));
}

TEST(WebPageTest, EveryFileIsThereUnderItsName) {
  EXPECT_GT(web_files().size(), 8u);
  for (const WebFile& file : web_files()) {
    const HttpResponse answer = kWebPage.answer(request_for("/web/" + std::string(file.name)));
    EXPECT_EQ(answer.status, 200) << file.name;
    EXPECT_EQ(answer.body, file.gzip) << file.name;
  }
  EXPECT_EQ(kWebPage.answer(request_for("/web/none.js")).status, 404);
}

TEST(WebPageTest, WhatABrowserHasIsNotSentAgain) {
  HttpRequest request = request_for("/");
  request.if_none_match = kWebPage.answer(request).fields.at("ETag");
  const HttpResponse unchanged = kWebPage.answer(request);
  EXPECT_EQ(unchanged.status, 304);
  EXPECT_EQ(unchanged.body, "");
  request.if_none_match = "\"other\"";
  EXPECT_EQ(kWebPage.answer(request).status, 200);
}

TEST(WebPageTest, WhoTakesNoGzipIsToldInText) {
  HttpRequest request = request_for("/");
  request.accept_encoding = "";
  EXPECT_EQ(kWebPage.answer(request).body, "see /metrics\n");
  request.path = "/web/index.html";
  EXPECT_EQ(kWebPage.answer(request).status, 406);
}

TEST(WebPageTest, AnEncodingOfWeightZeroIsRefused) {
  for (const char* field : {"gzip", "deflate, gzip;q=0.5", "*", "br , gzip ; q=1"}) {
    EXPECT_TRUE(accepts_gzip(field)) << field;
  }
  for (const char* field : {"", "br", "gzip;q=0", "gzip; q=0.00, br", "identity", "gzipped"}) {
    EXPECT_FALSE(accepts_gzip(field)) << field;
  }
}

TEST(WebPageTest, TypesGoByTheEnding) {
  EXPECT_EQ(web_content_type("a.js"), "text/javascript; charset=utf-8");
  EXPECT_EQ(web_content_type("a.css"), "text/css; charset=utf-8");
  EXPECT_EQ(web_content_type("a.copyright.txt"), "text/plain; charset=utf-8");
}

}  // namespace
}  // namespace unmask::rpc
