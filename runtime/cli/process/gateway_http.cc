#include "runtime/cli/process/gateway_http.h"

#include <algorithm>
#include <utility>

#include "model/tokenizer/text_decoder.h"
#include "rpc/web/web_page.h"
#include "runtime/cli/commands/version.h"
#include "runtime/cli/process/process_http.h"
#include "runtime/cli/text/text_file.h"
#include "runtime/os/host_port.h"

namespace unmask::cli {
namespace {

constexpr std::chrono::milliseconds kLookAgainAtHttp{5};
constexpr std::chrono::seconds kHttpQuietTimeout{2};
constexpr std::size_t kMaxKeyFileBytes = 64 << 10;

Result<rpc::ApiKeys> api_keys(const ClusterConfig& config) {
  std::vector<std::string> keys = config.http.api_keys;
  if (!config.http.api_key_file.empty()) {
    const Result<std::string> text = read_text(config.http.api_key_file, kMaxKeyFileBytes);
    if (!text) return Error{text.error().code, "http.api_key_file: " + text.error().message};
    for (std::string& key : rpc::parse_api_keys(*text)) keys.push_back(std::move(key));
    if (keys.empty())
      return invalid("http.api_key_file " + config.http.api_key_file + " has no key");
  }
  const bool is_exposed = keys.empty() && !is_loopback(config.gateway_http().host);
  return rpc::ApiKeys(std::move(keys),
                      is_exposed ? "this gateway can be reached from other machines and has no API "
                                   "keys: set http.api_keys or http.api_key_file"
                                 : "");
}

Error no_tokenizer() {
  return invalid("the model has no tokenizer that is known; send tokens instead");
}

}  // namespace

GatewayHttp::GatewayHttp(ProcessHost& host, actors::TokenizerService& text)
    : host_(host),
      text_(text),
      clients_(host.env().timers, {[this](PeerId from, actors::WireMessage message) {
                                     return dispatch_.deliver(from, std::move(message)) ==
                                            actors::Dispatch::Outcome::kTaken;
                                   },
                                   [this](PeerId client) { return role_->client_down(client); }}) {}

ActorRef<actors::Outgoing> GatewayHttp::outgoing(ActorRef<actors::Outgoing> wire) {
  return ActorRef<actors::Outgoing>([this, wire = std::move(wire)](actors::Outgoing outgoing) {
    if (!rpc::HttpClients::is_one(outgoing.to)) return wire.send(std::move(outgoing));
    clients_.take(std::move(outgoing));
    return true;
  });
}

ActorRef<actors::Disconnect> GatewayHttp::disconnect(ActorRef<actors::Disconnect> wire) {
  return ActorRef<actors::Disconnect>([wire = std::move(wire)](const actors::Disconnect& peer) {
    return rpc::HttpClients::is_one(peer.peer) || wire.send(peer);
  });
}

rpc::ApiText GatewayHttp::api_text() {
  rpc::ApiText text;
  text.tokenize = [this](actors::JobInput input, auto done) {
    text_.tokenize(std::move(input), [this, done](Result<actors::TokenInput> tokens) {
      host_.loop().post([done, tokens = std::move(tokens)] { done(tokens); });
    });
  };
  text.detokenize = [this](const std::vector<std::int32_t>& tokens) { return detokenize(tokens); };
  text.render = [this](const std::vector<tokenizer::ChatMessage>& chat) { return render(chat); };
  text.token = [this](std::int32_t token) {
    const tokenizer::Tokenizer* tokenizer = text_.tokenizer();
    const bool has_bytes = tokenizer != nullptr && !tokenizer->is_special(token);
    return rpc::TokenText{text_.piece(token),
                          has_bytes ? std::string(tokenizer->bytes_of(token)) : ""};
  };
  text.unwrap = [this](std::vector<std::int32_t> tokens) { return unwrap(std::move(tokens)); };
  text.info = [this] { return info(); };
  return text;
}

Result<std::string> GatewayHttp::detokenize(const std::vector<std::int32_t>& tokens) const {
  if (text_.tokenizer() == nullptr) return no_tokenizer();
  const std::int32_t size = text_.tokenizer()->size();
  for (const std::int32_t token : tokens) {
    if (token < size) continue;
    return invalid("token " + std::to_string(token) + " is not one of the model's " +
                   std::to_string(size));
  }
  tokenizer::TextDecoder decoder(*text_.tokenizer(), false);
  std::string text = decoder.append(tokens);
  return text + decoder.finish();
}

std::vector<std::int32_t> GatewayHttp::unwrap(std::vector<std::int32_t> tokens) const {
  if (text_.tokenizer() == nullptr) return tokens;
  constexpr std::int32_t kInside = -1;
  const std::vector<std::int32_t> around = text_.tokenizer()->surround({kInside});
  const auto inside = std::ranges::find(around, kInside);
  if (tokens.size() + 1 < around.size()) return tokens;
  tokens.erase(tokens.end() - (around.end() - inside - 1), tokens.end());
  tokens.erase(tokens.begin(), tokens.begin() + (inside - around.begin()));
  return tokens;
}

Result<rpc::TokenizerInfo> GatewayHttp::info() const {
  const tokenizer::Tokenizer* tokenizer = text_.tokenizer();
  if (tokenizer == nullptr) return no_tokenizer();
  const auto piece = [this](std::optional<std::int32_t> token) {
    return token ? text_.piece(*token) : std::string();
  };
  return rpc::TokenizerInfo{tokenizer->chat_template().bos_token(), piece(tokenizer->eos_id()),
                            piece(tokenizer->pad_id()), piece(tokenizer->mask_id()),
                            tokenizer->chat_template().jinja()};
}

Result<std::string> GatewayHttp::render(const std::vector<tokenizer::ChatMessage>& chat) const {
  if (text_.tokenizer() == nullptr) return no_tokenizer();
  Result<tokenizer::RenderedChat> rendered = text_.tokenizer()->chat_template().render(chat);
  if (!rendered) return rendered.error();
  return std::move(rendered->text);
}

Result<> GatewayHttp::serve(rpc::HttpServer& server, const actors::GatewayRole& role,
                            const ClusterConfig& config, const std::string& model,
                            std::int32_t max_positions) {
  Result<rpc::ApiKeys> keys = api_keys(config);
  if (!keys) return keys.error();
  role_ = &role;
  dispatch_ = role.client_dispatch();
  server_ = &server;
  rpc::OpenAiApi::Options options{model,
                                  std::string(kVersion),
                                  std::min(max_positions, config.compute.max_rows),
                                  std::move(*keys),
                                  std::size_t(config.limits.max_jobs_per_client),
                                  2 * config.limits.step_timeout};
  api_ = std::make_unique<rpc::OpenAiApi>(host_.env(), std::move(options), api_text(), clients_);
  api_->add_to(server);
  rpc::WebPage(index_page("gateway").body).add_to(server);
  return {};
}

void GatewayHttp::when_quiet(std::function<void()> done) {
  wait_until_quiet(host_.env().clock.now() + kHttpQuietTimeout, std::move(done));
}

void GatewayHttp::wait_until_quiet(Time latest, std::function<void()> done) {
  if (server_->is_quiet() || host_.env().clock.now() >= latest) return done();
  host_.env().timers.after(kLookAgainAtHttp, [this, latest, done = std::move(done)]() mutable {
    wait_until_quiet(latest, std::move(done));
  });
}

}  // namespace unmask::cli
