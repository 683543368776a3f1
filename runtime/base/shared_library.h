#pragma once

#include <string>

#include "runtime/base/result.h"

namespace unmask {

/// A library that is loaded when it is wanted, so that the program starts where it is not
/// installed. It is never unloaded: its threads, or what it has registered, may outlive whoever
/// asked for it.
class SharedLibrary {
 public:
  /// path: a file, or a name for the loader to look up.
  ///
  /// Errors  kUnavailable, in the loader's words
  static Result<SharedLibrary> open(const std::string& path);

  /// function = the one of that name; null if there is none, which missing() tells of the first.
  template <typename Function>
  void find(const char* name, Function*& function) {
    function = reinterpret_cast<Function*>(address_of(name));
    if (function == nullptr && missing_.empty()) missing_ = name;
  }
  [[nodiscard]] const std::string& missing() const { return missing_; }

 private:
  explicit SharedLibrary(void* handle) : handle_(handle) {}
  [[nodiscard]] void* address_of(const char* name) const;

  void* handle_;
  std::string missing_;
};

}  // namespace unmask
