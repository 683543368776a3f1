#include "runtime/cli/eval/task_files.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "runtime/cli/eval/python_check.h"
#include "tests/source_dir.h"

namespace unmask::cli {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

/// The tasks of the source tree, and a folder of public data sets with a line or two of each.
class TaskFilesTest : public testing::Test {
 public:
  ~TaskFilesTest() override { fs::remove_all(data_); }

 protected:
  TaskFilesTest() {
    fs::create_directories(data_);
    const fs::path zoo = source_dir() / "model/zoo";
    folders_ = {zoo / "eval", zoo / "benchmarks", data_};
  }
  void write(const std::string& name, const std::string& text) {
    std::ofstream(fs::path(data_) / name) << text;
  }
  EvalTask task(const std::string& name) {
    Result<std::vector<EvalTask>> tasks = read_tasks({name}, folders_, 100);
    EXPECT_TRUE(tasks) << tasks.error().message;
    return tasks ? std::move(tasks->front()) : EvalTask{};
  }
  /// Of the first item, in Python.
  static bool passes_first(const EvalTask& task, const std::string& answer) {
    const TaskItem& item = task.items.at(0);
    const Result<bool> passed = passes(*item.checker, item.json, answer, Isolation::kLimitsOnly);
    EXPECT_TRUE(passed) << passed.error().message;
    return passed && *passed;
  }
  static std::string prompt(const EvalTask& task) {
    return std::get<actors::TextInput>(task.items.at(0).input).text;
  }
  const std::string data_ = testing::TempDir() + "/data" + std::to_string(getpid());
  TaskFolders folders_;
};

TEST_F(TaskFilesTest, AllIsEveryTaskOfTheShippedModels) {
  const Result<std::vector<EvalTask>> tasks = read_tasks({"all"}, folders_, 3);
  ASSERT_TRUE(tasks);
  EXPECT_EQ(tasks->size(), 12u);
  for (const EvalTask& each : *tasks) EXPECT_EQ(each.items.size(), 3u) << each.name;
}

TEST_F(TaskFilesTest, RightAnswersOfTheShippedTasksAreRight) {
  const Result<std::vector<EvalTask>> tasks = read_tasks({"all"}, folders_, 120);
  ASSERT_TRUE(tasks);
  for (const EvalTask& each : *tasks) {
    for (const TaskItem& item : each.items) {
      if (item.verifier == Verifier::kPython) continue;
      EXPECT_TRUE(is_right(item.verifier, item.answer, item.answer)) << item.answer;
      EXPECT_FALSE(is_right(item.verifier, "I do not know.", item.answer));
    }
  }
}

TEST_F(TaskFilesTest, WhatIsNoTaskIsRefusedWithTheNearest) {
  const auto error = [&](std::vector<std::string> names) {
    return read_tasks(names, folders_, 5).error().message;
  };
  EXPECT_THAT(error({"sortin"}), HasSubstr("did you mean \"sorting\""));
  EXPECT_THAT(error({"sortin"}), HasSubstr("humaneval"));
  EXPECT_THAT(error({"sorting", "sorting"}), HasSubstr("'sorting' twice"));
  EXPECT_THAT(error({"./none.jsonl"}), HasSubstr("cannot read './none.jsonl'"));
  EXPECT_THAT(error({"gsm8k"}), HasSubstr("there is no gsm8k_test.jsonl"));
  folders_.data = "";
  EXPECT_THAT(error({"gsm8k"}), HasSubstr("--data"));
}

TEST_F(TaskFilesTest, Gsm8k) {
  write("gsm8k_test.jsonl", R"({"question": "2+2?", "answer": "2+2=<<2+2=4>>4\n#### 4"})");
  const EvalTask gsm8k = task("gsm8k");
  EXPECT_THAT(prompt(gsm8k), HasSubstr("Question: 2+2?\n"));
  EXPECT_TRUE(is_right(gsm8k.items[0].verifier, "The answer is $4.00.", gsm8k.items[0].answer));
  EXPECT_FALSE(gsm8k.published.empty());
  EXPECT_EQ(gsm8k.stop, std::vector<std::string>{"Question:"});
}

TEST_F(TaskFilesTest, HumanEvalTakesTheWholeFunctionOrItsRest) {
  write(
      "HumanEval.jsonl",
      R"({"prompt": "def add(a, b):\n    \"\"\"Sum.\"\"\"\n", "entry_point": "add", "test": "def check(candidate):\n    assert candidate(1, 2) == 3\n"})");
  const EvalTask humaneval = task("humaneval");
  EXPECT_TRUE(passes_first(humaneval, "```python\ndef add(a, b):\n    return a + b\n```"));
  EXPECT_TRUE(passes_first(humaneval, "    return a + b"));
  EXPECT_FALSE(passes_first(humaneval, "    return a - b"));
}

TEST_F(TaskFilesTest, MbppRunsItsTests) {
  write(
      "sanitized-mbpp.json",
      R"([{"prompt": "Add.", "test_imports": ["import math"], "test_list": ["assert add(1, 2) == 3", "assert add(math.floor(1.5), 0) == 1"]}])");
  const EvalTask mbpp = task("mbpp");
  EXPECT_THAT(prompt(mbpp), HasSubstr("assert add(1, 2) == 3\nassert add"));
  EXPECT_TRUE(passes_first(mbpp, "```python\ndef add(a, b): return a + b\n```"));
  EXPECT_FALSE(passes_first(mbpp, "def add(a, b): return 3"));
}

TEST_F(TaskFilesTest, CruxComparesValuesAndNotTexts) {
  write("cruxeval.jsonl",
        R"({"code": "def f(x): return {'a': [x]}", "input": "1", "output": "{'a': [1]}"})");
  const EvalTask crux = task("crux_o");
  EXPECT_TRUE(passes_first(crux, "So it is\n#### {\"a\": [1]}"));
  EXPECT_FALSE(passes_first(crux, "#### {'a': [2]}"));
  EXPECT_FALSE(passes_first(crux, "#### __import__('os')"));
}

TEST_F(TaskFilesTest, LiveCodeBenchFeedsStandardInputAndFunctions) {
  write(
      "test6.jsonl",
      R"({"question_content": "Double.", "starter_code": "", "metadata": "{}", "public_test_cases": "[{\"input\": \"3\\n\", \"output\": \"6\\n\", \"testtype\": \"stdin\"}]", "private_test_cases": "[]"})");
  const EvalTask console = task("livecodebench");
  EXPECT_TRUE(passes_first(console, "print(2 * int(input()))"));
  EXPECT_FALSE(passes_first(console, "print(3 * int(input()))"));
  write(
      "test6.jsonl",
      R"({"question_content": "Double.", "starter_code": "class Solution:", "metadata": "{\"func_name\": \"twice\"}", "public_test_cases": "[{\"input\": \"[3]\\n2\", \"output\": \"[3, 3]\", \"testtype\": \"functional\"}]", "private_test_cases": "[]"})");
  EXPECT_TRUE(
      passes_first(task("livecodebench"),
                   "class Solution:\n  def twice(self, x: List[int], n: int): return x * n"));
}

TEST_F(TaskFilesTest, IfEvalChecksEveryInstructionAndLeavesOutWhatItCannot) {
  write(
      "input_data.jsonl",
      R"({"prompt": "Write.", "instruction_id_list": ["punctuation:no_comma", "length_constraints:number_words"], "kwargs": [{}, {"relation": "at least", "num_words": 3}]}
{"prompt": "Schreibe.", "instruction_id_list": ["language:response_language"], "kwargs": [{"language": "de"}]})");
  const EvalTask ifeval = task("ifeval");
  EXPECT_EQ(ifeval.items.size(), 1u);
  EXPECT_EQ(ifeval.num_left_out, 1u);
  EXPECT_TRUE(passes_first(ifeval, "one two three"));
  EXPECT_FALSE(passes_first(ifeval, "one, two three"));
  EXPECT_FALSE(passes_first(ifeval, "one two"));
}

TEST_F(TaskFilesTest, ARowWithoutAMemberIsNamedWithItsLine) {
  write("gsm8k_test.jsonl", "{\"question\": \"2+2?\"}\n");
  EXPECT_THAT(read_tasks({"gsm8k"}, folders_, 5).error().message,
              HasSubstr("gsm8k_test.jsonl' line 1: \"answer\" is missing"));
}

}  // namespace
}  // namespace unmask::cli
