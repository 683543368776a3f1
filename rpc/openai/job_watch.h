/// Only sources include this: Boost stays out of public headers.

#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "rpc/http/http_reply.h"
#include "rpc/openai/frame_stream.h"
#include "rpc/openai/http_clients.h"
#include "runtime/actor/clock.h"

namespace unmask::rpc {

/// One viewer of a job that somebody else submitted: a stream of its frames and blocks, from the
/// first block on, until its end. A viewer that leaves changes nothing for the job.
class JobWatch : public std::enable_shared_from_this<JobWatch> {
 public:
  JobWatch(JobId job, const Clock& clock, HttpClients& clients, std::shared_ptr<HttpReply> reply);

  /// Lives from here on as long as it has to. A job that is not there, or is another key's, is
  /// answered 404.
  static void start(std::shared_ptr<JobWatch> self, std::size_t api_key,
                    const std::string& address);

 private:
  void take(actors::WireMessage message);
  void take(const actors::Committed& block);
  void take(actors::Frame frame);
  void take(const actors::Finished& finished);
  void begin();
  void send_frame(std::optional<boost::json::object> frame);
  void send(std::string_view name, boost::json::object object);
  void close();

  const JobId job_;
  const Clock& clock_;
  HttpClients& clients_;
  const std::shared_ptr<HttpReply> reply_;
  PeerId client_ = 0;
  FrameStream frames_;
  bool is_over_ = false;
};

}  // namespace unmask::rpc
