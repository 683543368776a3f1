#include "runtime/base/shared_library.h"

#include <dlfcn.h>

namespace unmask {

Result<SharedLibrary> SharedLibrary::open(const std::string& path) {
  void* const handle = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle != nullptr) return SharedLibrary(handle);
  const char* const why = ::dlerror();
  return Error{ErrorCode::kUnavailable, why != nullptr ? why : path};
}

void* SharedLibrary::address_of(const char* name) const { return ::dlsym(handle_, name); }

}  // namespace unmask
