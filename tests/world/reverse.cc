// Addresses and the reverse tree: a slot (domain or provider, block, number) is scrambled into an address, and an
// address is unscrambled into its slot, so a PTR question is answered from the number alone.
#include <arpa/inet.h>

#include <algorithm>
#include <array>

#include "io/check.h"
#include "tests/world/place.h"

namespace mxscan::world {

namespace {

constexpr uint32_t kFirstV4 = 0x0b000000;  // 11.0.0.0
constexpr uint8_t kV6Prefix[2] = {0x26, 0x00};
constexpr uint32_t kReverseTtl = 86400;
constexpr int kVariants = 50;  // of each special address

struct SpecialOctets {
  std::array<uint8_t, 16> octets{};
  size_t size = 0;
};

const std::vector<SpecialOctets>& SpecialTable() {
  static const std::vector<SpecialOctets> table = [] {
    std::vector<SpecialOctets> list;
    for (const Special& special : Specials()) {
      SpecialOctets entry;
      entry.size = special.family == 4 ? 4 : 16;
      const std::string text(special.prefix);
      MXSCAN_CHECK(inet_pton(special.family == 4 ? AF_INET : AF_INET6, text.c_str(), entry.octets.data()) == 1);
      list.push_back(entry);
    }
    return list;
  }();
  return table;
}

// A label that is a decimal octet without leading zeros. -1: it is none.
int OctetOf(std::string_view label) {
  if (label.empty() || label.size() > 3 || (label.size() > 1 && label[0] == '0')) return -1;
  int value = 0;
  for (const char c : label) {
    if (c < '0' || c > '9') return -1;
    value = value * 10 + (c - '0');
  }
  return value > 255 ? -1 : value;
}

int NibbleOf(std::string_view label) {
  if (label.size() != 1) return -1;
  if (label[0] >= '0' && label[0] <= '9') return label[0] - '0';
  if (label[0] >= 'a' && label[0] <= 'f') return label[0] - 'a' + 10;
  return -1;
}

void AddDecimal(int octet, WireName* name) {
  char text[3];
  size_t size = 0;
  if (octet >= 100) text[size++] = static_cast<char>('0' + octet / 100);
  if (octet >= 10) text[size++] = static_cast<char>('0' + octet / 10 % 10);
  text[size++] = static_cast<char>('0' + octet % 10);
  name->AddLabel({text, size});
}

constexpr char kHexDigits[] = "0123456789abcdef";

void AddNibbles(const IpAddress& address, WireName* name) {
  for (size_t i = 16; i-- > 0;) {
    name->AddLabel({&kHexDigits[address.data()[i] & 15], 1});
    name->AddLabel({&kHexDigits[address.data()[i] >> 4], 1});
  }
}

enum class Form : uint8_t { kNone, kPartial, kWhole, kDelegated };

// The address that a reverse name stands for. kPartial: a name on the way to one; kDelegated: the RFC 2317 form.
Form ParseReverse(std::string_view wire, const Labels& labels, IpAddress* address) {
  if (labels.count < 2) return Form::kPartial;
  const int own = labels.count - 2;
  const std::string_view tree = LabelAt(wire, labels.offset[own]);
  if (tree == "in-addr") {
    uint8_t octets[4];
    const bool delegated = own == 5 && LabelAt(wire, labels.offset[1]) == "0/25";
    if (own > 4 && !delegated) return Form::kNone;
    for (int i = 0; i < own; ++i) {
      if (delegated && i == 1) continue;
      const int octet = OctetOf(LabelAt(wire, labels.offset[i]));
      if (octet < 0) return Form::kNone;
      const int at = delegated && i > 1 ? own - 1 - i : std::min(own, 4) - 1 - (delegated ? 0 : i);
      octets[std::clamp(at, 0, 3)] = static_cast<uint8_t>(octet);
    }
    if (own < 4) return Form::kPartial;
    *address = IpAddress::V4(octets);
    return delegated ? Form::kDelegated : Form::kWhole;
  }
  if (tree != "ip6" || own > 32) return Form::kNone;
  uint8_t octets[16] = {};
  for (int i = 0; i < own; ++i) {
    const int nibble = NibbleOf(LabelAt(wire, labels.offset[i]));
    if (nibble < 0) return Form::kNone;
    const int at = own - 1 - i;  // from the top
    octets[at / 2] = static_cast<uint8_t>(octets[at / 2] | (nibble << (at % 2 == 0 ? 4 : 0)));
  }
  if (own < 32) return Form::kPartial;
  *address = IpAddress::V6(octets);
  return Form::kWhole;
}

}  // namespace

void ReverseName(const IpAddress& address, WireName* name) {
  name->Clear();
  if (address.family() == 4) {
    for (size_t i = 4; i-- > 0;) AddDecimal(address.data()[i], name);
    name->AddLabels("in-addr.arpa");
  } else {
    AddNibbles(address, name);
    name->AddLabels("ip6.arpa");
  }
  name->Finish();
}

bool IsGeneric(Reverse reverse) { return reverse >= Reverse::kGenericDecimal && reverse <= Reverse::kGenericNibbles; }

void FillSpecial(int special, uint64_t index, uint8_t* octets) {
  const SpecialOctets& entry = SpecialTable()[static_cast<size_t>(special)];
  std::copy_n(entry.octets.begin(), entry.size, octets);
  if (!Specials()[static_cast<size_t>(special)].fixed) {
    octets[entry.size - 1] = static_cast<uint8_t>(octets[entry.size - 1] + index % kVariants);
  }
}

int World::SpecialOf(const IpAddress& address) {
  const auto& table = SpecialTable();
  for (size_t i = 0; i < table.size(); ++i) {
    const SpecialOctets& entry = table[i];
    if (entry.size != address.size()) continue;
    if (!std::equal(entry.octets.begin(), entry.octets.begin() + static_cast<int>(entry.size) - 1, address.data())) {
      continue;
    }
    const int variant = address.data()[entry.size - 1] - entry.octets[entry.size - 1];
    if (variant >= 0 && variant < (Specials()[i].fixed ? 1 : kVariants)) return static_cast<int>(i);
  }
  return -1;
}

uint64_t World::BlockNumber(bool provider, uint64_t index, int block) const {
  if (provider) return options_.size * kBlocksPerDomain + index * kBlocksPerProvider + static_cast<uint64_t>(block);
  return index * kBlocksPerDomain + static_cast<uint64_t>(block);
}

void World::FillAddress(uint16_t type, const Slot& slot, uint8_t* octets) const {
  const auto scrambled = static_cast<uint32_t>(blocks_.Apply(BlockNumber(slot.provider, slot.index, slot.block)));
  if (type == kTypeA) {
    const uint32_t number = kFirstV4 + 4 * scrambled + static_cast<uint32_t>(slot.number);
    for (int i = 0; i < 4; ++i) octets[i] = static_cast<uint8_t>(number >> (24 - 8 * i));
    return;
  }
  // 2600:BBBB:BBBB::N: every block is a /48 of its own.
  std::fill_n(octets, 16, uint8_t{0});
  octets[0] = kV6Prefix[0];
  octets[1] = kV6Prefix[1];
  for (int i = 0; i < 4; ++i) octets[2 + i] = static_cast<uint8_t>(scrambled >> (24 - 8 * i));
  octets[15] = static_cast<uint8_t>(slot.number + 1);
}

bool World::DecodeAddress(const IpAddress& address, Slot* slot) const {
  const uint8_t* octets = address.data();
  uint64_t scrambled = 0;
  if (address.family() == 4) {
    uint32_t number = 0;
    for (int i = 0; i < 4; ++i) number = number << 8 | octets[i];
    if (number < kFirstV4) return false;
    scrambled = (number - kFirstV4) / 4;
    slot->number = static_cast<int>(number % 4);
  } else {
    if (octets[0] != kV6Prefix[0] || octets[1] != kV6Prefix[1]) return false;
    for (int i = 2; i < 6; ++i) scrambled = scrambled << 8 | octets[i];
    if (std::any_of(octets + 6, octets + 15, [](uint8_t octet) { return octet != 0; })) return false;
    slot->number = octets[15] - 1;
    if (slot->number < 0 || slot->number > 3) return false;
  }
  if (scrambled >= blocks_.modulus()) return false;
  const uint64_t block = blocks_.Invert(scrambled);
  const uint64_t own = options_.size * kBlocksPerDomain;
  slot->provider = block >= own;
  if (!slot->provider) {
    slot->index = block / kBlocksPerDomain;
    slot->block = static_cast<int>(block % kBlocksPerDomain);
    return true;
  }
  slot->index = (block - own) / kBlocksPerProvider;
  slot->block = static_cast<int>((block - own) % kBlocksPerProvider);
  return slot->index < provider_count_;
}

bool World::IsOwnAddress(const IpAddress& address, uint64_t i) const {
  Slot slot;
  return DecodeAddress(address, &slot) && !slot.provider && slot.index == i;
}

// The host that the slot's address belongs to. False: nobody has the address.
bool World::SlotHost(const Slot& slot, int family, WireName* host, WireName* apex, Reverse* reverse) const {
  host->Clear();
  apex->Clear();
  if (slot.provider) {
    const Provider facts = ProviderFacts(slot.index);
    const int count = family == 4 ? facts.addresses : facts.dual ? 1 : 0;
    if (slot.number >= count || (slot.block >= facts.hosts && slot.block != kWebBlock)) return false;
    AddProvider(slot.index, apex);
    const char label[3] = {'m', 'x', static_cast<char>('1' + slot.block)};
    host->AddLabel(slot.block == kWebBlock ? std::string_view("www") : std::string_view(label, 3));
    host->AddSuffix(apex->view());
    *reverse = facts.reverse;
    return true;
  }
  const Plan& plan = PlanOf(slot.index);
  DomainWire(slot.index, apex);
  const auto has = [&slot](const Family& addresses, int first) {
    const int at = slot.number - first;
    return addresses.how == How::kData && at >= (addresses.special >= 0 ? 1 : 0) && at < addresses.count;
  };
  if (slot.block == kSelfBlock && has(family == 4 ? plan.self_a : plan.self_aaaa, 0)) {
    host->AddSuffix(apex->view());
    *reverse = Reverse::kMatch;
    return true;
  }
  for (size_t h = 0; h < plan.hosts.size(); ++h) {
    const Host& candidate = plan.hosts[h];
    const int block = candidate.block < 0 ? static_cast<int>(h) : candidate.block;
    if (candidate.alias != HostAlias::kNone || block != slot.block) continue;
    if (!has(family == 4 ? candidate.a : candidate.aaaa, candidate.first)) continue;
    host->AddSuffix(candidate.label);
    host->AddSuffix(apex->view());
    *reverse = candidate.reverse;
    return true;
  }
  return false;
}

bool World::ReverseOf(const IpAddress& address, Reverse* reverse) const {
  Slot slot;
  WireName host;
  WireName apex;
  return DecodeAddress(address, &slot) && SlotHost(slot, address.family(), &host, &apex, reverse);
}

void World::FindReverse(std::string_view wire, const Labels& labels, uint16_t type, Node* node) const {
  IpAddress address;
  Slot slot;
  WireName host;
  WireName apex;
  Reverse reverse = Reverse::kMatch;
  const Form form = ParseReverse(wire, labels, &address);
  if (form == Form::kPartial) return;
  if (form == Form::kNone || !DecodeAddress(address, &slot) ||
      !SlotHost(slot, address.family(), &host, &apex, &reverse)) {
    node->rcode = Rcode::kNxDomain;
    return;
  }
  node->ttl = node->last_ttl = kReverseTtl;
  if (form == Form::kDelegated) {
    if (reverse != Reverse::kAlias) {
      node->rcode = Rcode::kNxDomain;
    } else if (type == kTypePtr) {
      node->names[node->count++] = host;
    }
    return;
  }
  switch (reverse) {
    case Reverse::kNxDomain:
      node->rcode = Rcode::kNxDomain;
      return;
    case Reverse::kNoData:
      return;
    case Reverse::kServFail:
      node->rcode = Rcode::kServFail;
      return;
    case Reverse::kRefused:
      node->rcode = Rcode::kRefused;
      return;
    case Reverse::kTimeout:
      node->silent = true;
      return;
    case Reverse::kAlias:
    case Reverse::kAliasDangling:
      MXSCAN_CHECK(address.family() == 4);
      node->alias = true;
      node->target.Clear();
      AddDecimal(address.data()[3], &node->target);
      node->target.AddLabel(reverse == Reverse::kAlias ? "0/25" : "gone");
      node->target.AddSuffix(wire.substr(labels.offset[1]));
      return;
    default:
      if (type == kTypePtr) FillNames(reverse, slot, address, host, apex, node);
  }
}

namespace {

void AddGeneric(Reverse reverse, const IpAddress& address, WireName* name) {
  const uint8_t* octets = address.data();
  char text[32];
  switch (reverse) {
    case Reverse::kGenericDecimal: {
      if (address.family() == 6) return AddNibbles(address, name);
      std::string label;
      for (int i = 0; i < 4; ++i) label += (i == 0 ? "" : "-") + std::to_string(octets[i]);
      return name->AddLabel(label);
    }
    case Reverse::kGenericReversed:
      for (size_t i = 4; i-- > 0;) AddDecimal(octets[i], name);
      return;
    case Reverse::kGenericHex:
      for (int i = 0; i < 4; ++i) {
        text[2 * i] = kHexDigits[octets[i] >> 4];
        text[2 * i + 1] = kHexDigits[octets[i] & 15];
      }
      return name->AddLabel({text, 8});
    case Reverse::kGenericToken:
      return name->AddLabels("dynamic.pool");
    default:
      return AddNibbles(address, name);
  }
}

// The kinds that name the host itself ("own") or another name of its domain, see World::FindPtrTarget. Empty: another
// kind.
std::array<std::string_view, 2> PtrTargetsOf(Reverse reverse) {
  switch (reverse) {
    case Reverse::kMatch:
    case Reverse::kAlias:
      return {"own", ""};
    case Reverse::kOther:
      return {"out", ""};
    case Reverse::kTwo:
      return {"own", "out"};
    case Reverse::kPartial:
      return {"own", "alt"};
    case Reverse::kTargetAlias:
      return {"via", ""};
    case Reverse::kGhost:
      return {"gho", ""};
    case Reverse::kHollow:
      return {"hol", ""};
    case Reverse::kMismatch:
      return {"alt", ""};
    case Reverse::kConfirmServFail:
      return {"sfl", ""};
    case Reverse::kConfirmRefused:
      return {"rfl", ""};
    case Reverse::kConfirmTimeout:
      return {"tmo", ""};
    case Reverse::kConfirmMixed:
      return {"own", "sfl"};
    case Reverse::kMismatchFails:
      return {"alt", "sfl"};
    default:
      return {"", ""};
  }
}

}  // namespace

void World::FillNames(Reverse reverse, const Slot& slot, const IpAddress& address, const WireName& host,
                      const WireName& apex, Node* node) const {
  const auto next = [node]() -> WireName& {
    WireName& name = node->names[node->count++];
    name.Clear();
    return name;
  };
  const auto finish = [&](std::string_view what, WireName* name) {
    const char label[5] = {what[0], what[1], what[2], static_cast<char>('a' + slot.block),
                           static_cast<char>('a' + slot.number)};
    name->AddLabel({label, 5});
    name->AddSuffix(apex.view());
  };
  const auto labelled = [&](std::string_view label) {
    WireName& name = next();
    name.AddLabel(label);
    finish("out", &name);
  };
  const auto fixed = [&](std::string_view labels) {
    WireName& name = next();
    name.AddLabels(labels);
    name.Finish();
  };
  const auto many = [&](int count, std::string_view prefix) {
    for (int i = 0; i < count; ++i) {
      std::string label(prefix);
      label.push_back(static_cast<char>('a' + i / 26));
      label.push_back(static_cast<char>('a' + i % 26));
      labelled(label);
    }
  };
  for (const std::string_view what : PtrTargetsOf(reverse)) {
    if (what == "own") {
      next() = host;
    } else if (!what.empty()) {
      finish(what, &next());
    }
  }
  if (node->count > 0) return;
  switch (reverse) {
    case Reverse::kTwelve:
      return many(12, "k");
    case Reverse::kThirty:
      return many(30, "one-of-a-great-many-rather-long-names-that-one-address-has");
    case Reverse::kIllegalSpace:
      return labelled("mail one");
    case Reverse::kIllegalScore:
      return labelled("mail_one");
    case Reverse::kLiteral:
      return fixed("1.2.3.4");
    case Reverse::kSingleLabel:
      return fixed("mailserver");
    case Reverse::kLocalhost:
      return fixed("localhost");
    case Reverse::kMismatchFar: {
      WireName& name = next();
      name.AddLabel("mx1");
      return AddProvider(slot.provider ? 0 : ProviderOf(slot.index), &name);
    }
    default: {
      MXSCAN_CHECK(IsGeneric(reverse));
      WireName& name = next();
      AddGeneric(reverse, address, &name);
      return finish("out", &name);
    }
  }
}

}  // namespace mxscan::world
