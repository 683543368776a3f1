#include "actors/coordinator/store/memory_job_store.h"

#include <gmock/gmock.h>

#include <functional>
#include <optional>
#include <utility>

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

/// What the store answers, which it must have done when the call returns.
Result<> answer_of(const std::function<void(JobStore::Done)>& call) {
  std::optional<Result<>> answer;
  call([&answer](const Result<>& stored) { answer = stored; });
  return answer.value();
}
Result<> put(JobStore& store, const Admit& admit, Time accepted_at = {}) {
  return answer_of([&](auto done) { store.put(admit, accepted_at, std::move(done)); });
}
Result<> commit(JobStore& store, const Committed& block) {
  return answer_of([&](auto done) { store.commit(block, std::move(done)); });
}
Result<> finish(JobStore& store, const Finished& finished) {
  return answer_of([&](auto done) { store.finish(finished, std::move(done)); });
}

void run(MemoryJobStore& store, int number, std::size_t num_tokens = 1) {
  ASSERT_TRUE(put(store, admit(number)));
  ASSERT_TRUE(finish(store, end(number, num_tokens)));
}

TEST(MemoryJobStoreTest, KeepsAJobItsBlocksAndItsEnd) {
  MemoryJobStore store;
  ASSERT_TRUE(put(store, admit(1)));
  Committed block;
  block.job = job_id(1);
  block.tokens = {7};
  ASSERT_TRUE(commit(store, block));
  const JobRecord* record = store.find(job_id(1));
  ASSERT_NE(record, nullptr);
  EXPECT_EQ(record->blocks.at(0).tokens.at(0), 7);
  EXPECT_FALSE(record->finished);
  ASSERT_TRUE(finish(store, end(1)));
  EXPECT_TRUE(store.find(job_id(1))->finished);
}

TEST(MemoryJobStoreTest, WhatItDoesNotKnowIsAnError) {
  MemoryJobStore store;
  Committed block;
  EXPECT_FALSE(commit(store, block));
  EXPECT_FALSE(finish(store, end(1)));
  EXPECT_EQ(store.find(job_id(1)), nullptr);
}

TEST(MemoryJobStoreTest, JobsThatDidNotEndAreListedInTheOrderOfTheirAcceptance) {
  MemoryJobStore store;
  ASSERT_TRUE(put(store, admit(1), Time(std::chrono::seconds(3))));
  ASSERT_TRUE(put(store, admit(2), Time(std::chrono::seconds(1))));
  run(store, 3);
  ASSERT_EQ(store.unfinished().size(), 2u);
  EXPECT_EQ(store.unfinished()[0]->admit.job, job_id(2));
  EXPECT_EQ(store.unfinished()[1]->accepted_at, Time(std::chrono::seconds(3)));
}

TEST(MemoryJobStoreTest, TheFirstEndOfAJobCounts) {
  MemoryJobStore store;
  run(store, 1, 3);
  ASSERT_TRUE(finish(store, end(1, 5)));
  EXPECT_EQ(store.find(job_id(1))->finished->tokens.size(), 3u);
  EXPECT_EQ(store.finished().size(), 1u);
}

TEST(MemoryJobStoreTest, TheOldestResultsAreForgottenBeyondTheirNumberAndJobsThatRunNever) {
  MemoryJobStore store({.max_jobs = 2, .max_bytes = 1 << 20});
  ASSERT_TRUE(put(store, admit(9)));
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
