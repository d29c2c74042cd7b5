// A small resolver over zones that a test states in ten lines of master file.
//
// Purpose: Lab answers as a recursive resolver would that knows the lab's zones and nothing else: aliases and DNAMEs
// followed across the zones, wildcards (RFC 4592), NXDOMAIN and NODATA with the SOA of the zone (RFC 2308), RA set.
// Names under no zone do not exist. Zones are read and messages are made by ldns, so the lab shares nothing with the
// program. LabServer serves a Lab on loopback by UDP and TCP. Ownership: a Lab owns its zones; a LabServer borrows its
// Lab. Thread safety: Lab: add zones and failures first, then Respond from any thread. LabServer: its own thread; its
// members may be called from another one. Errors: AddZone says what is wrong; a malformed query gets FORMERR, or
// nothing where it has no header.
#ifndef MXSCAN_TESTS_WORLD_LAB_H_
#define MXSCAN_TESTS_WORLD_LAB_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "io/address.h"
#include "io/unique_fd.h"

namespace mxscan::world {

enum class LabFailure : uint8_t {
  kServFail,
  kRefused,
  kDrop,             // no answer at all
  kTruncate,         // TC over UDP; the whole over TCP
  kTruncateAndDrop,  // TC over UDP; no answer over TCP
};

class Lab {
 public:
  Lab();
  ~Lab();
  Lab(const Lab&) = delete;
  Lab& operator=(const Lab&) = delete;

  // A zone as master file text, its SOA record first; $ORIGIN and $TTL as usual. False, with *error, for bad text.
  bool AddZone(std::string_view text, std::string* error);
  // What becomes of questions for `name` (presentation form); of one type ("MX"), or of every type where it is empty.
  // False: no name or no type.
  bool Fail(std::string_view name, std::string_view type, LabFailure failure);

  // Empty: no answer.
  std::vector<uint8_t> Respond(std::span<const uint8_t> query, bool tcp) const;

 private:
  struct Data;
  std::unique_ptr<Data> data_;
};

class LabServer {
 public:
  explicit LabServer(const Lab& lab);
  ~LabServer();
  LabServer(const LabServer&) = delete;
  LabServer& operator=(const LabServer&) = delete;

  // Binds `address` (of the loopback device) and starts; port 0: any free one. False, with *error, where it cannot.
  bool Start(const Endpoint& endpoint, std::string* error);
  uint16_t port() const { return port_; }
  uint64_t udp_queries() const { return udp_queries_.load(); }
  uint64_t tcp_queries() const { return tcp_queries_.load(); }

 private:
  struct Stream {
    UniqueFd fd;
    std::string in;
  };
  void Run();
  void ServeUdp();
  bool ServeStream(Stream* stream);

  const Lab& lab_;
  uint16_t port_ = 0;
  UniqueFd udp_;
  UniqueFd tcp_;
  UniqueFd stop_;  // an eventfd
  std::vector<Stream> streams_;
  std::atomic<uint64_t> udp_queries_ = 0;
  std::atomic<uint64_t> tcp_queries_ = 0;
  std::thread thread_;
};

}  // namespace mxscan::world

#endif  // MXSCAN_TESTS_WORLD_LAB_H_
