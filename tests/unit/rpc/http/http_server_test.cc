#include "rpc/http/http_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>

#include "tests/unit/rpc/http/served.h"

namespace unmask::rpc {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr std::string_view kGet = "GET /hello?x=1&y HTTP/1.1\r\nHost: a\r\n\r\n";

std::string post(const std::string& fields, const std::string& body) {
  return "POST /echo HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n" + body;
}

class HttpServerTest : public testing::Test {
 protected:
  Served& serve(const HttpServer::Options& options = {}) {
    served_ = std::make_unique<Served>(options);
    served_->route("GET", "/hello", [this](const HttpRequest& request) {
      ++num_calls_;
      HttpResponse response;
      response.body = request.method + " " + request.path + " " + request.query + "\n";
      return response;
    });
    served_->route("POST", "/echo", [this](const HttpRequest& request) {
      ++num_calls_;
      HttpResponse response;
      response.body = request.body;
      return response;
    });
    return *served_;
  }

  /// What `bytes` are answered until the server closes; it closes after errors only.
  std::string closing_answer(const std::string& bytes) {
    RawClient client(served_->port());
    client.send(bytes);
    return client.read_all();
  }

  std::atomic<int> num_calls_ = 0;
  std::unique_ptr<Served> served_;
};

TEST_F(HttpServerTest, AHandlerSeesPathAndQueryAndItsAnswerArrives) {
  RawClient client(serve().port());
  client.send(kGet);
  EXPECT_THAT(client.read_response(),
              AllOf(StartsWith("HTTP/1.1 200 OK\r\n"), HasSubstr("Content-Length: 17\r\n"),
                    HasSubstr("Content-Type: text/plain; charset=utf-8\r\n"),
                    EndsWith("\r\n\r\nGET /hello x=1&y\n")));
}

TEST_F(HttpServerTest, OneConnectionServesManyRequestsAlsoSentAtOnce) {
  RawClient client(serve().port());
  std::string requests;
  for (int i = 0; i < 100; ++i) requests += kGet;
  client.send(requests + post("Content-Length: 3\r\n", "abc"));
  for (int i = 0; i < 100; ++i) ASSERT_THAT(client.read_response(), EndsWith("x=1&y\n"));
  EXPECT_THAT(client.read_response(), EndsWith("\r\n\r\nabc"));
}

TEST_F(HttpServerTest, HeadIsAnsweredAsGetWithoutTheBody) {
  RawClient client(serve().port());
  client.send("HEAD /hello HTTP/1.1\r\nHost: a\r\n\r\n" + std::string(kGet));
  EXPECT_THAT(client.read_response(false),
              AllOf(HasSubstr("200 OK"), HasSubstr("Content-Length: "), EndsWith("\r\n\r\n")));
  EXPECT_THAT(client.read_response(), StartsWith("HTTP/1.1 200 OK"));
}

TEST_F(HttpServerTest, ABodyComesByLengthOrInChunks) {
  RawClient client(serve().port());
  const std::string any_bytes("a\0\r\n\xff", 5);
  client.send(post("Content-Length: 5\r\n", any_bytes));
  EXPECT_THAT(client.read_response(), EndsWith("\r\n\r\n" + any_bytes));
  RawClient chunks(served_->port());
  chunks.send(
      post("Transfer-Encoding: chunked\r\n", "3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nT: u\r\n\r\n"));
  EXPECT_THAT(chunks.read_response(), EndsWith("\r\n\r\nabcde"));
}

TEST_F(HttpServerTest, WhoWaitsToSendABodyIsToldToGoOn) {
  RawClient client(serve().port());
  client.send(post("Expect: 100-continue\r\nContent-Length: 3\r\n", ""));
  EXPECT_EQ(client.read_response(), "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("abc");
  EXPECT_THAT(client.read_response(), EndsWith("\r\n\r\nabc"));
}

TEST_F(HttpServerTest, WhoWaitsToSendABodyThatIsTooLongIsRefusedAtOnce) {
  serve();
  EXPECT_THAT(closing_answer(post("Expect: 100-continue\r\nContent-Length: 9999999\r\n", "")),
              StartsWith("HTTP/1.1 413 "));
}

TEST_F(HttpServerTest, UnknownPathsAndMethodsAreRefused) {
  serve();
  EXPECT_THAT(closing_answer("GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n"),
              AllOf(StartsWith("HTTP/1.1 404 Not Found\r\n"), HasSubstr("Connection: close\r\n")));
  EXPECT_THAT(closing_answer("GET /hello/ HTTP/1.1\r\nHost: a\r\n\r\n"),
              StartsWith("HTTP/1.1 404 "));
  EXPECT_THAT(closing_answer("BREW /hello HTTP/1.1\r\nHost: a\r\n\r\n"),
              AllOf(StartsWith("HTTP/1.1 405 "), HasSubstr("Allow: GET, HEAD\r\n")));
  EXPECT_THAT(closing_answer("GET /echo HTTP/1.1\r\nHost: a\r\n\r\n"),
              AllOf(StartsWith("HTTP/1.1 405 "), HasSubstr("Allow: POST\r\n")));
  EXPECT_EQ(num_calls_, 0);
}

TEST_F(HttpServerTest, AClientOfHttp10IsClosedOnUnlessItAsksToStay) {
  serve();
  EXPECT_THAT(closing_answer("GET /hello HTTP/1.0\r\n\r\n"), StartsWith("HTTP/1.0 200 OK\r\n"));
  RawClient client(served_->port());
  client.send("GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_THAT(client.read_response(), HasSubstr("Connection: keep-alive\r\n"));
  client.send(kGet);
  EXPECT_THAT(client.read_response(), StartsWith("HTTP/1.1 200 OK"));
}

TEST_F(HttpServerTest, WhatIsNoRequestIsRefusedAndNothingBehindItIsRead) {
  serve();
  const std::string behind(kGet);
  using namespace std::string_literals;
  const std::pair<std::string, std::string> cases[] = {
      {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"s, "400"},
      {"\r\n\r\n", "400"},
      {"GET / HTTP/1.1\n\n", "400"},
      {"GET /hello\0 HTTP/1.1\r\nHost: a\r\n\r\n"s, "400"},
      {"GET /hello HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", "400"},
      {"GET /hello HTTP/1.1\r\nHost: a\r\nX: 1\r\n 2\r\n\r\n", "400"},
      {"GET /hello HTTP/1.1\r\nHost: a\r\nX : 1\r\n\r\n", "400"},
      {"G\xc3\xa4T /hello HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
      {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "505"},
      {post("Content-Length: 18446744073709551616\r\n", ""), "400"},
      {post("Content-Length: 18446744073709551615\r\n", ""), "413"},
      {post("Content-Length: 1048577\r\n", ""), "413"},
      {post("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), "400"},
      {post("Transfer-Encoding: chunked, identity\r\n", "0\r\n\r\n"), "400"},
      {"POST /echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400"},
      {post("Transfer-Encoding: chunked\r\n", "-1\r\n\r\n"), "400"},
      {post("Transfer-Encoding: chunked\r\n", "fffffffffffffffff\r\n\r\n"), "400"},
      {post("Transfer-Encoding: chunked\r\n", "100001\r\n"), "413"},
      {post("Transfer-Encoding: chunked\r\n", "1\r\nabc\r\n0\r\n\r\n"), "400"},
      {post("Transfer-Encoding: chunked\r\n", "1;" + std::string(20'000, 'x') + "\r\n"), "400"},
  };
  for (const auto& [request, status] : cases) {
    EXPECT_THAT(closing_answer(request + behind),
                AllOf(StartsWith("HTTP/1.1 " + status + " "), HasSubstr("Connection: close\r\n"),
                      Not(HasSubstr("/hello"))))
        << testing::PrintToString(request.substr(0, 100));
  }
  EXPECT_EQ(num_calls_, 0);
}

TEST_F(HttpServerTest, AHeadMayBeAsLongAsAllowedAndNotLonger) {
  HttpServer::Options options;
  options.max_head_bytes = 100;
  serve(options);
  const std::string start = "GET /hello HTTP/1.1\r\nHost: a\r\nX: ";
  const std::string pad(options.max_head_bytes - start.size() - 4, 'x');
  RawClient client(served_->port());
  client.send(start + pad + "\r\n\r\n");
  EXPECT_THAT(client.read_response(), StartsWith("HTTP/1.1 200 OK"));
  EXPECT_THAT(closing_answer(start + pad + "x\r\n\r\n"), StartsWith("HTTP/1.1 431 "));
}

TEST_F(HttpServerTest, AHeadWithoutEndIsRefusedThoughMoreKeepsComing) {
  serve();
  EXPECT_THAT(closing_answer("GET /hello HTTP/1.1\r\nX: " + std::string(1 << 20, 'x')),
              StartsWith("HTTP/1.1 431 "));
}

TEST_F(HttpServerTest, TooManyFieldsAreRefused) {
  serve();
  std::string fields;
  for (int i = 0; i < 1500; ++i) fields += "a:\r\n";
  EXPECT_THAT(closing_answer("GET /hello HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n"),
              StartsWith("HTTP/1.1 431 "));
}

TEST_F(HttpServerTest, AGiantBodyInChunksIsRefusedThoughMoreKeepsComing) {
  serve();
  const std::string chunk = "10000\r\n" + std::string(1 << 16, 'x') + "\r\n";
  std::string body;
  for (int i = 0; i < 32; ++i) body += chunk;
  EXPECT_THAT(closing_answer(post("Transfer-Encoding: chunked\r\n", body)),
              StartsWith("HTTP/1.1 413 "));
}

TEST_F(HttpServerTest, ABodyMayBeAsLongAsAllowed) {
  RawClient client(serve().port());
  const std::string body(HttpLimits().max_body_bytes, 'x');
  client.send(post("Content-Length: " + std::to_string(body.size()) + "\r\n", body));
  const std::string response = client.read_response();
  EXPECT_TRUE(response.ends_with("\r\n\r\n" + body));
}

TEST_F(HttpServerTest, ASlowHeadIsAnsweredWhenItsTimeIsOver) {
  HttpServer::Options options;
  options.head_timeout = 20ms;
  serve(options);
  EXPECT_THAT(closing_answer("GET /hello HTTP/1.1\r\nHost:"), StartsWith("HTTP/1.1 408 "));
}

TEST_F(HttpServerTest, ASlowBodyIsAnsweredWhenItsTimeIsOver) {
  HttpServer::Options options;
  options.body_timeout = 20ms;
  serve(options);
  EXPECT_THAT(closing_answer(post("Content-Length: 3\r\n", "ab")), StartsWith("HTTP/1.1 408 "));
}

TEST_F(HttpServerTest, WhoSaysNothingIsCutOffWithoutAnAnswer) {
  HttpServer::Options options;
  options.head_timeout = options.idle_timeout = 20ms;
  serve(options);
  EXPECT_EQ(closing_answer(""), "");
  RawClient client(served_->port());
  client.send(kGet);
  EXPECT_THAT(client.read_response(), StartsWith("HTTP/1.1 200 OK"));
  EXPECT_EQ(client.read_all(), "");
}

TEST_F(HttpServerTest, WhoDoesNotReadItsAnswerIsCutOff) {
  HttpServer::Options options;
  options.write_timeout = 20ms;
  options.head_timeout = 100ms;
  serve(options).route("GET", "/big", [](const HttpRequest&) {
    HttpResponse response;
    response.body = std::string(64 << 20, 'x');  // more than the kernel keeps for a socket
    return response;
  });
  RawClient client(served_->port());
  client.send("GET /big HTTP/1.1\r\nHost: a\r\n\r\n");
  RawClient other(served_->port());
  other.send(kGet);
  EXPECT_THAT(other.read_response(), StartsWith("HTTP/1.1 200 OK"));
  EXPECT_EQ(closing_answer(""), "");  // after the head's timeout, so after the write's too
  EXPECT_LT(client.read_all().size(), std::size_t(64 << 20));
}

TEST_F(HttpServerTest, OneConnectionTooManyIsRefusedUntilAnotherLeaves) {
  HttpServer::Options options;
  options.max_connections = 2;
  serve(options);
  RawClient first(served_->port());
  first.send(kGet);
  EXPECT_THAT(first.read_response(), StartsWith("HTTP/1.1 200 OK"));
  {
    RawClient second(served_->port());
    second.send(kGet);
    EXPECT_THAT(second.read_response(), StartsWith("HTTP/1.1 200 OK"));
    EXPECT_THAT(closing_answer(std::string(kGet)),
                AllOf(StartsWith("HTTP/1.1 503 "), HasSubstr("Retry-After: 1\r\n"),
                      EndsWith("\r\n\r\nthere are too many connections\n")));
    second.send("GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    EXPECT_THAT(second.read_all(), StartsWith("HTTP/1.1 200 OK"));
  }
  // The server learns in its own time that the second is gone.
  std::string answer;
  do {
    RawClient third(served_->port());
    third.send(kGet);
    answer = third.read_response();
  } while (!answer.starts_with("HTTP/1.1 200"));
  first.send(kGet);
  EXPECT_THAT(first.read_response(), StartsWith("HTTP/1.1 200 OK"));
}

TEST_F(HttpServerTest, AHandlerThatFailsIsAnInternalError) {
  serve().route("GET", "/broken",
                [](const HttpRequest&) -> HttpResponse { throw std::runtime_error("broken"); });
  RawClient client(served_->port());
  client.send("GET /broken HTTP/1.1\r\nHost: a\r\n\r\n" + std::string(kGet));
  EXPECT_THAT(client.read_response(), AllOf(StartsWith("HTTP/1.1 500 "), HasSubstr("broken")));
  EXPECT_THAT(client.read_response(), StartsWith("HTTP/1.1 200 OK"));
}

TEST_F(HttpServerTest, AnAnswerMayCarryFieldsAnd503SaysWhenToComeBack) {
  serve().route("GET", "/busy", [](const HttpRequest&) {
    HttpResponse response;
    response.status = 503;
    response.content_type = "application/json";
    response.fields["X-Reason"] = "tired";
    return response;
  });
  RawClient client(served_->port());
  client.send("GET /busy HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_THAT(
      client.read_response(),
      AllOf(StartsWith("HTTP/1.1 503 "), HasSubstr("Retry-After: 1\r\n"),
            HasSubstr("X-Reason: tired\r\n"), HasSubstr("Content-Type: application/json\r\n")));
}

TEST_F(HttpServerTest, ClientsThatLeaveAtAnyPointHarmNobody) {
  serve();
  const std::string request = post("Content-Length: 3\r\n", "abc");
  for (std::size_t size = 0; size <= request.size(); ++size) {
    RawClient client(served_->port());
    client.send(std::string_view(request).substr(0, size));
    if (size % 2 == 0) client.finish();
  }
  RawClient client(served_->port());
  client.send(kGet);
  EXPECT_THAT(client.read_response(), StartsWith("HTTP/1.1 200 OK"));
}

TEST_F(HttpServerTest, ADestroyedServerCutsItsClientsOff) {
  serve();
  RawClient waiting(served_->port());
  waiting.send(kGet);
  EXPECT_THAT(waiting.read_response(), StartsWith("HTTP/1.1 200 OK"));
  const std::uint16_t port = served_->port();
  served_.reset();
  EXPECT_EQ(waiting.read_all(), "");
  EXPECT_FALSE(RawClient(port).is_connected());
}

TEST(HttpServerListenTest, APortInUseIsAnErrorThatNamesTheAddress) {
  EventLoop loop;
  const auto first = *HttpServer::listen(loop, {}, {"localhost", 0});
  EXPECT_EQ(first->address().host, "localhost");
  EXPECT_NE(first->address().port, 0);
  const auto second = HttpServer::listen(loop, {}, first->address());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(second.error().message,
            "cannot listen on " + first->address().to_string() + ": Address already in use");
}

TEST(HttpServerListenTest, AHostThatIsNotHereIsAnErrorThatNamesIt) {
  EventLoop loop;
  const auto server = HttpServer::listen(loop, {}, {"no.such.host.invalid", 0});
  ASSERT_FALSE(server);
  EXPECT_THAT(server.error().message, HasSubstr("no.such.host.invalid:0"));
  EXPECT_FALSE(HttpServer::listen(loop, {}, {"192.0.2.1", 0}));
}

}  // namespace
}  // namespace unmask::rpc
