// The world on the wire: questions parsed, answers written, as a recursive resolver or as authoritative servers give
// them (RFC 1034 4.3, RFC 2308 for negative answers, RFC 6891 for EDNS, RFC 6672 for DNAME).
//
// A name is compressed only against the question's name and against the zone's apex: tests of decompression belong
// elsewhere; here it is enough that answers have a real server's size.
#include <algorithm>
#include <cstring>

#include "io/check.h"
#include "tests/world/place.h"
#include "tests/world/reply.h"

namespace mxscan::world {

namespace {

constexpr size_t kHeaderSize = 12;
constexpr size_t kUdpSizeDefault = 512;
constexpr uint16_t kOwnUdpSize = 1232;
constexpr uint16_t kClassIn = 1;
constexpr uint32_t kAliasTtl = 3600;
constexpr uint32_t kNegativeTtl = 900;
constexpr uint32_t kZoneTtl = 86400;
constexpr uint16_t kOptionExtendedError = 15;  // RFC 8914 2
constexpr uint16_t kExtendedErrorSize = 6;     // code, length, INFO-CODE

uint16_t Get16(const uint8_t* octets) { return static_cast<uint16_t>(octets[0] << 8 | octets[1]); }

}  // namespace

// --- Reply

void Reply::Begin(std::span<const uint8_t> query, size_t question_size, bool authoritative) {
  size_ = kHeaderSize;
  std::memcpy(out_, query.data(), 4);
  out_[2] = static_cast<uint8_t>(0x80 | (query[2] & 0x01));
  out_[3] = static_cast<uint8_t>(authoritative ? 0 : 0x80 | (query[3] & 0x10));
  std::memset(out_ + 4, 0, 8);
  if (question_size == 0) return;
  out_[5] = 1;
  std::memcpy(out_ + size_, query.data() + kHeaderSize, question_size);
  size_ += question_size;
  question_end_ = size_;
}

void Reply::SetRcode(Rcode rcode) { out_[3] = static_cast<uint8_t>((out_[3] & 0xf0) | static_cast<uint8_t>(rcode)); }
void Reply::SetAuthoritative() { out_[2] |= 0x04; }

void Reply::Put8(uint8_t value) {
  if (size_ < capacity_) {
    out_[size_++] = value;
  } else {
    overflow_ = true;
  }
}
void Reply::Put16(uint16_t value) {
  Put8(static_cast<uint8_t>(value >> 8));
  Put8(static_cast<uint8_t>(value));
}
void Reply::Put32(uint32_t value) {
  Put16(static_cast<uint16_t>(value >> 16));
  Put16(static_cast<uint16_t>(value));
}
void Reply::PutOctets(std::string_view octets) {
  if (octets.size() > capacity_ - size_) {
    overflow_ = true;
    return;
  }
  std::memcpy(out_ + size_, octets.data(), octets.size());
  size_ += octets.size();
}

void Reply::PutName(std::string_view wire) {
  // The longest tail that the question's name ends in.
  const Labels& question = question_labels_;
  if (wire == question_ && question.count > 0) return Put16(0xc000 | kHeaderSize);
  const Labels labels = SplitLabels(wire);
  int common = 0;
  while (common < labels.count && common < question.count &&
         LabelAt(wire, labels.offset[labels.count - 1 - common]) ==
             LabelAt(question_, question.offset[question.count - 1 - common])) {
    ++common;
  }
  if (common == 0) return PutOctets(wire);
  if (common < labels.count) PutOctets(wire.substr(0, labels.offset[labels.count - common]));
  Put16(static_cast<uint16_t>(0xc000 | (kHeaderSize + question.offset[question.count - common])));
}

size_t Reply::BeginRecord(std::string_view owner, uint16_t type, uint32_t ttl, int section) {
  PutName(owner);
  Put16(type);
  Put16(kClassIn);
  Put32(ttl);
  Put16(0);
  uint8_t* count = out_ + 6 + 2 * section;
  const auto records = static_cast<uint16_t>(Get16(count) + 1);
  count[0] = static_cast<uint8_t>(records >> 8);
  count[1] = static_cast<uint8_t>(records);
  return size_;
}

void Reply::EndRecord(size_t rdata) {
  if (overflow_) return;
  const size_t length = size_ - rdata;
  out_[rdata - 2] = static_cast<uint8_t>(length >> 8);
  out_[rdata - 1] = static_cast<uint8_t>(length);
}

void Reply::AddName(std::string_view owner, uint16_t type, uint32_t ttl, std::string_view target, int section) {
  const size_t rdata = BeginRecord(owner, type, ttl, section);
  if (type == kTypeDname) {
    PutOctets(target);  // RFC 6672 2.5: not compressed
  } else {
    PutName(target);
  }
  EndRecord(rdata);
}

void Reply::AddAddress(std::string_view owner, uint16_t type, uint32_t ttl, const uint8_t* octets, int section) {
  const size_t rdata = BeginRecord(owner, type, ttl, section);
  PutOctets({reinterpret_cast<const char*>(octets), type == kTypeA ? size_t{4} : size_t{16}});
  EndRecord(rdata);
}

void Reply::AddData(std::string_view owner, uint16_t type, const Node& node) {
  const size_t twice = node.record_twice && node.count > 0 ? 1 : 0;  // the first record comes last again
  for (size_t n = 0; n < node.count + twice; ++n) {
    const size_t i = n % node.count;
    const uint32_t ttl = i + 1U == node.count ? node.last_ttl : node.ttl;
    if (type == kTypeA || type == kTypeAaaa) {
      AddAddress(owner, type, ttl, node.addresses[i].data(), kAnswerSection);
    } else if (type == kTypeMx) {
      const size_t rdata = BeginRecord(owner, type, ttl, kAnswerSection);
      Put16(node.preferences[i]);
      PutName(node.names[i].view());
      EndRecord(rdata);
    } else {
      AddName(owner, type, ttl, node.names[i].view(), kAnswerSection);
    }
  }
}

void Reply::AddAlias(std::string_view owner, const Node& node) {
  if (node.dname) {
    AddName(owner.substr(node.dname_offset), kTypeDname, kAliasTtl, node.dname_target.view(), kAnswerSection);
  }
  AddName(owner, kTypeCname, kAliasTtl, node.target.view(), kAnswerSection);
}

void Reply::AddSoa(std::string_view apex, int section) {
  const size_t rdata = BeginRecord(apex, kTypeSoa, kNegativeTtl, section);
  WireName name;
  for (const std::string_view label : {std::string_view("ns1"), std::string_view("hostmaster")}) {
    name.Clear();
    if (apex.size() + label.size() < 250) name.AddLabel(label);
    name.AddSuffix(apex);
    PutName(name.view());
  }
  for (const uint32_t number : {1U, 14400U, 3600U, 1209600U, kNegativeTtl}) Put32(number);
  EndRecord(rdata);
}

size_t Reply::Finish(bool truncated) {
  const size_t limit = limit_ - (edns_ ? kOptSize : 0);
  if (truncated || overflow_ || size_ > limit) {
    size_ = question_end_;
    std::memset(out_ + 6, 0, 6);
    out_[2] |= 0x02;
  }
  overflow_ = false;
  capacity_ += edns_ ? kOptSize : 0;
  if (edns_) {
    Put8(0);
    Put16(kTypeOpt);
    Put16(kOwnUdpSize);
    Put32(dnssec_ok_ ? 0x8000 : 0);
    Put16(extended_error_ < 0 ? 0 : kExtendedErrorSize);
    if (extended_error_ >= 0) {
      Put16(kOptionExtendedError);
      Put16(2);
      Put16(static_cast<uint16_t>(extended_error_));
    }
    ++out_[11];  // the world never writes 255 additional records
  }
  return overflow_ ? 0 : size_;
}

// --- the question

namespace {

struct Question {
  WireName name;  // lower case
  uint16_t type = 0;
  uint16_t rr_class = 0;
  size_t size = 0;  // octets of the question section
  bool edns = false;
  bool dnssec_ok = false;
  uint16_t udp_size = kUdpSizeDefault;
};

// One question, and an OPT record in the additional section where there is one.
bool ParseQuestion(std::span<const uint8_t> query, Question* question) {
  if (Get16(query.data() + 4) != 1 || Get16(query.data() + 6) != 0 || Get16(query.data() + 8) != 0) return false;
  size_t at = kHeaderSize;
  while (at < query.size() && query[at] != 0) {
    if (query[at] > 63) return false;
    at += 1U + query[at];
  }
  if (at + 5 > query.size() || at + 1 - kHeaderSize > 255) return false;
  const size_t name_size = at + 1 - kHeaderSize;
  question->name.size = static_cast<uint8_t>(name_size);
  std::memcpy(question->name.octets, query.data() + kHeaderSize, name_size);
  LowerAscii(question->name.octets, name_size);
  question->type = Get16(&query[at + 1]);
  question->rr_class = Get16(&query[at + 3]);
  at += 5;
  question->size = at - kHeaderSize;
  if (Get16(query.data() + 10) == 0) return true;
  if (at + 11 > query.size() || query[at] != 0 || Get16(&query[at + 1]) != kTypeOpt) return false;
  question->edns = true;
  question->udp_size = std::max<uint16_t>(kUdpSizeDefault, Get16(&query[at + 3]));
  question->dnssec_ok = (query[at + 7] & 0x80) != 0;
  return true;
}

}  // namespace

size_t World::Respond(std::span<const uint8_t> query, bool tcp, Role role, const IpAddress& server, uint8_t* out,
                      size_t capacity) const {
  if (query.size() < kHeaderSize || (query[2] & 0x80) != 0 || capacity < kUdpSizeDefault) return 0;
  const bool authoritative = role == Role::kAuthoritative;
  Question question;
  Reply reply(out, capacity);
  if (!ParseQuestion(query, &question)) {
    reply.Begin(query, 0, authoritative);
    reply.SetRcode(Rcode::kFormErr);
    return reply.Finish(false);
  }
  const size_t limit = tcp ? 65535 : std::min<size_t>(question.udp_size, kOwnUdpSize);
  reply.SetQuestion(question.name.view(), std::min(limit, capacity), question.edns, question.dnssec_ok);
  reply.Begin(query, question.size, authoritative);
  const bool standard = (query[2] & 0x78) == 0;
  if (!standard || question.rr_class != kClassIn) {
    reply.SetRcode(standard ? Rcode::kRefused : Rcode::kNotImp);
    return reply.Finish(false);
  }
  if (authoritative) return RespondAuthoritative(question.name.view(), question.type, server, tcp, &reply);
  const bool checking_disabled = (query[3] & 0x10) != 0;
  return RespondRecursive(question.name.view(), question.type, tcp, checking_disabled, &reply);
}

size_t World::RespondRecursive(std::string_view name, uint16_t type, bool tcp, bool checking_disabled,
                               Reply* reply) const {
  WireName current;
  current.Clear();
  current.AddSuffix(name);
  WireName seen[kLinksMax];
  int links = 0;
  Node node;
  while (true) {
    Find(current.view(), type, &node);
    if (node.silent) return 0;
    if (node.truncated) return tcp ? 0 : reply->Finish(true);
    const bool invalid = node.bogus && !checking_disabled;
    if (invalid || (node.rcode != Rcode::kNoError && node.rcode != Rcode::kNxDomain)) {
      reply->Reset();
      reply->SetRcode(invalid ? Rcode::kServFail : node.rcode);
      reply->SetExtendedError(node.extended_error);
      return reply->Finish(false);
    }
    if (!node.alias || type == kTypeCname) break;
    reply->AddAlias(current.view(), node);
    if (node.coexists) break;
    seen[links++] = current;
    const bool loop = std::any_of(seen, seen + links, [&node](const WireName& link) { return link == node.target; });
    if (loop) return reply->Finish(false);
    MXSCAN_CHECK(links < kLinksMax);
    current = node.target;
  }
  if (node.alias && type == kTypeCname) {
    reply->AddAlias(current.view(), node);
    return reply->Finish(false);
  }
  reply->SetRcode(node.rcode);
  reply->AddData(current.view(), type, node);
  if (node.count == 0) reply->AddSoa(current.view().substr(node.zone_offset), Reply::kAuthoritySection);
  return reply->Finish(false);
}

// --- authoritative servers: the root, the top-level domains, the reverse tree, and a zone a domain or provider

namespace {

constexpr uint32_t kRootServer = 0x7f400001;   // 127.64.0.1 and .2
constexpr uint32_t kTldServers = 0x7f410000;   // 127.65.0.0/16
constexpr uint32_t kZoneServers = 0x7f420000;  // 127.66.0.0 to 127.127.255.255
constexpr uint32_t kZoneServerCount = 0x7f800000 - kZoneServers;
constexpr uint32_t kServerPairs = 10'000;

constexpr uint32_t kRootKey = 0, kArpaKey = 1, kTldKey = 2, kTldKeys = 16000;
constexpr uint32_t kReverseKey = kTldKey + kTldKeys;  // of a /8 of IPv4: and its first octet
constexpr uint32_t kReverseV6Key = kReverseKey + 256;
static_assert(4 * kReverseV6Key + 3 < 0x10000, "in kTldServers");
constexpr uint32_t kFirstZoneKey = 0x10000;

// As the registries have it: a zone for each /8 of IPv4, and one for the /16 of IPv6 in which the world lies. 0 where
// the name stands in none.
uint32_t ReverseZone(std::string_view wire, const Labels& labels, uint8_t* offset) {
  constexpr std::string_view kV6("\0010\0010\0016\0012\3ip6\4arpa", 17);
  const std::string_view name = wire.substr(0, wire.size() - 1);
  if (name.ends_with(kV6)) {
    *offset = static_cast<uint8_t>(name.size() - kV6.size());
    return labels.count >= 6 && labels.offset[labels.count - 6] == *offset ? kReverseV6Key : 0;
  }
  if (labels.count < 3 || LabelAt(wire, labels.offset[labels.count - 2]) != "in-addr") return 0;
  *offset = labels.offset[labels.count - 3];
  uint32_t octet = 0;
  for (const char c : LabelAt(wire, *offset)) {
    if (c < '0' || c > '9') return 0;
    octet = octet * 10 + static_cast<uint32_t>(c - '0');
    if (octet > 255) return 0;
  }
  return kReverseKey + octet;
}

void AddressOctets(const IpAddress& address, uint8_t* octets) { std::copy_n(address.data(), 4, octets); }

}  // namespace

IpAddress World::ServerAddress(const Zone& zone, int server) {
  const auto offset = static_cast<uint32_t>(server);
  if (zone.key == kRootKey) return IpAddress::V4FromInt(kRootServer + offset);
  if (zone.key < kFirstZoneKey) return IpAddress::V4FromInt(kTldServers + zone.key * 4 + offset);
  // Many zones to a server, as at a hosting company. No two pairs share an address: 499 does not divide the space.
  const auto pair = static_cast<uint32_t>(Mix(zone.key) % kServerPairs);
  return IpAddress::V4FromInt(kZoneServers + (pair * 499 + offset * 251) % kZoneServerCount);
}

std::vector<IpAddress> World::RootServers() {
  std::vector<IpAddress> list;
  for (int server = 0; server < kServersPerZone; ++server) list.push_back(ServerAddress({0, kRootKey}, server));
  return list;
}

int World::ZonesOf(std::string_view wire, std::array<Zone, 4>* zones) const {
  int count = 0;
  const auto add = [&](uint8_t offset, uint32_t key) { (*zones)[static_cast<size_t>(count++)] = {offset, key}; };
  add(static_cast<uint8_t>(wire.size() - 1), kRootKey);
  Place place;
  const bool exists = Locate(wire, &place);
  const Labels& labels = place.labels;
  if (labels.count == 0) return count;
  const uint8_t last = labels.offset[labels.count - 1];
  if (place.entity == Entity::kArpa) {
    add(last, kArpaKey);
    uint8_t offset = 0;
    if (const uint32_t key = ReverseZone(wire, labels, &offset); key != 0) add(offset, key);
    return count;
  }
  size_t suffix = 0;
  int suffix_labels = 0;
  FindSuffix(wire, labels, &suffix, &suffix_labels);
  if (suffix_labels != 0) {
    // One zone a top-level domain, its second levels in it.
    add(last, kTldKey + static_cast<uint32_t>(HashBytes(wire.substr(last), 0) % kTldKeys));
  }
  if (!exists || (place.entity != Entity::kDomain && place.entity != Entity::kProvider)) return count;
  const bool provider = place.entity == Entity::kProvider;
  if (!provider && PlanOf(place.index).way == Way::kNxDomain) return count;
  add(place.apex_offset, kFirstZoneKey + static_cast<uint32_t>(place.index * 2 + (provider ? 1 : 0)));
  return count;
}

namespace {

void AddServers(std::string_view apex, const World::Zone& zone, int section, Reply* reply) {
  WireName names[World::kServersPerZone];
  for (int server = 0; server < World::kServersPerZone; ++server) {
    names[server].Clear();
    const char label[3] = {'n', 's', static_cast<char>('1' + server)};
    names[server].AddLabel({label, 3});
    names[server].AddSuffix(apex);
    reply->AddName(apex, kTypeNs, kZoneTtl, names[server].view(), section);
  }
  for (int server = 0; server < World::kServersPerZone; ++server) {
    uint8_t octets[4];
    AddressOctets(World::ServerAddress(zone, server), octets);
    reply->AddAddress(names[server].view(), kTypeA, kZoneTtl, octets, Reply::kAdditionalSection);
  }
}

bool Serves(const World::Zone& zone, const IpAddress& server) {
  for (int i = 0; i < World::kServersPerZone; ++i) {
    if (World::ServerAddress(zone, i) == server) return true;
  }
  return false;
}

}  // namespace

// What the apex and its servers' names hold beyond the world's own records. True: the reply is complete.
bool World::RespondZoneData(std::string_view name, uint16_t type, const Zone& zone, Reply* reply) const {
  const std::string_view apex = name.substr(zone.apex_offset);
  if (zone.apex_offset == 0 && type == kTypeNs) {
    AddServers(apex, zone, Reply::kAnswerSection, reply);
    return true;
  }
  if (zone.apex_offset == 0 && type == kTypeSoa) {
    reply->AddSoa(apex, Reply::kAnswerSection);
    return true;
  }
  if (zone.apex_offset != 4 || !name.starts_with(std::string_view("\3ns", 3))) return false;
  const int server = name[3] - '1';
  if (server < 0 || server >= kServersPerZone) return false;
  if (type == kTypeA) {
    uint8_t octets[4];
    AddressOctets(ServerAddress(zone, server), octets);
    reply->AddAddress(name, type, kZoneTtl, octets, Reply::kAnswerSection);
  } else {
    reply->AddSoa(apex, Reply::kAuthoritySection);
  }
  return true;
}

bool World::RespondSecond(std::string_view name, const Zone& zone, bool* silent, Reply* reply) const {
  uint64_t i = 0;
  if (!DomainIndex(name, &i)) return false;
  Node node;
  Find(name, kTypeMx, &node);
  switch (PlanOf(i).second) {
    case Second::kSame:
      return false;
    case Second::kOtherTtl:
      node.ttl += 100;
      node.last_ttl += 100;
      break;
    case Second::kOtherSet:
      for (size_t n = 0; n < node.count; ++n) ++node.preferences[n];
      break;
    case Second::kNone:
      reply->SetAuthoritative();
      reply->AddSoa(name.substr(zone.apex_offset), Reply::kAuthoritySection);
      return true;
    case Second::kServFail:
      reply->SetRcode(Rcode::kServFail);
      return true;
    case Second::kSilent:
      *silent = true;
      return true;
    case Second::kLame:
      return true;
  }
  reply->SetAuthoritative();
  reply->AddData(name, kTypeMx, node);
  return true;
}

size_t World::RespondAuthoritative(std::string_view name, uint16_t type, const IpAddress& server, bool tcp,
                                   Reply* reply) const {
  std::array<Zone, 4> zones;
  const int count = ZonesOf(name, &zones);
  // The deepest zone of the name that this server holds; what is delegated from it is somebody else's.
  int held = count - 1;
  while (held >= 0 && !Serves(zones[static_cast<size_t>(held)], server)) --held;
  if (held < 0) {
    reply->SetRcode(Rcode::kRefused);
    return reply->Finish(false);
  }
  if (held + 1 < count) {
    const Zone& child = zones[static_cast<size_t>(held) + 1];
    AddServers(name.substr(child.apex_offset), child, Reply::kAuthoritySection, reply);
    return reply->Finish(false);
  }
  const Zone& zone = zones[static_cast<size_t>(held)];
  const std::string_view apex = name.substr(zone.apex_offset);
  const bool second = options_.every_server && type == kTypeMx && server == ServerAddress(zone, 1);
  bool silent = false;
  if (second && RespondSecond(name, zone, &silent, reply)) return silent ? 0 : reply->Finish(false);
  Node node;
  Find(name, type, &node);
  if (node.silent) return 0;
  if (node.truncated) return tcp ? 0 : reply->Finish(true);
  if (node.rcode != Rcode::kNoError && node.rcode != Rcode::kNxDomain) {
    reply->SetRcode(node.rcode);
    return reply->Finish(false);
  }
  reply->SetAuthoritative();
  if (RespondZoneData(name, type, zone, reply)) return reply->Finish(false);
  WireName current;
  current.Clear();
  current.AddSuffix(name);
  for (int links = 0; node.alias && type != kTypeCname && links < kLinksMax; ++links) {
    reply->AddAlias(current.view(), node);
    if (node.coexists) break;
    if (!node.target.view().ends_with(apex) || node.target == current || zone.key < kFirstZoneKey) {
      return reply->Finish(false);
    }
    current = node.target;
    Find(current.view(), type, &node);
    if (node.silent || (node.rcode != Rcode::kNoError && node.rcode != Rcode::kNxDomain)) {
      return reply->Finish(false);  // the resolver learns it when it asks for the target
    }
  }
  if (node.alias && type == kTypeCname) {
    reply->AddAlias(current.view(), node);
    return reply->Finish(false);
  }
  reply->SetRcode(node.rcode);
  reply->AddData(current.view(), type, node);
  if (node.count == 0) reply->AddSoa(apex, Reply::kAuthoritySection);
  return reply->Finish(false);
}

}  // namespace mxscan::world
