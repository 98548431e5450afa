# Adds up surefire's XML reports. Prints one line per skip, with its reason, then "passed failed skipped disallowed".
# Variables: absent (names, separated by commas), allowed (file of allowed skips).

function attribute(text, name,    start, rest) {
  if (!match(text, "[ \t]" name "=\"")) {
    return ""
  }
  rest = substr(text, RSTART + RLENGTH)
  return substr(rest, 1, index(rest, "\"") - 1)
}

function is_allowed(test, message,    names, n, i) {
  if (test in permitted) {
    return 1
  }
  n = split(absent, names, ",")
  for (i = 1; i <= n; i++) {
    if ((message " ") ~ ("absent: " names[i] "[^a-z0-9-]")) {
      return 1
    }
  }
  return 0
}

BEGIN {
  while ((getline line < allowed) > 0) {
    if (line !~ /^[ \t]*(#|$)/) {
      if (split(line, part, /[ \t]*\|[ \t]*/) != 2 || part[2] == "") {
        print "totals: a line without a reason in " allowed ": " line > "/dev/stderr"
        exit broken = 1
      }
      permitted[part[1]] = 1
    }
  }
}

# Captured output and stack traces may hold anything, lines that look like reports included.
inside {
  if (/\]\]>/) {
    inside = 0
  }
  next
}

/<testsuite[ \t]/ {
  tests += attribute($0, "tests")
  failed += attribute($0, "errors") + attribute($0, "failures")
}
/<testcase[ \t]/ {
  test = attribute($0, "classname") "#" attribute($0, "name")
}
/<skipped[ \t\/>]/ {
  skipped++
  message = attribute($0, "message")
  # An assumption that fails is reported by its stack trace, whose first line has the message.
  if (message == "" && match($0, /<!\[CDATA\[/)) {
    message = substr($0, RSTART + RLENGTH)
  }
  if (is_allowed(test, message)) {
    print "skipped: " test " (" (message == "" ? permitted[test] : message) ")"
  } else {
    disallowed++
    print "not allowed to be skipped: " test (message == "" ? "" : " (" message ")")
  }
}
/<!\[CDATA\[/ && !/\]\]>/ {
  inside = 1
}

END {
  if (broken) {
    exit 1
  }
  printf "%d %d %d %d\n", tests - failed - skipped, failed, skipped, disallowed
}
