// A small resolver, or server, over zones that a test states in ten lines of master file.
//
// Purpose: Lab answers as a recursive resolver would that knows the lab's zones and nothing else: aliases and DNAMEs
// followed across the zones, wildcards (RFC 4592), NXDOMAIN and NODATA with the SOA of the zone (RFC 2308), RA set.
// Names under no zone do not exist, but the root does. Zones are read and messages are made by ldns, so the lab shares
// nothing with the program. LabServer serves a Lab on loopback by UDP and TCP. Ownership: a Lab owns its zones; a
// LabServer borrows its Lab. Thread safety: Lab: add zones and failures first, then Respond from any thread. LabServer:
// its own thread; its members may be called from another one. Errors: AddZone says what is wrong; a malformed query
// gets FORMERR, or nothing where it has no header.
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
  kNxDomain,         // NXDOMAIN, whatever the zone holds
  kNotImp,           // an rcode that is none of the usual ones
  kData,             // the name's own records, though it is an alias
  kAliasAndData,     // the alias and the name's own records in one answer
  kServFailNoCd,     // SERVFAIL, but what the zone holds where CD is set (RFC 4035 3.2.2)
  kBogus,            // as kServFailNoCd, and the SERVFAIL says so: Extended DNS Error 6 (RFC 8914)
  kBogusAlways,      // the same with CD
  kUnreachable,      // SERVFAIL with Extended DNS Error 22
  kServFailCdDrop,   // SERVFAIL, and no answer at all where CD is set
  kCached,           // what the zone holds, as out of a resolver's cache: RA without AA
  kLame,             // a referral to the root, as of a server that does not serve the zone (RFC 1912 2.8)
};

// How a lab puts what it says. None of it changes what an answer means.
enum class LabEdns : uint8_t {
  kSpoken,
  kIgnored,  // no OPT record in answers, and 512 octets
  kRefused,  // FORMERR to queries with an OPT record
};
struct LabStyle {
  uint64_t seed = 1;
  bool shuffle = false;                    // the records of each section in another order
  bool recase = false;                     // the letters of names outside the question in random case
  bool noise = false;                      // unrelated records in every section, wrong addresses in the additional one
  bool noise_in_negative_answers = false;  // and an answer section that is about something else where there was none
  bool truncate = false;                   // TC in every answer over UDP
  bool authoritative = false;              // AA and no RA: as the zones' own server
  LabEdns edns = LabEdns::kSpoken;
  int jitter_ms = 0;  // each answer over UDP is late by less than this, so that they come in any order
  int late_type = 0;  // answers of this type come after all others that are due with them
  double loss = 0;    // share of UDP queries without an answer, drawn from the query and the seed
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
  // A name that begins with the label `*` stands for all right under its parent that no zone holds and no failure
  // names. False: no name or no type.
  bool Fail(std::string_view name, std::string_view type, LabFailure failure);

  // Before the first Respond.
  void SetStyle(const LabStyle& style) { style_ = style; }

  // Empty: no answer.
  std::vector<uint8_t> Respond(std::span<const uint8_t> query, bool tcp) const;
  // How late the answer over UDP is to be.
  int DelayMs(std::span<const uint8_t> query) const;

 private:
  struct Data;
  std::unique_ptr<Data> data_;
  LabStyle style_;
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
  struct Late;  // an answer that waits for its time
  void Run();
  void ServeUdp();
  int SendDue();  // milliseconds until the next is due; -1: none waits
  bool ServeStream(Stream* stream);

  const Lab& lab_;
  uint16_t port_ = 0;
  UniqueFd udp_;
  UniqueFd tcp_;
  UniqueFd stop_;  // an eventfd
  std::vector<Stream> streams_;
  std::vector<Late> late_;
  std::atomic<uint64_t> udp_queries_ = 0;
  std::atomic<uint64_t> tcp_queries_ = 0;
  std::thread thread_;
};

}  // namespace mxscan::world

#endif  // MXSCAN_TESTS_WORLD_LAB_H_
