#include "actors/coordinator/store/memory_job_store.h"

#include <gmock/gmock.h>

#include "tests/unit/actors/sent.h"

namespace unmask::actors {
namespace {

Admit admit(int number) {
  Admit message;
  message.job = job_id(number);
  message.input.tokens = {1, 2};
  return message;
}

Finished end(int number, std::size_t num_tokens = 1) {
  Finished message;
  message.job = job_id(number);
  message.tokens.resize(num_tokens);
  return message;
}

void run(MemoryJobStore& store, int number, std::size_t num_tokens = 1) {
  ASSERT_TRUE(store.put(admit(number)));
  ASSERT_TRUE(store.finish(end(number, num_tokens)));
}

TEST(MemoryJobStoreTest, KeepsAJobItsBlocksAndItsEnd) {
  MemoryJobStore store;
  ASSERT_TRUE(store.put(admit(1)));
  Committed block;
  block.job = job_id(1);
  block.tokens = {7};
  ASSERT_TRUE(store.commit(block));
  const JobRecord* record = store.find(job_id(1));
  ASSERT_NE(record, nullptr);
  EXPECT_EQ(record->blocks.at(0).tokens.at(0), 7);
  EXPECT_FALSE(record->finished);
  ASSERT_TRUE(store.finish(end(1)));
  EXPECT_TRUE(store.find(job_id(1))->finished);
}

TEST(MemoryJobStoreTest, WhatItDoesNotKnowIsAnError) {
  MemoryJobStore store;
  Committed block;
  EXPECT_FALSE(store.commit(block));
  EXPECT_FALSE(store.finish(end(1)));
  EXPECT_EQ(store.find(job_id(1)), nullptr);
}

TEST(MemoryJobStoreTest, TheFirstEndOfAJobCounts) {
  MemoryJobStore store;
  run(store, 1, 3);
  ASSERT_TRUE(store.finish(end(1, 5)));
  EXPECT_EQ(store.find(job_id(1))->finished->tokens.size(), 3u);
  EXPECT_EQ(store.finished().size(), 1u);
}

TEST(MemoryJobStoreTest, TheOldestResultsAreForgottenBeyondTheirNumberAndJobsThatRunNever) {
  MemoryJobStore store({.max_jobs = 2, .max_bytes = 1 << 20});
  ASSERT_TRUE(store.put(admit(9)));
  for (int i = 1; i <= 4; ++i) run(store, i);
  EXPECT_EQ(store.find(job_id(2)), nullptr);
  ASSERT_EQ(store.finished().size(), 2u);
  EXPECT_EQ(store.finished()[0]->finished->job, job_id(4));
  EXPECT_EQ(store.finished()[1]->finished->job, job_id(3));
  EXPECT_NE(store.find(job_id(9)), nullptr);
}

TEST(MemoryJobStoreTest, TheOldestResultsAreForgottenBeyondTheirBytesButTheLastOneStays) {
  MemoryJobStore store({.max_jobs = 100, .max_bytes = 20'000});
  for (int i = 1; i <= 10; ++i) run(store, i, 1000);
  EXPECT_EQ(store.finished().size(), 3u);
  run(store, 11, 10'000);
  ASSERT_EQ(store.finished().size(), 1u);
  EXPECT_EQ(store.finished()[0]->finished->job, job_id(11));
}

}  // namespace
}  // namespace unmask::actors
