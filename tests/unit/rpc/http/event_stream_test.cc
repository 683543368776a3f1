#include "rpc/http/event_stream.h"

#include <gmock/gmock.h>

#include <vector>

namespace unmask::rpc {
namespace {

using testing::ElementsAre;

/// name=data of every event, of a body that comes in pieces of `size`.
std::vector<std::string> events_of(std::string_view body, std::size_t size = 1000) {
  std::vector<std::string> events;
  EventStream stream;
  while (!body.empty()) {
    stream.append(body.substr(0, size), [&](const ServerEvent& event) {
      events.push_back(event.name + "=" + event.data);
    });
    body.remove_prefix(std::min(size, body.size()));
  }
  return events;
}

TEST(EventStreamTest, AnEmptyLineEndsAnEvent) {
  EXPECT_THAT(events_of("data: one\n\ndata:two\n\n"), ElementsAre("message=one", "message=two"));
}

TEST(EventStreamTest, LinesOfDataAreJoined) {
  EXPECT_THAT(events_of("data: a\ndata\ndata:  b\n\n"), ElementsAre("message=a\n\n b"));
}

TEST(EventStreamTest, AnEventMayHaveAName) {
  EXPECT_THAT(events_of("event: error\ndata: no\n\ndata: yes\n\n"),
              ElementsAre("error=no", "message=yes"));
}

TEST(EventStreamTest, CommentsAndUnknownFieldsAreSkipped) {
  EXPECT_THAT(events_of(": keep-alive\n\nid: 7\nretry: 3\ndata: x\n:\n\nevent: empty\n\n"),
              ElementsAre("message=x"));
}

TEST(EventStreamTest, WhatTheBodyEndsInIsNoEvent) {
  EXPECT_THAT(events_of("data: one\n\ndata: half"), ElementsAre("message=one"));
  EXPECT_THAT(events_of("data: one\n\ndata: half\n"), ElementsAre("message=one"));
}

TEST(EventStreamTest, AnyEndOfLineAndAnyCutWillDo) {
  for (const std::size_t size : {1u, 2u, 3u, 5u, 100u}) {
    for (const char* body :
         {"\xEF\xBB\xBF"
          "data: a\ndata: b\n\ndata: c\n\n",
          "data: a\r\ndata: b\r\n\r\ndata: c\r\n\r\n", "data: a\rdata: b\r\rdata: c\r\r"}) {
      EXPECT_THAT(events_of(body, size), ElementsAre("message=a\nb", "message=c")) << size;
    }
  }
}

}  // namespace
}  // namespace unmask::rpc
