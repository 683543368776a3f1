# GCC 12.2 destroys an aggregate temporary and a capturing lambda twice when they stand in a full
# expression with co_await. So none may stand there: name it first, then move it in.

# Looks at the statement around every co_await of code[1..num_lines].
function check_co_await(    text, i, at, from) {
  text = ""
  for (i = 1; i <= num_lines; ++i) {
    starts[i] = length(text) + 1
    text = text code[i] "\n"
  }
  from = 1
  while (match(substr(text, from), /(^|[^A-Za-z0-9_])co_await[^A-Za-z0-9_]/)) {
    at = from + RSTART
    from = at + 8
    if (has_temporary(statement(text, at))) {
      report(line_of(at), "co_await", "GCC destroys this temporary twice: name it first")
    }
  }
}

function line_of(at,    i) {
  i = num_lines
  while (starts[i] > at) --i
  return i
}

# Aggregates are told by a brace behind a type's name, an opening, or a comma.
function has_temporary(s) {
  return s ~ /[(,{?:=][ \n]*\{/ || s ~ /(^|[^A-Za-z0-9_])[A-Z][A-Za-z0-9_]*(<[^;{}]*>)?[ \n]*\{/ ||
         s ~ /([(,{=?:&|]|return)[ \n]*\[[^\]\[]+\][ \n]*[({m]/
}

# The statement around position `at`: from the last boundary before it to the next behind it.
function statement(text, at) {
  return substr(text, first_of(text, at), last_of(text, at) - first_of(text, at) + 1)
}

# Backwards to ';', to the brace that opens a block, or to one that closes the block before.
function first_of(text, at,    i, c, depth, before) {
  depth = 0
  for (i = at - 1; i > 0; --i) {
    c = substr(text, i, 1)
    if (c == ";" && depth == 0) return i + 1
    if (c == "}") {
      if (depth == 0 && substr(text, i + 1, 40) !~ /^[ \n]*[,).;\]]/) return i + 1
      ++depth
    } else if (c == "{") {
      before = substr(text, i > 80 ? i - 80 : 1, i > 80 ? 80 : i - 1)
      if (depth == 0 && before !~ /(^|[^A-Za-z0-9_>])[A-Z][A-Za-z0-9_]*[ \n]*$/ && before !~ /[(,=?:][ \n]*$/) return i + 1
      if (depth > 0) --depth
    }
  }
  return 1
}

# Forwards to ';', or to the brace that opens the block of an if, for, while or switch.
function last_of(text, at,    i, c, depth, parens, before) {
  depth = parens = 0
  for (i = at; i <= length(text); ++i) {
    c = substr(text, i, 1)
    if (c == "(") ++parens
    if (c == ")") --parens
    if (c == ";" && depth == 0) return i
    if (c == "{") {
      before = substr(text, i > 20 ? i - 20 : 1, i > 20 ? 20 : i - 1)
      if (depth == 0 && parens < 0 && before ~ /\)[ \n]*$/) return i - 1
      ++depth
    }
    if (c == "}") {
      if (depth == 0) return i - 1
      --depth
    }
  }
  return length(text)
}
