#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "runtime/base/result.h"
#include "runtime/os/process.h"

namespace unmask::cli {

/// The command that shows `url` to the person at this machine: the first of $BROWSER (whose %s is
/// the address, else it comes last), or xdg-open, where there is a display.
///
/// environment  of this process
/// has_program  whether a program of that name can be started
/// Errors       kUnavailable: why nothing can show it, in a sentence
[[nodiscard]] Result<std::vector<std::string>> page_opener(
    const std::string& url, const std::map<std::string, std::string>& environment,
    const std::function<bool(const std::string& program)>& has_program);

/// Opens a page once, and says if that failed.
class PageOpener {
 public:
  /// say: told in a sentence why the page is not opened, at once or later. The loop outlives this.
  void open(EventLoop& loop, const std::string& url,
            std::function<void(const std::string& sentence)> say);

 private:
  std::unique_ptr<Process> process_;
};

}  // namespace unmask::cli
