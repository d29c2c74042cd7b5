#include "tests/world/lab.h"

#include <algorithm>
#include <cstdio>
#include <map>
#include <optional>
#include <random>
#include <set>

#include "io/check.h"

// Last, and without its macros for C's missing keywords.
#include <ldns/ldns.h>
#undef true
#undef false

namespace mxscan::world {

namespace {

constexpr size_t kUdpSizeDefault = 512;
constexpr uint16_t kOwnUdpSize = 1232;
constexpr size_t kHeaderSize = 12;
constexpr int kLinksMax = 64;
constexpr int kLateMs = 20;
constexpr uint8_t kDnssecBogus = 6;  // RFC 8914 4.7
constexpr uint8_t kNoReachableAuthority = 22;

struct FreeZone {
  void operator()(ldns_zone* zone) const { ldns_zone_deep_free(zone); }
};
struct FreePacket {
  void operator()(ldns_pkt* packet) const { ldns_pkt_free(packet); }
};
struct FreeRdf {
  void operator()(ldns_rdf* rdf) const { ldns_rdf_deep_free(rdf); }
};
struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using Packet = std::unique_ptr<ldns_pkt, FreePacket>;
using Rdf = std::unique_ptr<ldns_rdf, FreeRdf>;

// A name as the key of a map: wire form, lower case.
std::string KeyOf(const ldns_rdf* name) {
  std::string key(reinterpret_cast<const char*>(ldns_rdf_data(name)), ldns_rdf_size(name));
  // No length octet of a label is a letter: 65 and more are no length.
  for (char& c : key) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  }
  return key;
}

std::string Parent(const std::string& key) {
  return key.size() <= 1 ? key : key.substr(1U + static_cast<uint8_t>(key[0]));
}

bool IsUnder(const std::string& key, const std::string& ancestor) {
  for (std::string name = key;; name = Parent(name)) {
    if (name == ancestor) return true;
    if (name.size() <= 1) return false;
  }
}

Rdf NameRdf(const std::string& key) { return Rdf(ldns_rdf_new_frm_data(LDNS_RDF_TYPE_DNAME, key.size(), key.data())); }

ldns_rr* MakeCname(const std::string& owner, const std::string& target, uint32_t ttl) {
  ldns_rr* rr = ldns_rr_new();
  ldns_rr_set_owner(rr, NameRdf(owner).release());
  ldns_rr_set_type(rr, LDNS_RR_TYPE_CNAME);
  ldns_rr_set_class(rr, LDNS_RR_CLASS_IN);
  ldns_rr_set_ttl(rr, ttl);
  ldns_rr_push_rdf(rr, NameRdf(target).release());
  return rr;
}

}  // namespace

struct Lab::Data {
  using Records = std::vector<const ldns_rr*>;
  std::vector<std::unique_ptr<ldns_zone, FreeZone>> zones;
  std::map<std::string, const ldns_rr*> apexes;                // SOA records
  std::map<std::string, Records> names;                        // every name that exists, empty non-terminals among them
  std::map<std::pair<std::string, int>, LabFailure> failures;  // type 0: every type

  const ldns_rr* SoaOf(const std::string& name) const {
    for (std::string zone = name;; zone = Parent(zone)) {
      const auto found = apexes.find(zone);
      if (found != apexes.end()) return found->second;
      if (zone.size() <= 1) return nullptr;
    }
  }
  const LabFailure* FailureOf(const std::string& name, int type) const {
    for (const int key : {type, 0}) {
      const auto found = failures.find({name, key});
      if (found != failures.end()) return &found->second;
    }
    if (names.contains(name) || failures.empty()) return nullptr;
    for (const int key : {type, 0}) {
      const auto found = failures.find({std::string("\1*", 2) + Parent(name), key});
      if (found != failures.end()) return &found->second;
    }
    return nullptr;
  }
  // The records at a name, or of the wildcard that covers it (RFC 4592 3.3.1). Null: it does not exist.
  const Records* RecordsAt(const std::string& name) const {
    const auto found = names.find(name);
    if (found != names.end()) return &found->second;
    for (std::string encloser = Parent(name);; encloser = Parent(encloser)) {
      if (names.contains(encloser)) {
        const auto wildcard = names.find(std::string("\1*", 2) + encloser);
        return wildcard == names.end() ? nullptr : &wildcard->second;
      }
      if (encloser.size() <= 1) return nullptr;
    }
  }
  // The DNAME above a name, if any.
  const ldns_rr* DnameAbove(const std::string& name) const {
    for (std::string owner = Parent(name);; owner = Parent(owner)) {
      const auto found = names.find(owner);
      if (found != names.end()) {
        for (const ldns_rr* rr : found->second) {
          if (ldns_rr_get_type(rr) == LDNS_RR_TYPE_DNAME) return rr;
        }
      }
      if (owner.size() <= 1) return nullptr;
    }
  }

  ldns_pkt_rcode Resolve(std::string name, int type, bool checking_disabled, ldns_pkt* reply) const;
  bool FollowLink(std::string* name, int type, ldns_pkt* reply) const;
  bool AddOwnRecords(const std::string& name, int type, ldns_pkt* reply) const;
};

Lab::Lab() : data_(std::make_unique<Data>()) {}
Lab::~Lab() = default;

bool Lab::AddZone(std::string_view text, std::string* error) {
  std::string copy(text);
  const std::unique_ptr<std::FILE, CloseFile> file(fmemopen(copy.data(), copy.size(), "r"));
  MXSCAN_CHECK(file != nullptr);
  ldns_zone* parsed = nullptr;
  int line = 0;
  const ldns_status status = ldns_zone_new_frm_fp_l(&parsed, file.get(), nullptr, 3600, LDNS_RR_CLASS_IN, &line);
  if (status != LDNS_STATUS_OK) {
    *error = "line " + std::to_string(line) + ": " + ldns_get_errorstr_by_id(status);
    return false;
  }
  std::unique_ptr<ldns_zone, FreeZone> zone(parsed);
  const ldns_rr* soa = ldns_zone_soa(parsed);
  if (soa == nullptr) {
    *error = "no SOA record";
    return false;
  }
  const std::string apex = KeyOf(ldns_rr_owner(soa));
  data_->apexes[apex] = soa;
  data_->names[apex].push_back(soa);
  const ldns_rr_list* records = ldns_zone_rrs(parsed);
  for (size_t i = 0; i < ldns_rr_list_rr_count(records); ++i) {
    const ldns_rr* rr = ldns_rr_list_rr(records, i);
    const std::string owner = KeyOf(ldns_rr_owner(rr));
    if (!IsUnder(owner, apex)) {
      *error = "a record outside of the zone";
      return false;
    }
    data_->names[owner].push_back(rr);
    for (std::string above = owner; above != apex; above = Parent(above)) data_->names[above];
  }
  data_->zones.push_back(std::move(zone));
  return true;
}

bool Lab::Fail(std::string_view name, std::string_view type, LabFailure failure) {
  const Rdf rdf(ldns_dname_new_frm_str(std::string(name).c_str()));
  const int number = type.empty() ? 0 : static_cast<int>(ldns_get_rr_type_by_name(std::string(type).c_str()));
  if (rdf == nullptr || (!type.empty() && number == 0)) return false;
  data_->failures[{KeyOf(rdf.get()), number}] = failure;
  return true;
}

// Adds the alias at `*name`, if there is one, and goes to its target.
bool Lab::Data::FollowLink(std::string* name, int type, ldns_pkt* reply) const {
  const auto exact = names.find(*name);
  const ldns_rr* dname = exact == names.end() ? DnameAbove(*name) : nullptr;
  if (dname != nullptr) {
    const std::string owner = KeyOf(ldns_rr_owner(dname));
    const std::string target = name->substr(0, name->size() - owner.size()) + KeyOf(ldns_rr_rdf(dname, 0));
    if (target.size() > LDNS_MAX_DOMAINLEN) return false;
    ldns_pkt_push_rr(reply, LDNS_SECTION_ANSWER, ldns_rr_clone(dname));
    ldns_pkt_push_rr(reply, LDNS_SECTION_ANSWER, MakeCname(*name, target, ldns_rr_ttl(dname)));
    *name = target;
    return true;
  }
  const Records* records = RecordsAt(*name);
  if (records == nullptr || type == LDNS_RR_TYPE_CNAME) return false;
  for (const ldns_rr* rr : *records) {
    if (ldns_rr_get_type(rr) != LDNS_RR_TYPE_CNAME) continue;
    const std::string target = KeyOf(ldns_rr_rdf(rr, 0));
    ldns_pkt_push_rr(reply, LDNS_SECTION_ANSWER, MakeCname(*name, target, ldns_rr_ttl(rr)));
    *name = target;
    return true;
  }
  return false;
}

// What a scripted failure means where an alias leads to the name: the rcode of the whole answer.
std::optional<ldns_pkt_rcode> RcodeAtTarget(LabFailure failure, bool checking_disabled) {
  switch (failure) {
    case LabFailure::kRefused:
      return LDNS_RCODE_REFUSED;
    case LabFailure::kNxDomain:
      return LDNS_RCODE_NXDOMAIN;
    case LabFailure::kData:
    case LabFailure::kAliasAndData:
    case LabFailure::kCached:
      return std::nullopt;
    case LabFailure::kServFailNoCd:
    case LabFailure::kBogus:
      if (checking_disabled) return std::nullopt;
      return LDNS_RCODE_SERVFAIL;
    default:
      return LDNS_RCODE_SERVFAIL;
  }
}

// True: there were some.
bool Lab::Data::AddOwnRecords(const std::string& name, int type, ldns_pkt* reply) const {
  const Records* records = RecordsAt(name);
  bool found = false;
  if (records == nullptr) return false;
  for (const ldns_rr* rr : *records) {
    if (ldns_rr_get_type(rr) != static_cast<ldns_rr_type>(type)) continue;
    ldns_rr* copy = ldns_rr_clone(rr);
    ldns_rdf_deep_free(ldns_rr_owner(copy));
    ldns_rr_set_owner(copy, NameRdf(name).release());  // a wildcard's records stand at the name asked
    ldns_pkt_push_rr(reply, LDNS_SECTION_ANSWER, copy);
    found = true;
  }
  return found;
}

ldns_pkt_rcode Lab::Data::Resolve(std::string name, int type, bool checking_disabled, ldns_pkt* reply) const {
  const LabFailure* own = FailureOf(name, type);
  const bool alias_ignored = own != nullptr && *own == LabFailure::kData;
  if (own != nullptr && *own == LabFailure::kAliasAndData) AddOwnRecords(name, type, reply);
  std::set<std::string> seen = {name};
  for (int links = 0; !alias_ignored && links < kLinksMax && FollowLink(&name, type, reply); ++links) {
    if (!seen.insert(name).second) return LDNS_RCODE_NOERROR;  // once round the loop
    const LabFailure* failure = FailureOf(name, type);
    if (failure == nullptr) continue;
    const std::optional<ldns_pkt_rcode> rcode = RcodeAtTarget(*failure, checking_disabled);
    if (rcode.has_value()) return *rcode;
  }
  const bool found = AddOwnRecords(name, type, reply);
  const ldns_rr* soa = SoaOf(name);
  if (!found && soa != nullptr) ldns_pkt_push_rr(reply, LDNS_SECTION_AUTHORITY, ldns_rr_clone(soa));
  return RecordsAt(name) == nullptr && name.size() > 1 ? LDNS_RCODE_NXDOMAIN : LDNS_RCODE_NOERROR;
}

namespace {

uint64_t Mix(uint64_t value) {  // the finaliser of splitmix64
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
  value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
  return value ^ (value >> 31);
}

uint64_t SeedOf(std::span<const uint8_t> query, uint64_t seed) {
  uint64_t hash = Mix(seed + 0x9e3779b97f4a7c15);
  for (const uint8_t octet : query) hash = Mix(hash ^ octet) + 0x9e3779b97f4a7c15;
  return hash;
}

Packet BeginReply(const ldns_pkt* query, const LabStyle& style) {
  Packet reply(ldns_pkt_new());
  ldns_pkt_set_id(reply.get(), ldns_pkt_id(query));
  ldns_pkt_set_qr(reply.get(), 1);
  ldns_pkt_set_rd(reply.get(), ldns_pkt_rd(query));
  ldns_pkt_set_cd(reply.get(), ldns_pkt_cd(query));
  ldns_pkt_set_ra(reply.get(), style.authoritative ? 0 : 1);
  ldns_pkt_set_aa(reply.get(), style.authoritative ? 1 : 0);
  const ldns_rr_list* questions = ldns_pkt_question(query);
  for (size_t i = 0; i < ldns_rr_list_rr_count(questions); ++i) {
    ldns_pkt_push_rr(reply.get(), LDNS_SECTION_QUESTION, ldns_rr_clone(ldns_rr_list_rr(questions, i)));
  }
  if (ldns_pkt_edns(query) && style.edns == LabEdns::kSpoken) ldns_pkt_set_edns_udp_size(reply.get(), kOwnUdpSize);
  return reply;
}

std::vector<uint8_t> ToWire(const ldns_pkt* packet) {
  uint8_t* octets = nullptr;
  size_t size = 0;
  MXSCAN_CHECK(ldns_pkt2wire(&octets, packet, &size) == LDNS_STATUS_OK);
  std::vector<uint8_t> message(octets, octets + size);
  LDNS_FREE(octets);
  return message;
}

std::vector<uint8_t> Empty(const ldns_pkt* query, const LabStyle& style, ldns_pkt_rcode rcode, bool truncated) {
  const Packet reply = BeginReply(query, style);
  ldns_pkt_set_rcode(reply.get(), static_cast<uint8_t>(rcode));
  ldns_pkt_set_tc(reply.get(), truncated ? 1 : 0);
  return ToWire(reply.get());
}

// SERVFAIL that says why, where the query can be told.
std::vector<uint8_t> ServFailWhy(const ldns_pkt* query, const LabStyle& style, uint8_t info_code) {
  const uint8_t option[] = {0, 15, 0, 2, 0, info_code};  // code, length, info code
  const Packet reply = BeginReply(query, style);
  ldns_pkt_set_rcode(reply.get(), LDNS_RCODE_SERVFAIL);
  if (ldns_pkt_edns(query) && style.edns == LabEdns::kSpoken) {
    ldns_pkt_set_edns_data(reply.get(), ldns_rdf_new_frm_data(LDNS_RDF_TYPE_NONE, sizeof(option), option));
  }
  return ToWire(reply.get());
}

std::vector<uint8_t> ReferUpward(const ldns_pkt* query, const LabStyle& style) {
  const Packet reply = BeginReply(query, style);
  ldns_pkt_set_aa(reply.get(), 0);
  ldns_rr* rr = nullptr;
  MXSCAN_CHECK(ldns_rr_new_frm_str(&rr, ". NS ns.names-of-servers.net.", 60, nullptr, nullptr) == LDNS_STATUS_OK);
  ldns_pkt_push_rr(reply.get(), LDNS_SECTION_AUTHORITY, rr);
  return ToWire(reply.get());
}

std::vector<uint8_t> FormErr(std::span<const uint8_t> query) {
  std::vector<uint8_t> refusal(query.begin(), query.begin() + kHeaderSize);
  refusal[2] = static_cast<uint8_t>(0x80 | (query[2] & 0x01));
  refusal[3] = 0x80 | LDNS_RCODE_FORMERR;
  std::fill(refusal.begin() + 4, refusal.end(), uint8_t{0});
  return refusal;
}

// An answer that a scripted failure gives by itself; nullopt where the zones have a say.
std::optional<std::vector<uint8_t>> FailedAnswer(const ldns_pkt* query, const LabStyle& style, LabFailure failure,
                                                 bool tcp) {
  switch (failure) {
    case LabFailure::kServFail:
      return Empty(query, style, LDNS_RCODE_SERVFAIL, false);
    case LabFailure::kRefused:
      return Empty(query, style, LDNS_RCODE_REFUSED, false);
    case LabFailure::kNxDomain:
      return Empty(query, style, LDNS_RCODE_NXDOMAIN, false);
    case LabFailure::kNotImp:
      return Empty(query, style, LDNS_RCODE_NOTIMPL, false);
    case LabFailure::kDrop:
      return std::vector<uint8_t>();
    case LabFailure::kTruncate:
    case LabFailure::kTruncateAndDrop:
      if (!tcp) return Empty(query, style, LDNS_RCODE_NOERROR, true);
      if (failure == LabFailure::kTruncateAndDrop) return std::vector<uint8_t>();
      return std::nullopt;
    case LabFailure::kServFailNoCd:
      if (ldns_pkt_cd(query)) return std::nullopt;
      return Empty(query, style, LDNS_RCODE_SERVFAIL, false);
    case LabFailure::kBogus:
      if (ldns_pkt_cd(query)) return std::nullopt;
      return ServFailWhy(query, style, kDnssecBogus);
    case LabFailure::kBogusAlways:
      return ServFailWhy(query, style, kDnssecBogus);
    case LabFailure::kUnreachable:
      return ServFailWhy(query, style, kNoReachableAuthority);
    case LabFailure::kServFailCdDrop:
      if (ldns_pkt_cd(query)) return std::vector<uint8_t>();
      return Empty(query, style, LDNS_RCODE_SERVFAIL, false);
    case LabFailure::kLame:
      return ReferUpward(query, style);
    case LabFailure::kData:
    case LabFailure::kAliasAndData:
    case LabFailure::kCached:
      return std::nullopt;
  }
  return std::nullopt;
}

// --- style

constexpr ldns_pkt_section kSections[] = {LDNS_SECTION_ANSWER, LDNS_SECTION_AUTHORITY, LDNS_SECTION_ADDITIONAL};

void Shuffle(ldns_rr_list* records, std::mt19937_64* random) {
  for (size_t i = ldns_rr_list_rr_count(records); i > 1; --i) {
    const size_t other = (*random)() % i;
    ldns_rr* last = ldns_rr_list_rr(records, i - 1);
    ldns_rr_list_set_rr(records, ldns_rr_list_rr(records, other), i - 1);
    ldns_rr_list_set_rr(records, last, other);
  }
}

void Recase(ldns_rdf* name, std::mt19937_64* random) {
  uint8_t* octets = ldns_rdf_data(name);
  for (size_t i = 0; i < ldns_rdf_size(name); ++i) {
    const uint8_t lower = octets[i] | 0x20;
    if (octets[i] >= 'A' && lower >= 'a' && lower <= 'z' && ((*random)() & 1) != 0) octets[i] ^= 0x20;
  }
}

void Recase(const ldns_rr_list* records, std::mt19937_64* random) {
  for (size_t i = 0; i < ldns_rr_list_rr_count(records); ++i) {
    const ldns_rr* rr = ldns_rr_list_rr(records, i);
    Recase(ldns_rr_owner(rr), random);
    for (size_t field = 0; field < ldns_rr_rd_count(rr); ++field) {
      if (ldns_rdf_get_type(ldns_rr_rdf(rr, field)) == LDNS_RDF_TYPE_DNAME) Recase(ldns_rr_rdf(rr, field), random);
    }
  }
}

void AddText(const std::string& text, ldns_pkt_section section, ldns_pkt* reply) {
  ldns_rr* rr = nullptr;
  MXSCAN_CHECK(ldns_rr_new_frm_str(&rr, text.c_str(), 60, nullptr, nullptr) == LDNS_STATUS_OK);
  ldns_pkt_push_rr(reply, section, rr);
}

void AddWrongAddresses(const ldns_rdf* name, ldns_pkt* reply) {
  char* text = ldns_rdf2str(name);
  for (const char* data : {" A 10.66.6.6", " A 185.66.6.6", " AAAA fe80::6", " AAAA 2a0e:66::6"}) {
    AddText(std::string(text) + data, LDNS_SECTION_ADDITIONAL, reply);
  }
  LDNS_FREE(text);
}

void AddNoise(bool in_negative_answers, ldns_pkt* reply) {
  const ldns_rr_list* answer = ldns_pkt_answer(reply);
  const size_t count = ldns_rr_list_rr_count(answer);
  AddWrongAddresses(ldns_rr_owner(ldns_rr_list_rr(ldns_pkt_question(reply), 0)), reply);
  for (size_t i = 0; i < count; ++i) {
    const ldns_rr* rr = ldns_rr_list_rr(answer, i);
    for (size_t field = 0; field < ldns_rr_rd_count(rr); ++field) {
      if (ldns_rdf_get_type(ldns_rr_rdf(rr, field)) == LDNS_RDF_TYPE_DNAME &&
          ldns_rdf_size(ldns_rr_rdf(rr, field)) > 1) {
        AddWrongAddresses(ldns_rr_rdf(rr, field), reply);
      }
    }
  }
  AddText("unrelated-noise.net. NS ns.unrelated-noise.net.", LDNS_SECTION_AUTHORITY, reply);
  if (count == 0 && !in_negative_answers) return;
  for (const char* data : {"A 10.66.6.7", "AAAA fd00::7", "MX 0 wrong.unrelated-noise.net.",
                           "PTR wrong.unrelated-noise.net.", "TXT unrelated", "CNAME wrong.unrelated-noise.net."}) {
    AddText(std::string("unrelated-noise.net. ") + data, LDNS_SECTION_ANSWER, reply);
  }
}

void Apply(const LabStyle& style, uint64_t seed, ldns_pkt* reply) {
  std::mt19937_64 random(seed);
  if (style.noise) AddNoise(style.noise_in_negative_answers, reply);
  for (const ldns_pkt_section section : kSections) {
    ldns_rr_list* records = section == LDNS_SECTION_ANSWER      ? ldns_pkt_answer(reply)
                            : section == LDNS_SECTION_AUTHORITY ? ldns_pkt_authority(reply)
                                                                : ldns_pkt_additional(reply);
    if (style.shuffle) Shuffle(records, &random);
    if (style.recase) Recase(records, &random);
  }
}

}  // namespace

int Lab::DelayMs(std::span<const uint8_t> query) const {
  if (style_.jitter_ms > 0)
    return static_cast<int>(SeedOf(query, ~style_.seed) % static_cast<uint64_t>(style_.jitter_ms));
  size_t end = kHeaderSize;
  while (end < query.size() && query[end] != 0) end += 1U + query[end];
  return style_.late_type > 0 && end + 2 < query.size() && query[end + 2] == style_.late_type ? kLateMs : 0;
}

std::vector<uint8_t> Lab::Respond(std::span<const uint8_t> query, bool tcp) const {
  if (query.size() < kHeaderSize || (query[2] & 0x80) != 0) return {};
  const uint64_t seed = SeedOf(query, style_.seed);
  if (!tcp && static_cast<double>(seed >> 11) * 0x1p-53 < style_.loss) return {};
  ldns_pkt* parsed = nullptr;
  if (ldns_wire2pkt(&parsed, query.data(), query.size()) != LDNS_STATUS_OK ||
      ldns_rr_list_rr_count(ldns_pkt_question(parsed)) != 1) {
    ldns_pkt_free(parsed);
    return FormErr(query);
  }
  const Packet packet(parsed);
  const ldns_rr* question = ldns_rr_list_rr(ldns_pkt_question(parsed), 0);
  const std::string name = KeyOf(ldns_rr_owner(question));
  const int type = ldns_rr_get_type(question);
  const LabFailure* failure = data_->FailureOf(name, type);
  const bool silent = failure != nullptr && *failure == LabFailure::kDrop;
  if (style_.edns == LabEdns::kRefused && ldns_pkt_edns(parsed) && !silent) {
    return Empty(parsed, style_, LDNS_RCODE_FORMERR, false);
  }
  if (failure != nullptr) {
    const auto failed = FailedAnswer(parsed, style_, *failure, tcp);
    if (failed.has_value()) return *failed;
  }
  if (style_.truncate && !tcp) return Empty(parsed, style_, LDNS_RCODE_NOERROR, true);
  const Packet reply = BeginReply(parsed, style_);
  if (failure != nullptr && *failure == LabFailure::kCached) {
    ldns_pkt_set_aa(reply.get(), 0);
    ldns_pkt_set_ra(reply.get(), 1);
  }
  const ldns_pkt_rcode rcode = data_->Resolve(name, type, ldns_pkt_cd(parsed), reply.get());
  ldns_pkt_set_rcode(reply.get(), static_cast<uint8_t>(rcode));
  Apply(style_, seed, reply.get());
  std::vector<uint8_t> message = ToWire(reply.get());
  const bool edns = ldns_pkt_edns(parsed) && style_.edns == LabEdns::kSpoken;
  const size_t asked_size = edns ? std::max<size_t>(kUdpSizeDefault, ldns_pkt_edns_udp_size(parsed)) : kUdpSizeDefault;
  const size_t limit = std::min<size_t>(asked_size, kOwnUdpSize);
  return tcp || message.size() <= limit ? message : Empty(parsed, style_, LDNS_RCODE_NOERROR, true);
}

}  // namespace mxscan::world
