#pragma once

#include <string>
#include <string_view>

namespace unmask::tokenizer {

/// Two Jinja templates with the same normal form render the same: it has no white space that
/// Jinja drops (with trim_blocks and lstrip_blocks, as transformers sets them), no white space
/// marks, 'this' kind of quotes with their escapes resolved, and a.b for a['b']. It has no
/// {% generation %} and {% endgeneration %} either (they mark what a model is trained on), and
/// {{'a'}}{{b}} for {{'a'+b}}.
///
/// It does not understand a template, and accepts any text.
std::string normal_form(std::string_view jinja);

}  // namespace unmask::tokenizer
