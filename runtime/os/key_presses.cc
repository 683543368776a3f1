#include "runtime/os/key_presses.h"

#include <termios.h>
#include <unistd.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <utility>

namespace unmask {

struct KeyPresses::Wait : std::enable_shared_from_this<Wait> {
  Wait(EventLoop& loop, std::function<void(char)> action)
      : stdin_copy(loop.context(), dup(STDIN_FILENO)), on_key(std::move(action)) {}

  /// Waits, and then reads what is there: with O_NONBLOCK, which Asio would set, everybody who
  /// shares this terminal had it, too.
  void listen() {
    const auto heard = [self = shared_from_this()](boost::system::error_code failed) {
      if (failed || !self->on_key) return;
      std::array<char, 16> keys{};
      const ssize_t num_keys = read(STDIN_FILENO, keys.data(), keys.size());
      for (ssize_t i = 0; i < num_keys && self->on_key; ++i) self->on_key(keys[std::size_t(i)]);
      if (num_keys > 0 && self->on_key) self->listen();
    };
    stdin_copy.async_wait(boost::asio::posix::stream_descriptor::wait_read, heard);
  }

  boost::asio::posix::stream_descriptor stdin_copy;
  std::function<void(char)> on_key;
  termios before{};
};

KeyPresses::KeyPresses(EventLoop& loop, std::function<void(char key)> on_key) {
  termios before{};
  if (tcgetattr(STDIN_FILENO, &before) != 0) return;
  wait_ = std::make_shared<Wait>(loop, std::move(on_key));
  wait_->before = before;
  termios single = before;
  single.c_lflag &= ~tcflag_t(ICANON | ECHO);
  single.c_cc[VMIN] = 1;
  single.c_cc[VTIME] = 0;
  tcsetattr(STDIN_FILENO, TCSADRAIN, &single);
  wait_->listen();
}

KeyPresses::~KeyPresses() {
  if (!wait_) return;
  tcsetattr(STDIN_FILENO, TCSADRAIN, &wait_->before);
  wait_->on_key = nullptr;
  boost::system::error_code ignored;
  wait_->stdin_copy.close(ignored);
}

}  // namespace unmask
