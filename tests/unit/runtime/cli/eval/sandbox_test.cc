#include "runtime/cli/eval/sandbox.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "runtime/actor/clock.h"
#include "runtime/cli/eval/python_check.h"

namespace unmask::cli {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;
using testing::Not;

constexpr SandboxLimits kShort{.wall = milliseconds(1500), .cpu_seconds = 1};

/// Both ways of running what nobody has read; skipped where a machine can do no more than refuse.
class SandboxTest : public testing::TestWithParam<Isolation> {
 protected:
  void SetUp() override {
    const Result<SandboxRun> run = run_python("print(6 * 7)", GetParam());
    if (!run) GTEST_SKIP() << run.error().message;
    ASSERT_EQ(run->output, "42\n");
  }
  static SandboxRun run(const std::string& program, const SandboxLimits& limits = {}) {
    const Result<SandboxRun> run = run_python(program, GetParam(), limits);
    EXPECT_TRUE(run) << run.error().message;
    return run ? *run : SandboxRun{};
  }
};

TEST_P(SandboxTest, AnEndlessLoopEnds) {
  const SteadyClock clock;
  const Time began = clock.now();
  EXPECT_THAT(run("print('started', flush=True)\nwhile True: pass", kShort).output,
              HasSubstr("started"));
  EXPECT_LT(clock.now() - began, seconds(10));
}

TEST_P(SandboxTest, WaitingForeverEndsToo) {
  EXPECT_EQ(run("import threading\nthreading.Event().wait()", kShort).end,
            SandboxRun::End::kTimeout);
}

TEST_P(SandboxTest, AForkBombMakesNoProcess) {
  const std::string output = run("import os\nwhile True:\n os.fork()\n").output;
  EXPECT_THAT(output, HasSubstr("PermissionError"));
  EXPECT_THAT(run("import subprocess\nsubprocess.run(['/usr/bin/true'])").output,
              HasSubstr("Error"));
}

TEST_P(SandboxTest, AMemoryHogGetsNoMore) {
  EXPECT_THAT(run("x = bytearray(8 << 30)").output, HasSubstr("MemoryError"));
}

TEST_P(SandboxTest, TheNetworkIsNotThere) {
  EXPECT_THAT(run("import socket\nsocket.create_connection(('127.0.0.1', 22), 1)").output,
              HasSubstr("PermissionError"));
}

TEST_P(SandboxTest, GiantOutputIsCutAndEnded) {
  const SandboxRun run_of_many = run("while True: print('x' * 1000)", kShort);
  EXPECT_EQ(run_of_many.end, SandboxRun::End::kTooMuchOutput);
  EXPECT_EQ(run_of_many.output.size(), kShort.output_bytes);
}

TEST_P(SandboxTest, AGiantFileIsNotWritten) {
  EXPECT_THAT(run("import signal\nsignal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
                  "open('big', 'wb').write(bytes(64 << 20))")
                  .output,
              HasSubstr("OSError"));
}

TEST_P(SandboxTest, WhatItWritesIsGone) {
  const std::string output =
      run("import os\nopen('left', 'w').write('x')\nprint(os.listdir('.'), os.getcwd())").output;
  EXPECT_THAT(output, HasSubstr("['left']"));
  const std::string folder = output.substr(output.find(' ') + 1);
  EXPECT_FALSE(std::filesystem::exists(folder.substr(0, folder.size() - 1) + "/left"));
  EXPECT_THAT(run("import os\nprint(os.listdir('.'))").output, HasSubstr("[]"));
}

TEST_P(SandboxTest, AProgramThatClosesItsOutputDoesNotGoOn) {
  const SandboxRun closed = run("import os\nos.close(1)\nos.close(2)\nwhile True: pass");
  EXPECT_EQ(closed.end, SandboxRun::End::kEnded);
  EXPECT_EQ(closed.output, "");
}

INSTANTIATE_TEST_SUITE_P(All, SandboxTest,
                         testing::Values(Isolation::kFull, Isolation::kLimitsOnly));

TEST(IsolationTest, FilesOfTheUserAreNotSeenAndThoseOfTheMachineNotWritten) {
  const std::string secret = testing::TempDir() + "/secret" + std::to_string(getpid());
  std::ofstream(secret) << "treasure";
  const Result<SandboxRun> run = run_python(
      "import os\n"
      "for path in ['" +
          secret +
          "', '/etc/passwd', '/proc/1/environ', '/root', '/home']:\n"
          "  try: print(open(path).read())\n"
          "  except OSError as error: print(type(error).__name__)\n"
          "for path in ['/usr/x', '/usr/bin/python3', '/lib/x']:\n"
          "  try: open(path, 'a'); print('opened')\n"
          "  except OSError as error: print(type(error).__name__)\n"
          "print(sorted(os.listdir('/')), os.getuid(), os.getpid())\n",
      Isolation::kFull);
  std::filesystem::remove(secret);
  if (!run) GTEST_SKIP() << run.error().message;
  EXPECT_THAT(run->output, Not(HasSubstr("treasure")));
  EXPECT_THAT(run->output, Not(HasSubstr("opened")));
  EXPECT_THAT(run->output, Not(HasSubstr("root")));
  EXPECT_THAT(run->output, HasSubstr("'usr'] 65534 1"));
}

TEST(PythonCheckTest, CodeIsWhatStandsInTheFirstFence) {
  EXPECT_EQ(code_of("Sure:\n```python\nx = 1\n```\nor\n```\nx = 2\n```"), "x = 1\n");
  EXPECT_EQ(code_of("x = 3"), "x = 3");
  EXPECT_EQ(code_of("```python"), "```python");
  EXPECT_EQ(code_of("```\nx = 4"), "x = 4");
}

TEST(PythonCheckTest, AnAnswerPassesIfItsCheckerComesToItsEnd) {
  const std::string checker =
      "scope = {}\nexec(code, scope)\nfor n, want in item['cases']: assert scope['f'](n) == want\n";
  const auto check = [&](std::string_view answer) {
    const Result<bool> passed =
        passes(checker, R"({"cases": [[1, 2], [2, 4]]})", answer, Isolation::kLimitsOnly, kShort);
    return passed && *passed;
  };
  EXPECT_TRUE(check("def f(n): return 2 * n"));
  EXPECT_TRUE(check("# \"'\\ \xff \n```python\ndef f(n):\n    return n + n\n```"));
  EXPECT_FALSE(check("def f(n): return n + 1"));
  EXPECT_FALSE(check("def f(n): return"));
  EXPECT_FALSE(check("this is no Python"));
  EXPECT_FALSE(check("import sys\nsys.exit(0)"));
  EXPECT_FALSE(check("import os\nos._exit(0)"));
  EXPECT_FALSE(check("while True: pass"));
}

}  // namespace
}  // namespace unmask::cli
