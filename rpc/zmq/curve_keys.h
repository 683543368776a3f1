#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "rpc/zmq/zmq_options.h"
#include "runtime/base/result.h"

namespace unmask::rpc {

/// A new random pair.
CurveKeyPair make_curve_keys();

/// Writes the secret key to `path`, which only this user can read then, and the public one to
/// `path`.pub: 40 characters of Z85 and the end of a line.
///
/// Errors  kInvalidArgument: a file is there already, which is never overwritten; kUnavailable:
/// the file cannot be written
Result<> write_curve_keys(const CurveKeyPair& keys, const std::filesystem::path& path);

/// Reads a secret key; the public one follows from it.
///
/// Errors  naming the file: kNotFound, kUnavailable; kInvalidArgument: not a key, or a file that
/// everybody on this machine can read
Result<CurveKeyPair> read_curve_keys(const std::filesystem::path& path);

/// Reads a public key. Errors: as read_curve_keys, but everybody may read it.
Result<std::string> read_curve_public_key(const std::filesystem::path& path);

/// The 32 bytes of a key. Errors: kInvalidArgument
Result<std::string> decode_curve_key(std::string_view z85);

/// The other way round. bytes: 32.
std::string encode_curve_key(std::string_view bytes);

}  // namespace unmask::rpc
