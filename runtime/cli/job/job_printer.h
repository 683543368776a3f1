#pragma once

#include <cstdint>
#include <cstdio>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "actors/messages.h"
#include "runtime/cli/exit_code.h"
#include "runtime/cli/job/canvas_view.h"
#include "runtime/cli/text/terminal.h"

namespace unmask::cli {

/// Shows what a client hears of one job: its text on `out`, the rest on `status`.
///
/// Takes the answers in the order in which they come; after Finished or Rejected, nothing more.
class JobPrinter {
 public:
  enum class Style : std::uint8_t {
    kCanvas,  ///< for a terminal: the canvas as it fills, drawn in place
    kStream,  ///< the text of each block as it is final
    kJson,    ///< one object at the end
  };
  struct Options {
    Style style = Style::kStream;
    Terminal terminal{};                       ///< behind `out`
    std::function<Terminal()> terminal_now{};  ///< its size may change; empty: it does not
    bool shows_status = false;  ///< places in the queue as they change: `status` is a terminal
    std::function<int()> status_width{};  ///< of the terminal behind `status`; empty: no end
  };

  /// What suits this process's stdout and stderr.
  static Options options_for_this_process(bool json);

  /// The files must outlive this.
  JobPrinter(const Options& options, std::FILE* out, std::FILE* status);
  JobPrinter(const JobPrinter&) = delete;
  JobPrinter& operator=(const JobPrinter&) = delete;
  ~JobPrinter() { leave(); }

  /// What to ask for in Submit.
  [[nodiscard]] actors::Subscription subscription() const;

  /// All that there is to say of a job that is left to run.
  [[nodiscard]] ExitCode show_id(const JobId& job);
  void show(const actors::Queued& queued);
  void show(const actors::Frame& frame);
  void show(const actors::Committed& block);
  [[nodiscard]] ExitCode show(const actors::Finished& finished);
  [[nodiscard]] ExitCode show(const actors::Rejected& rejected);
  /// Without an end, nothing more will come: what stands there stays, and the cursor is below it.
  void leave();

 private:
  void write(std::string_view text);
  void follow_size();
  void clear_status();
  /// The first clauses that fit a line of the status terminal, with ", " between.
  [[nodiscard]] std::string fitting(const std::vector<std::string>& clauses) const;
  void print(const std::string& sentence);
  ExitCode show_end(const actors::Finished& finished);

  const Options options_;
  std::FILE* const out_;
  std::FILE* const status_;
  CanvasView canvas_;
  std::string told_reason_;        ///< why the job waits, the last that was printed in a pipe
  bool has_status_line_ = false;   ///< `status` ends with a line that will be cleared
  bool ends_with_newline_ = true;  ///< what was written of the text
};

}  // namespace unmask::cli
