# shellcheck shell=bash
# Sourced: exports JAVA_HOME as a JDK of Java 25 or newer, or ends the caller with one sentence.
# Looks at JAVA_HOME, PATH, /usr/lib/jvm, SDKMAN and macOS's java_home, in that order.

touchstone_is_jdk() {
  local home=$1 line major
  [[ -x $home/bin/javac && -r $home/release ]] || return 1
  while IFS= read -r line; do
    if [[ $line =~ ^JAVA_VERSION=\"([0-9]+) ]]; then
      major=${BASH_REMATCH[1]}
      ((major >= 25))
      return
    fi
  done <"$home/release"
  return 1
}

touchstone_find_jdk() {
  local java home
  if [[ -n ${JAVA_HOME:-} ]] && touchstone_is_jdk "$JAVA_HOME"; then
    printf '%s\n' "$JAVA_HOME"
    return 0
  fi
  if java=$(command -v java) && java=$(readlink -f "$java"); then
    home=${java%/bin/java}
    if touchstone_is_jdk "$home"; then
      printf '%s\n' "$home"
      return 0
    fi
  fi
  for home in /usr/lib/jvm/* "$HOME"/.sdkman/candidates/java/*; do
    if touchstone_is_jdk "$home"; then
      printf '%s\n' "$home"
      return 0
    fi
  done
  if [[ -x /usr/libexec/java_home ]] && home=$(/usr/libexec/java_home -v 25+ 2>/dev/null) \
    && touchstone_is_jdk "$home"; then
    printf '%s\n' "$home"
    return 0
  fi
  return 1
}

if ! JAVA_HOME=$(touchstone_find_jdk); then
  echo "touchstone: no JDK 25 or newer found in JAVA_HOME, on PATH, in /usr/lib/jvm or ~/.sdkman: install one (Debian: temurin-25-jdk or openjdk-25-jdk) or set JAVA_HOME to it" >&2
  exit 1
fi
export JAVA_HOME
