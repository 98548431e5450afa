#!/usr/bin/env bash
# Builds the PTX snapshot: build-ptx.sh [MODULE...]. Needs nvcc and ptxas, CUDA 12.8 or newer.
#
# A module is built for sm_80, unless its source says otherwise in lines "// target sm_NN serves CC CC ...". Every file
# states the lowest PTX version that ptxas takes for it, because drivers refuse versions newer than themselves, and is
# assembled for every architecture that it serves: nvcc does not check inline assembly against its target.
set -euo pipefail
cd "$(dirname "$0")"
out=../resources/org/touchstone/backends/cuda/ptx
versions="7.0 7.1 7.3 7.8 8.0 8.4 8.6 8.7 8.8 9.0"
all="80 86 87 89 90 100 103 110 120 121"
flags="-std=c++17 -O3 -fmad=false -lineinfo"
mkdir -p "$out"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

includes() { # the files that a source includes, sorted
  local seen="" queue="$1" file found
  while [ -n "$queue" ]; do
    file=${queue%% *}
    queue=$(echo "${queue#"$file"}" | sed 's/^ *//')
    found=$(sed -n 's/^#include "\(.*\)"$/\1/p' "$file" | sed 's|^common/||')
    for name in $found; do
      case " $seen " in *" common/$name "*) ;; *) seen="$seen common/$name"; queue="$queue common/$name"; queue=${queue# } ;; esac
    done
  done
  echo "$seen" | tr ' ' '\n' | sed '/^$/d' | LC_ALL=C sort
}

assembles() { # file capability
  local arch=$2
  ptxas -arch="sm_$arch" -o "$work/cubin" "$1" 2> "$work/messages"
}

index=$out/index.txt
touch "$index"
for source in ${@:-*.cu}; do
  module=$(basename "$source" .cu)
  source=$module.cu
  hash=$(cat build-ptx.sh "$source" $(includes "$source") | sha256sum | cut -d' ' -f1)
  targets=$(sed -n 's|^// target sm_\([0-9]*\) serves \(.*\)$|\1:\2|p' "$source" | tr ' ' ',')
  rm -f "$out/$module".sm_*.ptx
  { grep -v "^$module " "$index" || true; } > "$work/index"
  for entry in ${targets:-80:${all// /,}}; do
    target=${entry%%:*}
    serves=${entry#*:}
    file=$module.sm_$target.ptx
    nvcc $flags -arch="compute_$target" -ptx -o "$work/raw" "$source"
    # Paths of this machine, which names of internal symbols hash, inlining tables (PTX 7.2) and comments stay out.
    sed -E -e "s|(\.file[[:space:]]+[0-9]+) \"($PWD/)?([^\"]*)\"|\1 \"\3\"|" -e 's/, function_name .*$//' \
      -e '/^[[:space:]]*\.section/,/^[[:space:]]*\}/d' -e '/^[[:space:]]*\/\//d' -e '/^$/d' "$work/raw" > "$work/text"
    sed -i -E -e 's|(\.file[[:space:]]+[0-9]+ )"/[^"]*/([^/"]*)"|\1"\2"|' \
      -e 's/_INTERNAL_[0-9a-f]{8}_([0-9]+_[A-Za-z0-9_]+_cu)_[0-9a-f]{8}/_INTERNAL_00000000_\1_00000000/g' "$work/text"
    chosen=
    for version in $versions; do
      sed "s/^\.version .*/.version $version/" "$work/text" > "$out/$file"
      if assembles "$out/$file" "$target"; then chosen=$version; break; fi
    done
    if [ -z "$chosen" ]; then cat "$work/messages" >&2; exit 1; fi
    for capability in ${serves//,/ }; do
      if ! assembles "$out/$file" "$capability"; then
        # An architecture that this toolkit does not know yet or no more is not checked.
        grep -q "not defined for option\|Unsupported gpu" "$work/messages" || { cat "$work/messages" >&2; exit 1; }
      fi
    done
    echo "$module $file $target $serves ${chosen/./} $hash" >> "$work/index"
    echo "$file PTX $chosen, $(wc -c < "$out/$file") bytes" >&2
  done
  { echo "# module file from serves ptx-version source-hash"; grep -v '^#' "$work/index" | LC_ALL=C sort; } > "$index"
done
