# shellcheck shell=bash
# Starts and stops the synthetic internet (tests/world) as a recursive resolver on loopback. To be sourced.

world_pid=
# shellcheck disable=SC2034  # for those who source this
world_address=

# start_world BUILD_DIR WORK_DIR SEED SIZE: writes WORK_DIR/names.txt, and sets world_address once the server answers.
start_world() {
  local build=$1 work=$2 seed=$3 size=$4
  # A loopback address of our own, so that nothing else stands at the port.
  world_address=127.$((RANDOM % 200 + 20)).$((RANDOM % 254 + 1)).$((RANDOM % 254 + 1)):5300
  "$build/tests/world/world" --seed "$seed" --size "$size" serve --listen "$world_address" --list "$work/names.txt" \
    --ready "$work/world.ready" >"$work/world.log" 2>&1 &
  world_pid=$!
  until [ -s "$work/world.ready" ]; do
    if ! kill -0 "$world_pid" 2>/dev/null; then
      cat "$work/world.log" >&2
      printf 'the synthetic internet did not start\n' >&2
      return 70
    fi
    sleep 0.05
  done
}

stop_world() {
  [ -n "$world_pid" ] || return 0
  kill "$world_pid" 2>/dev/null || true
  wait "$world_pid" 2>/dev/null || true
  world_pid=
}
