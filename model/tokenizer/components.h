/// What a normalizer, pre-tokenizer or decoder of a tokenizer.json consists of. Only sources
/// include this.

#pragma once

#include <boost/json/value.hpp>
#include <string_view>
#include <vector>

namespace unmask::tokenizer {

/// The components that are applied one after the other, whatever form they are written in: null is
/// none, and a Sequence is what it lists under `list`, however deep.
std::vector<const boost::json::value*> components_of(const boost::json::value* value,
                                                     std::string_view list);

}  // namespace unmask::tokenizer
