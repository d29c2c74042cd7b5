// A replay scenario: scripted servers, and the questions and answers that a resolver must give.
//
// Purpose: reads the format that Unbound and Deckard share, as far as a resolver's conclusions need it. Comments begin
// with ";". Ownership: values. Thread safety: any. Errors: ParseScenario says what it cannot use, and why.
#ifndef MXSCAN_TESTS_REPLAY_SCENARIO_H_
#define MXSCAN_TESTS_REPLAY_SCENARIO_H_

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "io/address.h"

namespace mxscan::replay {

struct Record {
  std::string owner;  // wire form, lower case
  uint16_t type = 0;
  std::string wire;   // the whole record, uncompressed
  std::string rdata;  // lower case where it is a name; addresses and others as they are
};

struct Entry {
  bool match_qname = false, match_qtype = false, match_subdomain = false, match_tcp = false, match_udp = false;
  bool copy_query = false, no_answer = false;
  bool has_match = false;  // the entry says what of it is to be compared
  uint16_t flags = 0;      // of the header: QR, AA, TC, RD, RA, AD, CD and the rcode
  std::string qname;       // wire form
  uint16_t qtype = 0;
  std::array<std::vector<Record>, 3> sections;  // answer, authority, additional
};

struct Range {
  int first = 0;
  int last = 0;
  std::vector<IpAddress> addresses;  // none: any
  std::vector<Entry> entries;
};

enum class StepKind : uint8_t { kQuery, kCheckAnswer, kReply, kTimePasses, kTimeout, kOther };

struct Step {
  int number = 0;
  StepKind kind = StepKind::kOther;
  int64_t seconds = 0;  // kTimePasses
  Entry entry;
};

// A zone whose servers are configured.
struct Stub {
  std::string zone;  // text
  std::vector<IpAddress> servers;
  bool first = false;  // and whose delegation is followed where they fail
};

struct Scenario {
  std::vector<IpAddress> roots;
  std::vector<Stub> stubs;
  bool minimise = false;
  uint32_t ttl_min_s = 0, ttl_max_s = 0;  // of answers; 0: not stated
  std::string nat64_prefix;               // empty: no NAT64
  std::vector<Range> ranges;
  std::vector<Step> steps;
};

// False where the text is no scenario that can be replayed; *why says so.
bool ParseScenario(const std::string& text, Scenario* scenario, std::string* why);

}  // namespace mxscan::replay

#endif  // MXSCAN_TESTS_REPLAY_SCENARIO_H_
