#pragma once

#include <boost/asio/experimental/channel.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "runtime/actor/actor.h"
#include "runtime/simulation/testbed.h"

namespace unmask::testing_actors {

/// Opens once; a handler can wait for it. If it is closed instead, the wait throws.
class Gate {
 public:
  explicit Gate(EventLoop& loop) : channel_(loop.executor(), 1) {}

  void open() { channel_.try_send(boost::system::error_code{}); }
  void close() { channel_.close(); }
  Task<> wait() { co_await channel_.async_receive(boost::asio::use_awaitable); }

 private:
  boost::asio::experimental::channel<void(boost::system::error_code)> channel_;
};

struct Note {
  int number = 0;
};
struct Throw {};
struct WaitFor {
  std::shared_ptr<Gate> gate;
};
struct Call {
  std::function<void(class Subject&)> action;
};
struct Large {
  std::size_t size = 0;
  [[nodiscard]] std::size_t num_bytes() const { return size; }
};

/// Writes down, outside of itself, what it handles: numbers of Note, -1 and -2 around a wait.
struct Journal {
  std::vector<int> notes;
  std::vector<Down> downs;
  int num_lives = 0;
};

class Subject final : public Actor<Subject, Note, Throw, WaitFor, Call, Large> {
 public:
  Subject(ActorContext& context, Journal& journal, MailboxLimits limits = {})
      : Actor(context, limits), journal_(journal) {
    ++journal_.num_lives;
  }

  void on(Note note) { journal_.notes.push_back(note.number); }
  void on(Throw) { throw std::runtime_error("asked to"); }
  Task<> on(WaitFor wait) {
    journal_.notes.push_back(-1);
    co_await wait.gate->wait();
    journal_.notes.push_back(-2);
  }
  void on(Call call) { call.action(*this); }
  void on(Large) {}
  void on(Down down) { journal_.downs.push_back(down); }

  using Actor::after;
  using Actor::cancel;
  using Actor::stop;
  using Actor::unwatch;
  using Actor::watch;

 private:
  Journal& journal_;
};

}  // namespace unmask::testing_actors
