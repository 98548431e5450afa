#!/usr/bin/env bash
# Builds examples/vendor-backend against published artifacts, as a vendor does, then once more with a defect that its
# build has to catch. Usage: MAVEN=... JAVA_HOME=... scripts/vendor-example.sh FOLDER, from the repository's root;
# FOLDER is a Maven repository that 'mvn deploy' wrote.
set -euo pipefail

repository=$(cd "$1" && pwd -P)
work=$PWD/target/vendor
rm -rf -- "$work"
mkdir -p "$work"

# A local repository of its own, in front of the usual one: nothing of this run stays behind.
build() {
  "$MAVEN" --batch-mode --no-transfer-progress --file "$1/pom.xml" \
    "-Dtouchstone.repository=file://$repository" \
    "-Dmaven.repo.local=$work/local" "-Dmaven.repo.local.tail=$HOME/.m2/repository" \
    verify >"$1.log" 2>&1
}

# Prints what the suite found: passed failed unsupported other-skips.
count() {
  awk '
    /<testsuite[ \t]/ { suites++ }
    /<testcase[ \t]/ { cases++ }
    /<(failure|error)[ \t>]/ { failed++ }
    /<skipped[ \t\/>]/ { skipped++; if (/unsupported: [A-Z_]+/) typed++ }
    END { printf "%d %d %d %d\n", cases - failed - skipped, failed, typed, skipped - typed }
  ' "$1"/target/surefire-reports/TEST-*.xml
}

fail() {
  echo "vendor example: $1" >&2
  tail -n 40 "$2.log" >&2
  exit 1
}

cp -r examples/vendor-backend "$work/right"
build "$work/right" || fail "it does not build" "$work/right"
read -r passed failed unsupported untyped < <(count "$work/right")
if ((passed < 50 || failed != 0 || unsupported == 0 || untyped != 0)); then
  fail "$passed passed, $failed failed, $unsupported unsupported, $untyped skipped without a reason" "$work/right"
fi
echo "vendor example: $passed passed, $failed failed, $unsupported unsupported with reasons"

cp -r examples/vendor-backend "$work/wrong"
kernel=$work/wrong/src/main/java/com/example/acme/AcmeRmsNorm.java
sed -i 's|squares / row.length|squares / (row.length - 1)|' "$kernel"
if cmp -s "$kernel" examples/vendor-backend/src/main/java/com/example/acme/AcmeRmsNorm.java; then
  echo "vendor example: the line to spoil is gone from AcmeRmsNorm" >&2
  exit 1
fi
if build "$work/wrong"; then
  fail "a wrong kernel does not fail the build" "$work/wrong"
fi
read -r _ failed _ _ < <(count "$work/wrong")
if ((failed == 0)); then
  fail "the build with a wrong kernel failed for another reason" "$work/wrong"
fi
echo "vendor example: a mean over one element too few fails the build with $failed tests"
