// What a scan is asked to do: the command line as values.
//
// Purpose: the one struct between the command line and the run. Units last in names. Thread safety: a plain value.
#ifndef MXSCAN_SCANNER_RUN_SCAN_OPTIONS_H_
#define MXSCAN_SCANNER_RUN_SCAN_OPTIONS_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "io/address.h"
#include "io/prefix_set.h"
#include "io/transport_factory.h"
#include "output/codec.h"
#include "output/run_info.h"
#include "scanner/input/list_format.h"
#include "scanner/limits.h"
#include "scanner/resolve/blocklist.h"
#include "scanner/resolve/delegations.h"
#include "scanner/resolve/root_hints.h"
#include "scanner/survey/survey.h"

namespace mxscan {

inline constexpr double kRateDefault = 10'000;       // packets a second in all
inline constexpr double kServerRateDefault = 1'000;  // a second and recursive resolver
inline constexpr double kAuthorityRateDefault = 50;  // a second and authoritative server
inline constexpr int kAuthorityInflightDefault = 50;

// Instead of resolvers, on the command line and in run.json's options: from the root down.
inline constexpr char kResolverOption[] = "resolver";
inline constexpr char kIterative[] = "iterative";
inline constexpr char kEveryServerOption[] = "all-servers";

struct ScanOptions {
  std::vector<std::string> inputs;
  std::string output;
  ListOptions list;
  std::vector<Endpoint> servers;  // recursive resolvers; none where `iterative`
  bool iterative = false;         // ask the authoritative servers, from these down:
  std::vector<RootHint> root_hints;
  bool lab = false;  // servers may stand at special addresses
  uint16_t authority_port = 53;
  bool minimise = false;                    // QNAME minimisation
  bool every_server = false;                // of a zone is asked for the MX set
  std::vector<GivenZone> zones;             // of iterative resolution: their parents are not asked for their servers
  std::optional<IpPrefix> nat64;            // of the translator by which IPv4 is reached; none: it is reached itself
  double rate = kRateDefault;               // 0: no limit
  double server_rate = kServerRateDefault;  // 0: no limit
  int server_inflight = 0;                  // 0: no limit but `inflight`
  double prefix_rate = 0;                   // of the servers of one prefix together, where `iterative`; 0: no limit
  int prefix_inflight = 0;                  // the same
  int burst = 0;                            // packets at once where there is a rate; 0: a hundredth of it
  size_t inflight = kInflightDefault;
  int tries = kTriesDefault;
  TimeNs timeout_ns = kTimeoutDefaultNs;
  int threads = 0;  // 0: by the rate and the machine
  IoChoice io = IoChoice::kAuto;
  TransportOptions transport;
  IpAddress source_v4, source_v6;
  bool trust_resolvers = false;  // ask no control names: for laboratories whose resolvers answer everything
  LookupGroups lookups;
  uint64_t seed = 0;
  uint64_t domains_max = 0;  // 0: all
  size_t shuffle = 0;        // names that are mixed at a time; 0: none
  uint64_t memory_bytes = kMemoryDefaultBytes;
  Compression compression = Compression::kZstd;
  std::vector<std::string> blocklist_files;    // read again on SIGHUP
  std::shared_ptr<const Blocklist> blocklist;  // what they held at first; null: none
  std::string user;  // that a scan started by root becomes; empty: the directory's owner, see io/privileges.h
  TimeNs checkpoint_interval_ns = kCheckpointIntervalNs;
  bool quiet = false;
  bool dry_run = false;
  std::optional<RunInfo> resumed;  // the record of the run to go on with; none: a new one
  // As given and as defaulted, for run.json, in the order of the documentation; one entry an item where there may be
  // several, so that nobody needs to take a value apart.
  std::vector<std::pair<std::string, std::string>> described;
};

// How many workers a scan gets: one core carries far more than a polite rate, and two of them need messages. Never so
// many that a worker's share of a limit were less than an attempt, for then all of them together would exceed it.
int WorkersFor(const ScanOptions& options, int cores);

}  // namespace mxscan

#endif  // MXSCAN_SCANNER_RUN_SCAN_OPTIONS_H_
