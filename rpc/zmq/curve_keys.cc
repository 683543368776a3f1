#include "rpc/zmq/curve_keys.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>

#include "runtime/base/check.h"
#include "runtime/base/descriptor.h"

namespace unmask::rpc {
namespace {

constexpr std::size_t kKeyBytes = 32;
constexpr std::size_t kKeyLetters = 40;
constexpr std::size_t kMaxFileBytes = 128;  // a key and white space
constexpr mode_t kMineAlone = 0600, kForAll = 0644, kOthers = 0007;

using KeyText = std::array<char, kKeyLetters + 1>;

Error failure(const char* what, const std::filesystem::path& path, int number) {
  const ErrorCode code = number == ENOENT   ? ErrorCode::kNotFound
                         : number == EEXIST ? ErrorCode::kInvalidArgument
                                            : ErrorCode::kUnavailable;
  return {code, std::string("cannot ") + what + " the key " + path.string() + ": " +
                    std::strerror(number)};
}

Result<> write_key(const std::string& key, const std::filesystem::path& path, mode_t mode) {
  const Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
  if (!file.is_open()) return failure("write", path, errno);
  const std::string line = key + "\n";
  errno = ENOSPC;  // of a write that is cut short
  const bool is_whole = ::write(file.get(), line.data(), line.size()) == ssize_t(line.size());
  if (is_whole && ::fsync(file.get()) == 0) return {};
  const Error error = failure("write", path, errno);
  ::unlink(path.c_str());  // it would be in the way of the next attempt
  return error;
}

Result<std::string> read_key(const std::filesystem::path& path, mode_t forbidden) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.is_open()) return failure("read", path, errno);
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) return failure("read", path, errno);
  if ((status.st_mode & forbidden) != 0) {
    return Error{ErrorCode::kInvalidArgument,
                 "everybody can read the secret key " + path.string() + ": chmod 600 it"};
  }
  std::array<char, kMaxFileBytes> text{};
  const ssize_t size = ::read(file.get(), text.data(), text.size());
  if (size < 0) return failure("read", path, errno);
  std::string key(text.data(), std::size_t(size));
  key.erase(key.find_last_not_of(" \t\r\n") + 1);
  if (!decode_curve_key(key)) {
    return Error{ErrorCode::kInvalidArgument,
                 path.string() + " holds no key, which is 40 characters of Z85"};
  }
  return key;
}

}  // namespace

CurveKeyPair make_curve_keys() {
  KeyText public_key{}, secret_key{};
  UNMASK_CHECK(zmq_curve_keypair(public_key.data(), secret_key.data()) == 0);
  return {public_key.data(), secret_key.data()};
}

Result<> write_curve_keys(const CurveKeyPair& keys, const std::filesystem::path& path) {
  const Result<> is_written = write_key(keys.secret_key, path, kMineAlone);
  if (!is_written) return is_written;
  const Result<> is_public = write_key(keys.public_key, path.string() + ".pub", kForAll);
  if (!is_public) ::unlink(path.c_str());
  return is_public;
}

Result<CurveKeyPair> read_curve_keys(const std::filesystem::path& path) {
  const Result<std::string> secret_key = read_key(path, kOthers);
  if (!secret_key) return secret_key.error();
  KeyText public_key{};
  UNMASK_CHECK(zmq_curve_public(public_key.data(), secret_key->c_str()) == 0);
  return CurveKeyPair{public_key.data(), *secret_key};
}

Result<std::string> read_curve_public_key(const std::filesystem::path& path) {
  return read_key(path, 0);
}

std::string encode_curve_key(std::string_view bytes) {
  UNMASK_CHECK(bytes.size() == kKeyBytes);
  KeyText text{};
  UNMASK_CHECK(zmq_z85_encode(text.data(), reinterpret_cast<const std::uint8_t*>(bytes.data()),
                              bytes.size()) != nullptr);
  return text.data();
}

Result<std::string> decode_curve_key(std::string_view z85) {
  std::array<std::uint8_t, kKeyBytes> bytes{};
  const std::string text(z85);
  if (text.size() != kKeyLetters || zmq_z85_decode(bytes.data(), text.c_str()) == nullptr) {
    return Error{ErrorCode::kInvalidArgument, "a CURVE key is 40 characters of Z85"};
  }
  return std::string(bytes.begin(), bytes.end());
}

}  // namespace unmask::rpc
