# shellcheck shell=bash
# Sourced after jdk.sh: sets MAVEN to the command that runs Maven, or ends the caller.

# shellcheck disable=SC2034 # used by the scripts that source this
if ! MAVEN=$(command -v mvn); then
  echo "touchstone: there is no mvn on PATH: install Maven 3.8 or newer (Debian: apt-get install maven)" >&2
  exit 1
fi
