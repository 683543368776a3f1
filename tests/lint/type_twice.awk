# A type may be defined once in a namespace: two of one name are a violation of the one-definition
# rule that no compiler or linker reports, and the smaller one's memory is overrun.

# Looks at the file that lint.awk has read: namespaces are not indented, and their ends say so.
function check_types(    i, depth, names, name, key) {
  for (i = 1; i <= num_lines; ++i) {
    if (match(code[i], /^namespace [A-Za-z0-9_:]+ \{/)) {
      split(code[i], words, " ")
      names[++depth] = words[2] "::"
    } else if (code[i] ~ /^namespace \{/) {
      names[++depth] = path ":anonymous::"  # one per source
    } else if (raw[i] ~ /^\}  \/\/ namespace/) {
      --depth
    } else if (match(code[i], /^(struct|class|enum class|enum|union) (\[\[nodiscard\]\] )?[A-Za-z0-9_]+( final)?( :| \{|$)/)) {
      name = code[i]
      sub(/^(struct|class|enum class|enum|union) (\[\[nodiscard\]\] )?/, "", name)
      sub(/[^A-Za-z0-9_].*/, "", name)
      key = ""
      for (d = 1; d <= depth; ++d) key = key names[d]
      key = key name
      if (key in defined_at && code[i - 1] !~ /^template/) {
        report(i, "type_twice", "its namespace has one already: " defined_at[key])
      } else {
        defined_at[key] = path ":" i
      }
    }
  }
}
