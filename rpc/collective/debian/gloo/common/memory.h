/// Debian's libgloo-dev leaves out this header, which its gloo/transport/tcp/pair.h includes. Found
/// only where the real one is missing; only what that header needs, with the layout that libgloo
/// was built with.

#pragma once

#include <memory>

namespace gloo {

template <typename T>
class NonOwningPtr final {
  std::shared_ptr<T> ptr_;
};

template <typename T>
class WeakNonOwningPtr final {
  std::weak_ptr<T> ptr_;
};

}  // namespace gloo
