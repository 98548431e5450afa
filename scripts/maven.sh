# shellcheck shell=bash
# Sourced after jdk.sh, from the repository's root: sets MAVEN to the command that runs Maven, or ends the caller.

if ./mvnw --version >/dev/null 2>&1; then
  MAVEN=./mvnw
elif MAVEN=$(command -v mvn); then
  echo "touchstone: the Maven wrapper could not fetch its distribution, using $MAVEN" >&2
else
  echo "touchstone: the Maven wrapper could not fetch its distribution and there is no mvn on PATH: allow access to Maven Central or install Maven 3.8 or newer (Debian: apt-get install maven)" >&2
  exit 1
fi
