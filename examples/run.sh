#!/usr/bin/env bash
# Run tap-akeneo with a target, and keep each state that the target prints in state.json:
#
#     bash run.sh target-jsonl --config target.json
#
# The settings of the tap are in config.json, in the file that SECRETS_FILE names, and in variables
# TAP_AKENEO_…; catalog.json may deselect streams. SIGTERM and SIGINT stop the tap. The target then writes what it has read, and its last state
# is kept, too, so the next run continues there. The script waits for both, also as the first process of
# a container, and exits with 0 only if both did.
set -u

tap='' stopped=''
# A signal that comes before the tap has started stops it then.
trap 'stopped=1; [ -z "$tap" ] || kill -TERM "$tap" 2>/dev/null' TERM INT
pipes=$(mktemp -d)
trap 'rm -rf "$pipes"' EXIT
mkfifo "$pipes/messages" "$pipes/states"
# Both ends are open before the programs start, so that none waits for one that was stopped before it
# opened its own. Only the first of these does not wait for the other end.
exec 3<>"$pipes/messages" 4>"$pipes/messages" 5<"$pipes/messages" 3>&-
[ -e state.json ] || echo '{}' >state.json
options=(--config=ENV --state state.json)
[ ! -e config.json ] || options+=(--config config.json)
[ -z "${SECRETS_FILE:-}" ] || options+=(--config "$SECRETS_FILE")
[ ! -e catalog.json ] || options+=(--catalog catalog.json)

keep_states() {
    # A signal to the whole process group must not lose the last state.
    trap '' TERM INT
    while IFS= read -r state; do
        printf '%s\n' "$state" >state.json.new && mv state.json.new state.json
    done
}

tap-akeneo "${options[@]}" >&4 4>&- 5<&- &
tap=$!
[ -z "$stopped" ] || kill -TERM "$tap" 2>/dev/null
# A process group of its own, so that a signal to the whole group does not end the target before the
# tap has written its last state. The target ends when its input does.
set -m
"$@" <&5 4>&- 5<&- >"$pipes/states" &
target=$!
set +m
keep_states <"$pipes/states" 4>&- 5<&- &
keeper=$!
exec 4>&- 5<&-

# A signal also ends `wait`, although the process still runs.
wait_for() {
    local code
    while true; do
        wait "$1"
        code=$?
        kill -0 "$1" 2>/dev/null || return "$code"
    done
}

wait_for "$tap"
tap_code=$?
wait_for "$target"
target_code=$?
wait_for "$keeper"
[ "$tap_code" -ne 0 ] && exit "$tap_code"
exit "$target_code"
