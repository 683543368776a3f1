# Checks C++ files against rules.txt, co_await.awk and type_twice.awk; prints path:line: rule: advice.
#   awk -f co_await.awk -f type_twice.awk -f lint.awk rules.txt FILE...
# A line with `lint: <rule> because <reason>` in a comment is let off that rule.

FILENAME != path { finish(); path = FILENAME; num_lines = 0; in_comment = 0; is_rules = (FNR == NR) }
is_rules {
  if ($0 !~ /^#/) {
    split($0, field, "\t")
    ++num_rules
    rule[num_rules] = field[1]; pattern[num_rules] = field[2]
    allowed[num_rules] = field[3]; advice[num_rules] = field[4]
  }
  next
}
{ raw[++num_lines] = $0; code[num_lines] = blank($0) }
END { finish(); exit num_found > 0 }

# `line` without comments and without what stands in quotes; includes keep their names.
function blank(line,    out, c, i, quote) {
  if (line ~ /^ *# *include/) { sub(/\/\/.*/, "", line); return line }
  for (i = 1; i <= length(line); ++i) {
    c = substr(line, i, 1)
    if (in_comment) {
      if (substr(line, i, 2) == "*/") { in_comment = 0; ++i }
    } else if (quote != "") {
      if (c == "\\") ++i
      else if (c == quote) { quote = ""; out = out c }
    } else if (substr(line, i, 2) == "//") {
      break
    } else if (substr(line, i, 2) == "/*") {
      in_comment = 1; ++i
    } else {
      # A quote after a digit separates thousands.
      if (c == "\"" || (c == "'" && substr(line, i - 1, 1) !~ /[0-9A-Fa-f]/)) quote = c
      out = out c
    }
  }
  return out
}

function is_allowed(prefixes,    list, i, n) {
  n = split(prefixes, list, " ")
  for (i = 1; i <= n; ++i) if (index(path, list[i]) == 1) return 1
  return 0
}

function report(line, name, what) {
  if (index(raw[line], "lint: " name " because ")) return
  print path ":" line ": " name ": " what
  ++num_found
}

function finish(    r, i) {
  if (path == "" || is_rules) return
  for (r = 1; r <= num_rules; ++r) {
    if (is_allowed(allowed[r])) continue
    for (i = 1; i <= num_lines; ++i) if (code[i] ~ pattern[r]) report(i, rule[r], advice[r])
  }
  check_co_await()
  check_types()
}
