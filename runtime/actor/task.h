#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

namespace unmask {

/// Where the actors of a process run: its one control thread.
using Executor = boost::asio::any_io_executor;

/// What a handler returns that must wait. Parameters by value; no temporary aggregate and no
/// capturing lambda inside an expression with co_await (GCC 12 destroys them twice).
template <typename T = void>
using Task = boost::asio::awaitable<T>;

}  // namespace unmask
