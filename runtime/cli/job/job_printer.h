#pragma once

#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

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
    Terminal terminal{};        ///< behind `out`
    bool shows_status = false;  ///< places in the queue, figures at the end: `status` is a terminal
  };

  /// What suits this process's stdout and stderr.
  static Options options_for_this_process(bool json);

  /// The files must outlive this.
  JobPrinter(const Options& options, std::FILE* out, std::FILE* status);

  /// What to ask for in Submit.
  [[nodiscard]] actors::Subscription subscription() const;

  /// All that there is to say of a job that is left to run.
  [[nodiscard]] ExitCode show_id(const JobId& job);
  void show(const actors::Queued& queued);
  void show(const actors::Frame& frame);
  void show(const actors::Committed& block);
  [[nodiscard]] ExitCode show(const actors::Finished& finished);
  [[nodiscard]] ExitCode show(const actors::Rejected& rejected);

 private:
  void write(std::string_view text);
  void clear_status();
  void print(const std::string& sentence);
  ExitCode show_end(const actors::Finished& finished);

  const Options options_;
  std::FILE* const out_;
  std::FILE* const status_;
  CanvasView canvas_;
  bool has_status_line_ = false;   ///< `status` ends with a line that will be cleared
  bool ends_with_newline_ = true;  ///< what was written of the text
};

}  // namespace unmask::cli
