// Serves a world on loopback: UDP in batches and TCP, on many addresses, with faults.
//
// Purpose: `world serve`. Each thread has its own sockets on every address (SO_REUSEPORT), its own epoll loop and its
// own generator of faults. Ownership: borrows the World. Thread safety: Serve returns when SIGINT or SIGTERM came and
// all threads ended. Errors: a message on stderr and exit status 1. Units: ports in host order.
#ifndef MXSCAN_TESTS_WORLD_SERVE_H_
#define MXSCAN_TESTS_WORLD_SERVE_H_

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "tests/world/faults.h"
#include "tests/world/world.h"

namespace mxscan::world {

struct ServeOptions {
  std::vector<std::string> listen;  // ADDR:PORT; 0.0.0.0:PORT is every address of the loopback device
  std::vector<std::string> dead;    // addresses that never answer
  MannerShares manners;             // of the zones' own servers
  int threads = 1;
  bool authoritative = false;
  FaultOptions faults;
  std::string late;      // MS:SHARE
  std::string rate_log;  // file for the queries and the highest rate of each address
  std::string ready;     // file that is written once all sockets are open
};

void AddServeOptions(CLI::App* command, ServeOptions* options);
int Serve(const World& world, ServeOptions options);

}  // namespace mxscan::world

#endif  // MXSCAN_TESTS_WORLD_SERVE_H_
