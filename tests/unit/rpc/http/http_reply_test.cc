#include "rpc/http/http_reply.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

#include "tests/unit/rpc/http/served.h"

namespace unmask::rpc {
namespace {

using testing::AllOf;
using testing::AnyOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr std::string_view kAsk = "GET /late HTTP/1.1\r\nHost: a\r\nX-Request-Id: r-1\r\n\r\n";

/// A server whose answers come when the test says so.
class HttpReplyTest : public testing::Test {
 protected:
  void serve(const HttpServer::Options& options = {}) {
    served_ = std::make_unique<Served>(options);
    served_->route(
        "GET", "/late",
        HttpLateHandler([this](const HttpRequest& request, std::shared_ptr<HttpReply> reply) {
          EXPECT_FALSE(request.client.empty());
          reply->set_on_gone([this] { gone_.set_value(); });
          asked_.set_value(std::move(reply));
        }));
  }

  /// The reply to the next request, once it is there.
  std::shared_ptr<HttpReply> asked() {
    auto reply = asked_.get_future().get();
    asked_ = {};
    return reply;
  }

  template <typename Action>
  void on_loop(Action action) {
    served_->on_loop(action);
  }

  std::promise<std::shared_ptr<HttpReply>> asked_;
  std::promise<void> gone_;
  std::unique_ptr<Served> served_;
};

HttpResponse head(std::string first_piece) {
  HttpResponse response;
  response.body = std::move(first_piece);
  return response;
}

TEST_F(HttpReplyTest, AnAnswerThatComesLaterIsSentAndTheConnectionGoesOn) {
  serve();
  RawClient client(served_->port());
  for (int i = 0; i < 3; ++i) {
    client.send(kAsk);
    const auto reply = asked();
    on_loop([&] { reply->answer(head("late")); });
    EXPECT_THAT(client.read_response(),
                AllOf(StartsWith("HTTP/1.1 200 OK"), EndsWith("\r\n\r\nlate"),
                      HasSubstr("X-Request-Id: r-1\r\n")));
  }
}

TEST_F(HttpReplyTest, PiecesAreChunksAndTheNextRequestMayComeMeanwhile) {
  serve();
  RawClient client(served_->port());
  client.send(kAsk);
  const auto reply = asked();
  on_loop([&] { reply->begin(head("one")); });
  client.send(kAsk);
  on_loop([&] { EXPECT_TRUE(reply->append("twotwotwotwotwotwo")); });
  on_loop([&] { reply->end(); });
  const auto next = asked();
  on_loop([&] {
    next->begin(head(""));
    next->cut_off();
  });
  const std::string all = client.read_all();
  EXPECT_THAT(all, HasSubstr("Transfer-Encoding: chunked\r\n"));
  // What waits goes out together.
  EXPECT_THAT(
      all, AnyOf(HasSubstr("\r\n\r\n3\r\none\r\n12\r\ntwotwotwotwotwotwo\r\n0\r\n\r\nHTTP/1.1 200"),
                 HasSubstr("\r\n\r\n15\r\nonetwotwotwotwotwotwo\r\n0\r\n\r\nHTTP/1.1 200")));
  EXPECT_THAT(all, Not(EndsWith("0\r\n\r\n")));  // the second was cut off
}

TEST_F(HttpReplyTest, ASilentStreamOfEventsHasCommentsUntilItsEnd) {
  HttpServer::Options options;
  options.keep_alive = std::chrono::milliseconds(1);
  serve(options);
  for (const bool has_events : {true, false}) {
    RawClient client(served_->port());
    client.send(kAsk);
    const auto reply = asked();
    HttpResponse first = head("data: 1\n\n");
    if (has_events) first.content_type = "text/event-stream";
    on_loop([&] { reply->begin(std::move(first)); });
    if (has_events) {
      EXPECT_THAT(client.read_until(": keep-alive\n\n"), HasSubstr("\r\n: keep-alive"));
    }
    on_loop([&] { reply->end(); });
    const std::string rest = client.read_until("\r\n0\r\n\r\n");
    EXPECT_THAT(rest, EndsWith("\r\n0\r\n\r\n"));
    if (!has_events) {
      EXPECT_THAT(rest, Not(HasSubstr("keep-alive\n")));
    }
  }
}

TEST_F(HttpReplyTest, AnOldClientGetsPiecesUntilTheConnectionEnds) {
  serve();
  RawClient client(served_->port());
  client.send("GET /late HTTP/1.0\r\n\r\n");
  const auto reply = asked();
  on_loop([&] {
    reply->begin(head("one"));
    (void)reply->append("two");
    reply->end();
  });
  EXPECT_THAT(client.read_all(), AllOf(EndsWith("\r\n\r\nonetwo"), Not(HasSubstr("chunked"))));
}

TEST_F(HttpReplyTest, AClientThatLeavesIsToldOfBeforeAndWithinAnAnswer) {
  serve();
  for (const bool has_begun : {false, true}) {
    gone_ = {};
    auto client = std::make_unique<RawClient>(served_->port());
    client->send(kAsk);
    const auto reply = asked();
    if (has_begun) on_loop([&] { reply->begin(head("one")); });
    client.reset();
    gone_.get_future().get();
    on_loop([&] {
      if (has_begun) {
        EXPECT_FALSE(reply->append("two"));
      } else {
        reply->answer(head("nobody reads it"));
      }
    });
  }
}

TEST_F(HttpReplyTest, AClientThatDoesNotReadIsCutOffAtALimit) {
  HttpServer::Options options;
  options.max_unsent_bytes = 100'000;
  serve(options);
  RawClient client(served_->port());
  client.send(kAsk);
  const auto reply = asked();
  const std::string piece(50'000, 'x');
  std::size_t num_taken = 0;
  on_loop([&] {
    reply->begin(head(""));
    while (reply->append(piece)) ++num_taken;
    EXPECT_TRUE(reply->is_cut_off());
  });
  EXPECT_EQ(num_taken, 2u);  // nothing is written within one turn of the loop
  EXPECT_THAT(client.read_all(), Not(EndsWith("0\r\n\r\n")));
}

}  // namespace
}  // namespace unmask::rpc
