#include "model/checkpoint/safetensors_writer.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <string>
#include <vector>

#include "runtime/base/check.h"

namespace unmask {
namespace {

namespace json = boost::json;

using Entry = StoredTensors::value_type;

/// The widest elements come first, so that each tensor starts at a multiple of its element's size.
std::vector<const Entry*> in_file_order(const StoredTensors& tensors) {
  std::vector<const Entry*> entries;
  for (const Entry& entry : tensors) entries.push_back(&entry);
  std::ranges::stable_sort(entries, std::ranges::greater(),
                           [](const Entry* entry) { return element_bytes(entry->second.dtype); });
  return entries;
}

std::string header_text(const std::vector<const Entry*>& entries) {
  json::object header;
  header["__metadata__"] = {{"format", "pt"}};
  std::uint64_t offset = 0;
  for (const Entry* entry : entries) {
    const auto& [name, tensor] = *entry;
    std::uint64_t size = element_bytes(tensor.dtype);
    UNMASK_CHECK(size != 0);
    for (const std::int64_t length : tensor.shape) size *= static_cast<std::uint64_t>(length);
    UNMASK_CHECK(size == tensor.data.size());
    header[name] = {{"dtype", tensor.dtype},
                    {"shape", json::array(tensor.shape.begin(), tensor.shape.end())},
                    {"data_offsets", {offset, offset + size}}};
    offset += size;
  }
  std::string text = json::serialize(header);
  text.resize((text.size() + 7) / 8 * 8, ' ');
  return text;
}

}  // namespace

Result<> write_safetensors(const std::filesystem::path& path, const StoredTensors& tensors) {
  const std::vector<const Entry*> entries = in_file_order(tensors);
  const std::string header = header_text(entries);
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  for (int shift = 0; shift < 64; shift += 8) file.put(static_cast<char>(header.size() >> shift));
  file << header;
  for (const Entry* entry : entries) {
    const ByteView data = entry->second.data;
    file.write(reinterpret_cast<const char*>(data.data()), std::streamsize(data.size()));
  }
  file.close();
  if (file) return {};
  return Error{ErrorCode::kInvalidArgument,
               "cannot write " + path.string() + ": " + std::strerror(errno)};
}

}  // namespace unmask
