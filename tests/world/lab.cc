#include "tests/world/lab.h"

#include <algorithm>
#include <cstdio>
#include <map>
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

  ldns_pkt_rcode Resolve(std::string name, int type, ldns_pkt* reply) const;
  bool FollowLink(std::string* name, int type, ldns_pkt* reply) const;
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

ldns_pkt_rcode Lab::Data::Resolve(std::string name, int type, ldns_pkt* reply) const {
  std::set<std::string> seen = {name};
  for (int links = 0; links < kLinksMax && FollowLink(&name, type, reply); ++links) {
    if (!seen.insert(name).second) return LDNS_RCODE_NOERROR;  // once round the loop
    const LabFailure* failure = FailureOf(name, type);
    if (failure != nullptr) return *failure == LabFailure::kRefused ? LDNS_RCODE_REFUSED : LDNS_RCODE_SERVFAIL;
  }
  const Records* records = RecordsAt(name);
  bool found = false;
  if (records != nullptr) {
    for (const ldns_rr* rr : *records) {
      if (ldns_rr_get_type(rr) != static_cast<ldns_rr_type>(type)) continue;
      ldns_rr* copy = ldns_rr_clone(rr);
      ldns_rdf_deep_free(ldns_rr_owner(copy));
      ldns_rr_set_owner(copy, NameRdf(name).release());  // a wildcard's records stand at the name asked
      ldns_pkt_push_rr(reply, LDNS_SECTION_ANSWER, copy);
      found = true;
    }
  }
  const ldns_rr* soa = SoaOf(name);
  if (!found && soa != nullptr) ldns_pkt_push_rr(reply, LDNS_SECTION_AUTHORITY, ldns_rr_clone(soa));
  return records == nullptr ? LDNS_RCODE_NXDOMAIN : LDNS_RCODE_NOERROR;
}

namespace {

Packet BeginReply(const ldns_pkt* query) {
  Packet reply(ldns_pkt_new());
  ldns_pkt_set_id(reply.get(), ldns_pkt_id(query));
  ldns_pkt_set_qr(reply.get(), 1);
  ldns_pkt_set_rd(reply.get(), ldns_pkt_rd(query));
  ldns_pkt_set_cd(reply.get(), ldns_pkt_cd(query));
  ldns_pkt_set_ra(reply.get(), 1);
  const ldns_rr_list* questions = ldns_pkt_question(query);
  for (size_t i = 0; i < ldns_rr_list_rr_count(questions); ++i) {
    ldns_pkt_push_rr(reply.get(), LDNS_SECTION_QUESTION, ldns_rr_clone(ldns_rr_list_rr(questions, i)));
  }
  if (ldns_pkt_edns(query)) ldns_pkt_set_edns_udp_size(reply.get(), kOwnUdpSize);
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

std::vector<uint8_t> Empty(const ldns_pkt* query, ldns_pkt_rcode rcode, bool truncated) {
  const Packet reply = BeginReply(query);
  ldns_pkt_set_rcode(reply.get(), static_cast<uint8_t>(rcode));
  ldns_pkt_set_tc(reply.get(), truncated ? 1 : 0);
  return ToWire(reply.get());
}

}  // namespace

std::vector<uint8_t> Lab::Respond(std::span<const uint8_t> query, bool tcp) const {
  if (query.size() < kHeaderSize || (query[2] & 0x80) != 0) return {};
  ldns_pkt* parsed = nullptr;
  if (ldns_wire2pkt(&parsed, query.data(), query.size()) != LDNS_STATUS_OK ||
      ldns_rr_list_rr_count(ldns_pkt_question(parsed)) != 1) {
    ldns_pkt_free(parsed);
    std::vector<uint8_t> refusal(query.begin(), query.begin() + kHeaderSize);
    refusal[2] = static_cast<uint8_t>(0x80 | (query[2] & 0x01));
    refusal[3] = 0x80 | LDNS_RCODE_FORMERR;
    std::fill(refusal.begin() + 4, refusal.end(), uint8_t{0});
    return refusal;
  }
  const Packet packet(parsed);
  const ldns_rr* question = ldns_rr_list_rr(ldns_pkt_question(parsed), 0);
  const std::string name = KeyOf(ldns_rr_owner(question));
  const int type = ldns_rr_get_type(question);
  const LabFailure* failure = data_->FailureOf(name, type);
  if (failure != nullptr) {
    switch (*failure) {
      case LabFailure::kServFail:
        return Empty(parsed, LDNS_RCODE_SERVFAIL, false);
      case LabFailure::kRefused:
        return Empty(parsed, LDNS_RCODE_REFUSED, false);
      case LabFailure::kDrop:
        return {};
      case LabFailure::kTruncate:
      case LabFailure::kTruncateAndDrop:
        if (!tcp) return Empty(parsed, LDNS_RCODE_NOERROR, true);
        if (*failure == LabFailure::kTruncateAndDrop) return {};
    }
  }
  const Packet reply = BeginReply(parsed);
  ldns_pkt_set_rcode(reply.get(), static_cast<uint8_t>(data_->Resolve(name, type, reply.get())));
  std::vector<uint8_t> message = ToWire(reply.get());
  const size_t asked_size = std::max<size_t>(kUdpSizeDefault, ldns_pkt_edns_udp_size(parsed));
  const size_t limit = std::min<size_t>(asked_size, kOwnUdpSize);
  return tcp || message.size() <= limit ? message : Empty(parsed, LDNS_RCODE_NOERROR, true);
}

}  // namespace mxscan::world
