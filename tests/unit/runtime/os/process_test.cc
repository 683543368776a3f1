#include "runtime/os/process.h"

#include <gmock/gmock.h>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <optional>

#include "runtime/base/descriptor.h"
#include "runtime/os/asio_timers.h"

namespace unmask {
namespace {

using testing::ElementsAre;
using namespace std::chrono_literals;

class ProcessTest : public testing::Test {
 protected:
  /// Runs the shell script to its end.
  void run(const std::string& script, std::map<std::string, std::string> environment = {}) {
    const auto process = start(script, std::move(environment));
    loop_.run();
  }

  std::unique_ptr<Process> start(const std::string& script,
                                 std::map<std::string, std::string> environment = {}) {
    Process::Options options{.command = {"sh", "-c", script},
                             .environment = std::move(environment),
                             .on_line = [this](const std::string& line) { on_line(line); },
                             .on_exit =
                                 [this](ExitStatus status) {
                                   status_ = status;
                                   loop_.stop();
                                 }};
    Result<std::unique_ptr<Process>> started = Process::start(loop_, std::move(options));
    return std::move(*started);
  }

  virtual void on_line(const std::string& line) { lines_.push_back(line); }

  EventLoop loop_;
  std::vector<std::string> lines_;
  std::optional<ExitStatus> status_;
};

TEST_F(ProcessTest, LinesOfBothStreamsAreToldBeforeTheEnd) {
  run("echo one; echo two >&2; printf three");
  EXPECT_THAT(lines_, ElementsAre("one", "two", "three"));
  EXPECT_TRUE(status_->is_success());
}

TEST_F(ProcessTest, ExitCodeAndSignalAreToldApart) {
  run("exit 3");
  EXPECT_EQ(*status_, (ExitStatus{.code = 3}));
  EXPECT_EQ(status_->describe(), "failed with exit code 3");
  EXPECT_EQ((ExitStatus{.signal = SIGKILL}).describe(), "was killed by SIGKILL");
  EXPECT_EQ(ExitStatus{}.describe(), "ended");
}

TEST_F(ProcessTest, EnvironmentIsAddedToThisProcesses) {
  run("echo $UNMASK_TEST; test -n \"$PATH\"", {{"UNMASK_TEST", "a b"}});
  EXPECT_THAT(lines_, ElementsAre("a b"));
  EXPECT_TRUE(status_->is_success());
}

TEST_F(ProcessTest, EndIsToldAlthoughAGrandchildHoldsThePipeAndEndsThatToo) {
  run("sleep 30 & echo $!");
  EXPECT_TRUE(status_->is_success());
  const pid_t grandchild = pid_t(std::stol(lines_.at(0)));
  EXPECT_NE(::getpgid(grandchild), ::getpgid(0));
  const Descriptor pidfd(int(::syscall(SYS_pidfd_open, grandchild, 0)));
  if (!pidfd.is_open()) return;  // it is gone already
  pollfd end{pidfd.get(), POLLIN, 0};
  EXPECT_EQ(::poll(&end, 1, 10'000), 1);
}

TEST_F(ProcessTest, OverlongLineIsToldInPieces) {
  run("head -c 100000 /dev/zero | tr '\\0' x");
  ASSERT_EQ(lines_.size(), 2u);
  EXPECT_EQ(lines_[0].size(), Process::kMaxLineLength);
  EXPECT_EQ(lines_[0].size() + lines_[1].size(), 100000u);
}

TEST_F(ProcessTest, UnknownProgramIsAnErrorThatNamesIt) {
  const auto process = Process::start(loop_, {.command = {"/no/such/program"},
                                              .environment = {},
                                              .on_line = {},
                                              .on_exit = [](ExitStatus) { FAIL(); }});
  ASSERT_FALSE(process);
  EXPECT_EQ(process.error().message, "cannot start /no/such/program: No such file or directory");
}

class KilledProcessTest : public ProcessTest {
 protected:
  void on_line(const std::string& line) override {
    ProcessTest::on_line(line);
    loop_.stop();
  }
  void run_until_stopped() {
    loop_.poll();  // forget the earlier stop
    loop_.run();
  }
};

TEST_F(KilledProcessTest, KillReachesTheProcessAndWhatItStarted) {
  const auto process = start("sleep 30 & echo $!; wait");
  loop_.run();
  const pid_t grandchild = pid_t(std::stol(lines_.at(0)));
  EXPECT_EQ(::getpgid(grandchild), process->pid());
  EXPECT_NE(::getpgid(0), process->pid());
  process->kill(SIGKILL);
  run_until_stopped();
  EXPECT_EQ(status_, (ExitStatus{.signal = SIGKILL}));
  EXPECT_FALSE(process->is_running());
  process->kill(SIGKILL);  // too late, and harmless
}

TEST_F(ProcessTest, AFreeProcessAndWhatItLeavesBehindOutliveEverything) {
  std::array<int, 2> asks{}, answers{};  // inherited
  ASSERT_EQ(::pipe(asks.data()), 0);
  ASSERT_EQ(::pipe(answers.data()), 0);
  const std::string left_behind =
      "read line <&" + std::to_string(asks[0]) + "; echo alive >&" + std::to_string(answers[1]);
  auto started = Process::start(loop_, {.command = {"sh", "-c", "(" + left_behind + ") & exit 0"},
                                        .is_free = true,
                                        .on_exit = [this](ExitStatus status) {
                                          status_ = status;
                                          loop_.stop();
                                        }});
  ASSERT_TRUE(started) << started.error().message;
  loop_.run();
  EXPECT_TRUE(status_->is_success());
  const pid_t group = (*started)->pid();
  EXPECT_NE(::getsid(0), group);
  started->reset();
  ASSERT_EQ(::write(asks[1], "\n", 1), 1);
  ::close(answers[1]);
  std::array<char, 16> text{};
  EXPECT_EQ(::read(answers[0], text.data(), text.size()), 6);
  for (const int end : {asks[0], asks[1], answers[0]}) ::close(end);
}

TEST_F(KilledProcessTest, ProcessDiesWithItsObjectAndNobodyIsTold) {
  auto process = start("echo started; exec sleep 30");
  loop_.run();
  const pid_t pid = process->pid();
  process.reset();
  EXPECT_EQ(::kill(pid, 0), -1);  // reaped
  loop_.poll();
  EXPECT_FALSE(status_.has_value());
}

}  // namespace
}  // namespace unmask
