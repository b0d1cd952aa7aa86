#!/usr/bin/env bash
# Meltano 4.4.1: `state merge` of an object onto a null or a number succeeds, and then the state cannot be read.
#
# The merge is stored beside the state and only applied when the state is read. So the command that is
# wrong exits with 0, and every later `state get` and `run` fails with a TypeError. A tap whose state has
# a null where a later state has an object can get there without anybody merging by hand, because Meltano
# also merges the states of some runs, such as those with `--full-refresh`.
#
# Output seen:
#   null: merge 0, get 1, TypeError: 'NoneType' object does not support item assignment
#   1: merge 0, get 1, TypeError: 'int' object does not support item assignment
#   {}: merge 0, get 0, {"singer_state":{"left":{"after":"a"}}}
#
# Exits with 1 if Meltano does something else.
set -euo pipefail
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
cd "$home"
"${PYTHON:-python3}" -m venv venv
venv/bin/python -m pip install -qq --disable-pip-version-check meltano==4.4.1
export MELTANO_CLI_DISABLE_VERSION_CHECK=true MELTANO_SEND_ANONYMOUS_USAGE_STATS=false
mkdir project
cd project
echo 'default_environment: null' >meltano.yml
meltano() { ../venv/bin/meltano --log-level=error "$@"; }
for left in null 1 {}; do
    meltano state set --force "from-$left" "{\"singer_state\": {\"left\": $left}}" >log 2>&1 || { cat log; exit 1; }
    merged=0 got=0
    meltano state merge "from-$left" '{"singer_state": {"left": {"after": "a"}}}' >log 2>&1 || merged=$?
    meltano state get "from-$left" >log 2>&1 || got=$?
    echo "$left: merge $merged, get $got, $(grep -E '^(TypeError|\{)' log || tail -n 3 log)"
done | tee output
diff output - <<'SEEN'
null: merge 0, get 1, TypeError: 'NoneType' object does not support item assignment
1: merge 0, get 1, TypeError: 'int' object does not support item assignment
{}: merge 0, get 0, {"singer_state":{"left":{"after":"a"}}}
SEEN
