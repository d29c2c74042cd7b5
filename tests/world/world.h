// A synthetic internet with known truth, made from a seed and a size.
//
// Purpose: the world holds no record in memory: every name, address and record is a pure function of (seed, size,
// name), so ten million domains cost nothing but arithmetic. Names carry the number of their domain or provider as
// syllables, addresses carry it as a scrambled block number, and both can be inverted. What a domain does is one of the
// kinds of plan.h, picked by a hash of its number.
//
// It is an independent oracle: nothing of the program's own protocol, classification or output code is used here.
// Ownership: a World is a few hundred octets of constants. Thread safety: immutable; all members may be called from
// many threads. Nothing allocates per answer. Units: TTLs in seconds. Errors: none; what does not exist is answered so.
#ifndef MXSCAN_TESTS_WORLD_WORLD_H_
#define MXSCAN_TESTS_WORLD_WORLD_H_

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "io/address.h"
#include "tests/world/names.h"
#include "tests/world/plan.h"

namespace mxscan::world {

struct Options {
  uint64_t seed = 1;
  uint64_t size = 20000;       // domains, 1 to 10,000,000
  double planted_scale = 1.0;  // factor for the share of every kind that is not ordinary
  double junk_share = 0.0;     // of the list's lines: duplicates, blanks, comments, rejects, other spellings
  // Which groups of questions the survey asks that not every one does: the truth is of these.
  bool bogus = true;
  bool wildcard = false;
  bool validating = true;  // false: answers come from the zones' own servers, and what is bogus is answered as planted
  bool authoritative() const { return !validating; }
  bool every_server = false;  // the servers of some zones disagree, and all of them are asked
};
inline constexpr uint64_t kSizeMax = 10'000'000;

enum class Role : uint8_t { kRecursive, kAuthoritative };

// Types and codes (RFC 1035 3.2, 4.1.1).
inline constexpr uint16_t kTypeA = 1, kTypeNs = 2, kTypeCname = 5, kTypeSoa = 6, kTypePtr = 12, kTypeMx = 15;
inline constexpr uint16_t kTypeAaaa = 28, kTypeDname = 39, kTypeOpt = 41;
enum class Rcode : uint8_t { kNoError = 0, kFormErr = 1, kServFail = 2, kNxDomain = 3, kNotImp = 4, kRefused = 5 };
// Any answer section of the world fits these.
inline constexpr int kMxMax = 16, kAddressesMax = 8, kPtrMax = 32, kLinksMax = 16;

// What one name holds, as far as one type is concerned. Uninitialised but for what Find sets.
struct Node {
  Rcode rcode;
  bool silent;     // no answer at all
  bool truncated;  // TC over UDP, no answer over TCP
  bool alias;      // a CNAME (or a DNAME above) leads to `target`
  bool dname;
  bool coexists;          // data beside the alias
  bool bogus;             // a resolver that validates answers SERVFAIL, unless CD is set
  int8_t extended_error;  // of the SERVFAIL; -1: none
  uint8_t dname_offset;   // of the DNAME's owner in the name asked
  uint8_t zone_offset;    // of the zone's apex in the name asked
  uint8_t count;          // records of the type asked
  bool record_twice;      // the answer holds the first of them twice
  uint32_t ttl;
  uint32_t last_ttl;  // of the last record
  WireName target;
  WireName dname_target;
  std::array<uint16_t, kMxMax> preferences;
  std::array<WireName, kPtrMax> names;                           // exchanges or PTR names
  std::array<std::array<uint8_t, 16>, kAddressesMax> addresses;  // 4 or 16 octets used
};

// A line of the list.
enum class LineKind : uint8_t { kDomain, kDuplicate, kBlank, kComment, kReject };
struct ListLine {
  LineKind kind = LineKind::kDomain;
  uint64_t index = 0;       // of the domain, where there is one
  std::string text;         // without the line's end
  std::string token;        // what is read from it: the text without surrounding space
  std::string_view reason;  // of a reject
};

class Reply;

class World {
 public:
  explicit World(const Options& options);

  const Options& options() const { return options_; }
  uint64_t size() const { return options_.size; }

  // --- names
  std::string DomainName(uint64_t i) const;  // presentation text, no trailing dot
  void DomainWire(uint64_t i, WireName* name) const;
  bool DomainIndex(std::string_view wire, uint64_t* i) const;  // the name is a domain of the list
  // The domain below or at whose registrable label the name stands; false where there is none.
  bool OwnerIndex(std::string_view wire, uint64_t* i) const;
  const Plan& PlanOf(uint64_t i) const;
  uint64_t ProviderOf(uint64_t i) const;
  uint64_t provider_count() const { return provider_count_; }

  // --- the list
  uint64_t LineCount() const;
  ListLine Line(uint64_t number) const;      // 1 to LineCount()
  uint64_t LineNumber(uint64_t i) const;     // where domain i stands
  std::string InputToken(uint64_t i) const;  // how it is spelt there

  // --- records
  // `wire` in lower case. The node describes `wire` itself; aliases are not followed.
  void Find(std::string_view wire, uint16_t type, Node* node) const;

  // Which planted thing an address is: index into Specials(), or -1.
  static int SpecialOf(const IpAddress& address);
  // How the reverse name of an address was planted; false where no host of the world has it.
  bool ReverseOf(const IpAddress& address, Reverse* reverse) const;
  // Whether the address belongs to the domain's own hosts alone.
  bool IsOwnAddress(const IpAddress& address, uint64_t i) const;

  // --- the wire
  // The answer to `query` in `out`; its size, or 0 for silence. `server` is the address asked (Role::kAuthoritative).
  size_t Respond(std::span<const uint8_t> query, bool tcp, Role role, const IpAddress& server, uint8_t* out,
                 size_t capacity) const;

  // --- authoritative servers
  static constexpr int kServersPerZone = 2;
  // A zone of the world: the tail of `wire` that begins at `apex_offset`.
  struct Zone {
    uint8_t apex_offset = 0;
    uint32_t key = 0;  // decides the addresses of its servers
  };
  // From the root down to the zone that holds the name; at most four.
  int ZonesOf(std::string_view wire, std::array<Zone, 4>* zones) const;
  static IpAddress ServerAddress(const Zone& zone, int server);
  static std::vector<IpAddress> RootServers();  // all servers lie in 127.64.0.0/10

 private:
  struct Place;
  struct Provider;
  struct Slot {  // whose address it is
    bool provider = false;
    uint64_t index = 0;
    int block = 0;
    int number = 0;
  };

  size_t RespondAuthoritative(std::string_view name, uint16_t type, const IpAddress& server, bool tcp,
                              Reply* reply) const;
  size_t RespondRecursive(std::string_view name, uint16_t type, bool tcp, bool checking_disabled, Reply* reply) const;
  // What the second server of a zone says otherwise. True: the reply is complete; *silent where there is none.
  bool RespondSecond(std::string_view name, const Zone& zone, bool* silent, Reply* reply) const;
  bool RespondZoneData(std::string_view name, uint16_t type, const Zone& zone, Reply* reply) const;

  bool Locate(std::string_view wire, Place* place) const;
  size_t PickSuffix(uint64_t hash) const;
  void AddDomainApex(uint64_t i, const Plan& plan, WireName* name) const;
  void AddProvider(uint64_t p, WireName* name) const;
  Provider ProviderFacts(uint64_t p) const;

  void FindUnderDomain(std::string_view wire, const Place& place, uint16_t type, Node* node) const;
  void FindDomain(std::string_view wire, uint64_t i, const Plan& plan, uint8_t zone_offset, uint16_t type,
                  Node* node) const;
  void FindHost(std::string_view wire, uint64_t i, const Host& host, int index, std::string_view domain, uint16_t type,
                Node* node) const;
  void FindHostAlias(std::string_view wire, uint64_t i, const Host& host, std::string_view domain, Node* node) const;
  void FindUnderProvider(std::string_view wire, const Place& place, uint16_t type, Node* node) const;
  bool FindPtrTarget(std::string_view label, bool provider, uint64_t index, std::string_view apex, uint16_t type,
                     Node* node) const;
  void FindReverse(std::string_view wire, const Labels& labels, uint16_t type, Node* node) const;
  void FillReverse(const Slot& slot, const IpAddress& address, Node* node) const;
  bool SlotHost(const Slot& slot, int family, WireName* host, WireName* apex, Reverse* reverse) const;
  void FillNames(Reverse reverse, const Slot& slot, const IpAddress& address, const WireName& host,
                 const WireName& apex, Node* node) const;
  void FillMx(uint64_t i, const Plan& plan, std::string_view domain, Node* node) const;
  void FillWildcard(uint64_t i, const Plan& plan, std::string_view domain, uint16_t type, Node* node) const;
  void FillProviderMx(uint64_t p, Node* node) const;
  void FillExchange(uint64_t i, const Plan& plan, const MxSpec& spec, std::string_view domain, WireName* name) const;
  void FillFamily(const Family& family, uint16_t type, bool provider, uint64_t index, int block, int first,
                  Node* node) const;

  uint64_t BlockNumber(bool provider, uint64_t index, int block) const;
  void FillAddress(uint16_t type, const Slot& slot, uint8_t* octets) const;
  bool DecodeAddress(const IpAddress& address, Slot* slot) const;

  std::string JunkText(uint64_t junk, ListLine* line) const;

  Options options_;
  uint64_t provider_count_;
  double provider_log2_;
  uint64_t junk_period_;  // one junk line after as many domains; 0: none
  AffineMap labels_;
  AffineMap provider_labels_;
  AffineMap blocks_;
  Permutation order_;
  std::span<const Plan> plans_;
  std::vector<uint32_t> kind_limits_;  // cumulative shares in ppm
  std::vector<uint16_t> kind_starts_;  // first kind that may hold a ppm, by steps
};

// d.c.b.a.in-addr.arpa, or nibbles under ip6.arpa.
void ReverseName(const IpAddress& address, WireName* name);
bool IsGeneric(Reverse reverse);

// The public suffixes that domains stand under, as text; some are made up.
std::span<const std::string_view> Suffixes();

}  // namespace mxscan::world

#endif  // MXSCAN_TESTS_WORLD_WORLD_H_
