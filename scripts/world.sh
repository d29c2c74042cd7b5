# shellcheck shell=bash
# Starts and stops the synthetic internet (tests/world) on loopback, as a recursive resolver or as the name servers that
# one would ask. To be sourced.

world_pid=
# shellcheck disable=SC2034  # for those who source this
world_address=
world_port=
world_options=()  # of every world

# Waits until the world that was just begun is there.
await_world() {
  local work=$1
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

# start_world BUILD_DIR WORK_DIR SEED SIZE: writes WORK_DIR/names.txt, and sets world_address once the server answers.
start_world() {
  local build=$1 work=$2 seed=$3 size=$4
  # A loopback address of our own, so that nothing else stands at the port.
  world_address=127.$((RANDOM % 200 + 20)).$((RANDOM % 254 + 1)).$((RANDOM % 254 + 1)):5300
  rm -f "$work/world.ready"
  "$build/tests/world/world" --seed "$seed" --size "$size" "${world_options[@]}" serve --listen "$world_address" --list "$work/names.txt" \
    --ready "$work/world.ready" >"$work/world.log" 2>&1 &
  await_world "$work"
}

# start_authorities BUILD_DIR WORK_DIR SEED SIZE OPTION...: the name servers, at every loopback address. Writes
# WORK_DIR/names.txt and WORK_DIR/hints, and sets world_port, for `--lab`, once they answer. OPTIONs go to world serve.
start_authorities() {
  local build=$1 work=$2 seed=$3 size=$4
  shift 4
  world_port=$((20000 + RANDOM % 10000))
  printf '%s\n' '. NS a.root.' 'a.root. 3600 A 127.64.0.1' "b.root. 3600 IN A 127.64.0.2 ; the world's" >"$work/hints"
  rm -f "$work/world.ready"
  "$build/tests/world/world" --seed "$seed" --size "$size" "${world_options[@]}" serve --authoritative --listen "0.0.0.0:$world_port" \
    --list "$work/names.txt" --ready "$work/world.ready" "$@" >"$work/world.log" 2>&1 &
  await_world "$work"
}

stop_world() {
  [ -n "$world_pid" ] || return 0
  kill "$world_pid" 2>/dev/null || true
  wait "$world_pid" 2>/dev/null || true
  world_pid=
}
