#include "actors/coordinator/job_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/actors/sent.h"

namespace unmask::actors {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class JobQueueTest : public testing::Test {
 protected:
  void add(int number, const std::string& client, std::int32_t priority = 0) {
    queue.add(job_id(number), client, priority);
  }
  /// The jobs in the order in which they start.
  std::vector<int> start_all(std::size_t most = SIZE_MAX) {
    std::vector<int> started;
    for (; !queue.empty() && most > 0; --most) {
      const JobId next = queue.front();
      for (int number = 0; number < 1000; ++number) {
        if (job_id(number) == next) started.push_back(number);
      }
      queue.start(next);
    }
    return started;
  }

  JobQueue queue;
};

TEST_F(JobQueueTest, OneClientsJobsStartInTheirOrder) {
  for (const int number : {3, 1, 2}) add(number, "a");
  EXPECT_THAT(start_all(), ElementsAre(3, 1, 2));
}

TEST_F(JobQueueTest, ClientsTakeTurns) {
  for (int number = 1; number <= 4; ++number) add(number, "a");
  for (int number = 11; number <= 12; ++number) add(number, "b");
  EXPECT_THAT(start_all(), ElementsAre(1, 11, 2, 12, 3, 4));
}

TEST_F(JobQueueTest, ANewcomerWaitsForOneJobOfEachOtherClient) {
  for (int number = 1; number <= 100; ++number) add(number, "a");
  EXPECT_EQ(start_all(50).back(), 50);
  add(200, "b");
  add(300, "c");
  EXPECT_THAT(start_all(4), ElementsAre(51, 200, 300, 52));
}

TEST_F(JobQueueTest, NobodyIsOvertakenForEverByNewcomers) {
  add(1, "a");
  add(2, "a");
  EXPECT_THAT(start_all(1), ElementsAre(1));
  for (int number = 10; number < 20; ++number) {
    add(number, "client " + std::to_string(number));
    EXPECT_EQ(queue.front(), job_id(2)) << "who is first stays first";
  }
}

TEST_F(JobQueueTest, WhoUsedItsTurnsDoesNotSaveThem) {
  for (int number = 1; number <= 3; ++number) add(number, "a");
  add(11, "b");
  EXPECT_THAT(start_all(4), ElementsAre(1, 11, 2, 3));
  add(12, "b");
  add(13, "b");
  add(4, "a");
  EXPECT_THAT(start_all(), ElementsAre(12, 4, 13)) << "as if both were new";
}

TEST_F(JobQueueTest, TheHighestPriorityIsNextWhoeverItIs) {
  add(1, "a");
  add(2, "a", 3);
  add(3, "b", -2);
  add(4, "c", 3);
  EXPECT_THAT(start_all(), ElementsAre(2, 4, 1, 3));
}

TEST_F(JobQueueTest, PlacesAreToldWhenTheyChangeEnough) {
  const auto told = [&] {
    std::vector<std::int32_t> places;
    for (const JobQueue::Place& place : queue.changed_places()) places.push_back(place.place);
    return places;
  };
  for (int number = 1; number <= 3; ++number) add(number, "a");
  EXPECT_THAT(told(), ElementsAre(1, 2, 3));
  EXPECT_THAT(told(), IsEmpty());
  add(11, "b");
  EXPECT_THAT(told(), ElementsAre(2, 3, 4)) << "the newcomer is second";
  queue.remove(job_id(2));
  EXPECT_THAT(told(), ElementsAre(3));
  queue.publish_again(job_id(1));
  EXPECT_THAT(told(), ElementsAre(1));
}

TEST_F(JobQueueTest, WhatDoesNotWaitCannotBeRemovedOrStarted) {
  add(1, "a");
  queue.remove(job_id(2));
  queue.start(job_id(2));
  EXPECT_EQ(queue.size(), 1u);
}

}  // namespace
}  // namespace unmask::actors
