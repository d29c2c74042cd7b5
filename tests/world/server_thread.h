// One thread of the world's server: its sockets, its event loop, its counters.
//
// Ownership: owns its sockets. Thread safety: Run on one thread; the results are read after it ended.
#ifndef MXSCAN_TESTS_WORLD_SERVER_THREAD_H_
#define MXSCAN_TESTS_WORLD_SERVER_THREAD_H_

#include <netinet/in.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <queue>
#include <string>
#include <unordered_map>
#include <vector>

#include "io/address.h"
#include "io/unique_fd.h"
#include "tests/world/faults.h"
#include "tests/world/world.h"

namespace mxscan::world {

struct ServeCounters {
  uint64_t udp_queries = 0, tcp_queries = 0, answers = 0, silent = 0, dead = 0, lame = 0, lost = 0, late = 0,
           duplicates = 0;
  uint64_t servfails = 0, refusals = 0, truncated = 0, forged = 0, send_errors = 0, tcp_connections = 0;
  void Add(const ServeCounters& other);
  std::vector<std::pair<std::string, uint64_t>> List() const;
};

struct ThreadOptions {
  std::vector<Endpoint> listen;
  std::vector<IpAddress> dead;
  MannerShares manners;  // of the zones' own servers
  Role role = Role::kRecursive;
  FaultOptions faults;
  bool log_times = false;
  bool share_ports = false;
};

class ServerThread {
 public:
  ServerThread(const World& world, ThreadOptions options, uint64_t number);
  ~ServerThread();

  bool Open(std::string* error);
  void Run(const std::atomic<bool>* stop);

  const ServeCounters& counters() const { return counters_; }
  // Receive times of queries (UDP: the kernel's), by the address that was asked.
  std::map<IpAddress, std::vector<uint64_t>>& times() { return times_; }

 private:
  static constexpr int kBatch = 64;
  static constexpr size_t kBufferSize = 2048;
  struct Listener {
    Endpoint endpoint;
    bool wildcard = false;
    bool dead = false;
    UniqueFd udp;
    UniqueFd tcp;
    UniqueFd other_address;  // sources of forgeries
    UniqueFd other_port;
  };
  struct Connection {
    UniqueFd fd;
    IpAddress local;
    std::string in;
    std::string out;
  };
  struct Late {
    uint64_t due_ns;
    size_t listener;
    IpAddress source;
    sockaddr_in6 peer;
    socklen_t peer_size;
    std::string answer;
    bool operator>(const Late& other) const { return due_ns > other.due_ns; }
  };
  struct Batch;

  bool OpenListener(const Endpoint& endpoint, std::string* error);
  void ServeUdp(size_t index);
  void Answer(size_t index, int i, Batch* batch);
  void SendForgeries(size_t index, std::span<const uint8_t> query, const Batch& batch, int i);
  void Queue(size_t index, int i, size_t size, Batch* batch);
  void Flush(size_t index, Batch* batch);
  int SendLate();
  void Accept(size_t index);
  void ServeTcp(int fd);
  void TakeTcpQueries(Connection* connection);
  bool IsDead(const IpAddress& address) const;
  void LogTime(const IpAddress& address, uint64_t time_ns);

  const World& world_;
  const ThreadOptions options_;
  Random random_;
  ServeCounters counters_;
  std::map<IpAddress, std::vector<uint64_t>> times_;
  UniqueFd epoll_;
  std::vector<Listener> listeners_;
  std::unordered_map<int, Connection> connections_;
  std::unique_ptr<Batch> batch_;
  std::priority_queue<Late, std::vector<Late>, std::greater<>> late_;
};

}  // namespace mxscan::world

#endif  // MXSCAN_TESTS_WORLD_SERVER_THREAD_H_
