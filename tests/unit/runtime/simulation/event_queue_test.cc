#include "runtime/simulation/event_queue.h"

#include <gmock/gmock.h>

#include <vector>

namespace unmask {
namespace {

using testing::ElementsAre;
using namespace std::chrono_literals;

std::vector<int> order_of_ties(std::uint64_t seed) {
  VirtualClock clock;
  EventQueue events(clock, seed);
  std::vector<int> order;
  for (int i = 0; i < 10; ++i) events.after(1s, [&order, i] { order.push_back(i); });
  while (events.run_next()) continue;
  return order;
}

TEST(EventQueueTest, EventsRunInOrderOfTimeAndMoveTheClock) {
  VirtualClock clock;
  EventQueue events(clock, 1);
  std::vector<Time> times;
  for (const auto delay : {3s, 1s, 2s}) {
    events.after(delay, [&] { times.push_back(clock.now()); });
  }
  EXPECT_EQ(events.next_time(), Time(1s));
  while (events.run_next()) continue;
  EXPECT_THAT(times, ElementsAre(Time(1s), Time(2s), Time(3s)));
  EXPECT_EQ(events.next_time(), Time::max());
}

TEST(EventQueueTest, TiesAreInAnOrderThatTheSeedDecides) {
  EXPECT_EQ(order_of_ties(1), order_of_ties(1));
  EXPECT_NE(order_of_ties(1), order_of_ties(2));
}

TEST(EventQueueTest, CancelledEventNeverRunsAndItsNumberIsNotGivenAgain) {
  VirtualClock clock;
  EventQueue events(clock, 1);
  int num_run = 0;
  const auto cancelled = events.after(1s, [&] { ++num_run; });
  events.cancel(cancelled);
  EXPECT_FALSE(events.run_next());
  const auto next = events.after(1s, [&] { ++num_run; });
  EXPECT_NE(next, cancelled);
  events.cancel(cancelled);
  EXPECT_TRUE(events.run_next());
  EXPECT_EQ(num_run, 1);
}

TEST(EventQueueTest, EventMayCancelAnotherOfItsTime) {
  VirtualClock clock;
  EventQueue events(clock, 1);
  int num_run = 0;
  std::array<EventQueue::EventId, 2> ids{};
  for (int i = 0; i < 2; ++i) {
    ids[i] = events.after(1s, [&, i] {
      ++num_run;
      events.cancel(ids[1 - i]);
    });
  }
  while (events.run_next()) continue;
  EXPECT_EQ(num_run, 1);
}

}  // namespace
}  // namespace unmask
