#pragma once

#include <cstdint>
#include <string>

namespace unmask::cli {

/// One line on stderr that says how far something is; gone when it ends. Nothing where stderr is
/// no terminal. Used by one thread at a time.
class Progress {
 public:
  /// what: "loading weights".
  explicit Progress(std::string what);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// total 0: not known.
  void update(std::uint64_t done, std::uint64_t total);
  /// The same in other words.
  void say(std::string line);

 private:
  const std::string what_;
  const bool is_shown_;
  std::string line_;  // as it stands there
};

}  // namespace unmask::cli
