#include "runtime/cli/cluster_watch.h"

#include <utility>

namespace unmask::cli {

ClusterWatch::ClusterWatch(ProcessHost& host, std::function<void(const ClusterStatus&)> on_status)
    : host_(host), wire_(host) {
  Dispatch dispatch;
  dispatch.add(ActorRef<Incoming<ClusterStatus>>(
      [tell = std::move(on_status)](const Incoming<ClusterStatus>& status) {
        tell(status.message);
        return true;
      }));
  wire_.receive(std::move(dispatch));
  wire_.on_peer(
      [this](PeerId peer) {
        gateway_ = peer;
        ask();
        return true;
      },
      [this](PeerId) {
        gateway_.reset();
        return true;
      });
}

Result<> ClusterWatch::start(const HostPort& gateway, Duration interval) {
  host_.every(interval, [this] { ask(); });
  return wire_.dial({}, gateway);
}

void ClusterWatch::ask() {
  if (!gateway_) return;
  (void)wire_.outgoing().send({*gateway_, GetStatus{++num_asked_}});
}

}  // namespace unmask::cli
