#include "tests/fuzz/seeds.h"

#include <algorithm>
#include <map>
#include <string_view>

namespace mxscan::fuzz {
namespace {

constexpr unsigned kRecursive = 0x8180;
constexpr unsigned kAuthoritative = 0x8400;
constexpr unsigned kPlain = 0x8000;

// Writes messages as servers do: every name is compressed against all names before it.
class Writer {
 public:
  explicit Writer(unsigned flags) {
    for (unsigned field : {0x4d58u, flags, 0u, 0u, 0u, 0u}) U16(field);
  }

  Writer& U8(unsigned value) {
    octets_.push_back(static_cast<uint8_t>(value));
    return *this;
  }
  Writer& U16(unsigned value) { return U8(value >> 8 & 0xff).U8(value & 0xff); }
  Writer& U32(uint32_t value) { return U16(value >> 16).U16(value & 0xffff); }
  Writer& Raw(std::string_view octets) {
    octets_.insert(octets_.end(), octets.begin(), octets.end());
    return *this;
  }
  // `text` without escapes and without the trailing dot.
  Writer& Name(std::string_view text) {
    while (!text.empty()) {
      const auto known = names_.find(std::string(text));
      if (known != names_.end()) return U16(static_cast<unsigned>(0xc000 | known->second));
      if (octets_.size() < 0x3fff) names_[std::string(text)] = octets_.size();
      const std::string_view label = text.substr(0, text.find('.'));
      U8(static_cast<unsigned>(label.size())).Raw(label);
      text.remove_prefix(std::min(text.size(), label.size() + 1));
    }
    return U8(0);
  }
  Writer& Question(std::string_view name, unsigned type) {
    ++octets_[5];
    return Name(name).U16(type).U16(1);
  }
  Writer& Begin(int section, std::string_view owner, unsigned type, uint32_t ttl = 300, unsigned rr_class = 1) {
    ++octets_[7 + 2 * static_cast<size_t>(section)];
    Name(owner).U16(type).U16(rr_class).U32(ttl).U16(0);
    rdata_ = octets_.size();
    return *this;
  }
  Writer& End() {
    const size_t size = octets_.size() - rdata_;
    octets_[rdata_ - 2] = static_cast<uint8_t>(size >> 8);
    octets_[rdata_ - 1] = static_cast<uint8_t>(size);
    return *this;
  }
  Writer& Mx(std::string_view owner, unsigned preference, std::string_view exchange) {
    return Begin(0, owner, 15).U16(preference).Name(exchange).End();
  }
  Writer& OneName(int section, std::string_view owner, unsigned type, std::string_view target) {
    return Begin(section, owner, type).Name(target).End();
  }
  Writer& A(int section, std::string_view owner, uint32_t address) {
    return Begin(section, owner, 1).U32(address).End();
  }
  Writer& Aaaa(std::string_view owner) { return Begin(0, owner, 28).U32(0x20010db8).U32(0).U32(0).U32(0x25).End(); }
  Writer& Soa(std::string_view zone) {
    Begin(1, zone, 6, 900).Name("ns1." + std::string(zone)).Name("hostmaster." + std::string(zone));
    return U32(2024010101).U32(7200).U32(3600).U32(1209600).U32(300).End();
  }
  Writer& Opt(unsigned extended_rcode = 0, std::string_view options = {}) {
    return Begin(2, "", 41, extended_rcode << 24, 1232).Raw(options).End();
  }
  Octets octets() const { return octets_; }

 private:
  Octets octets_;
  std::map<std::string, size_t> names_;
  size_t rdata_ = 0;
};

void AddAnswers(std::vector<Seed>* seeds) {
  const auto add = [&](const char* name, const Writer& writer) { seeds->push_back({name, writer.octets()}); };
  add("mx_one", Writer(kRecursive).Question("example.com", 15).Mx("example.com", 10, "mail.example.com").Opt());
  add("mx_five", Writer(kAuthoritative)
                     .Question("example.com", 15)
                     .Mx("example.com", 1, "aspmx.l.provider.net")
                     .Mx("example.com", 5, "alt1.aspmx.l.provider.net")
                     .Mx("example.com", 5, "alt2.aspmx.l.provider.net")
                     .Mx("example.com", 10, "alt3.aspmx.l.provider.net")
                     .Mx("example.com", 10, "alt4.aspmx.l.provider.net")
                     .OneName(1, "example.com", 2, "ns1.example.com")
                     .A(2, "ns1.example.com", 0xc0000201)
                     .Opt());
  add("mx_null", Writer(kRecursive).Question("nomail.test", 15).Mx("nomail.test", 0, ""));
  add("mx_literal", Writer(kRecursive).Question("odd.test", 15).Mx("odd.test", 0, "[192").Mx("odd.test", 0, "1:2"));
  add("mx_mixed_case", Writer(kRecursive).Question("eXaMpLe.CoM", 15).Mx("ExAmple.com", 10, "MAIL.example.com"));
  add("nodata", Writer(kAuthoritative).Question("example.com", 15).Soa("example.com").Opt());
  add("nxdomain", Writer(kAuthoritative | 3).Question("gone.example.com", 15).Soa("example.com"));
  add("servfail_ede", Writer(kRecursive | 2).Question("bogus.test", 15).Opt(0, std::string("\0\x0f\0\6\0\6test", 10)));
  add("badvers", Writer(kPlain).Question("old.test", 15).Opt(1));
  add("refused", Writer(kPlain | 5).Question("example.com", 15));
  add("formerr_bare", Writer(kPlain | 1));
  add("truncated", Writer(kPlain | 0x0200).Question("big.test", 15));
  add("referral", Writer(kPlain)
                      .Question("example.com", 15)
                      .OneName(1, "com", 2, "a.gtld.net")
                      .OneName(1, "com", 2, "b.gtld.net")
                      .A(2, "a.gtld.net", 0xc0000202)
                      .Opt());
  add("a_two", Writer(kRecursive).Question("h.test", 1).A(0, "h.test", 0xc0000202).A(0, "h.test", 0xc0000201));
  add("aaaa", Writer(kRecursive).Question("h.test", 28).Aaaa("h.test"));
  add("ptr",
      Writer(kRecursive).Question("1.2.0.192.in-addr.arpa", 12).OneName(0, "1.2.0.192.in-addr.arpa", 12, "h.test"));
  add("ns", Writer(kAuthoritative).Question("test", 2).OneName(0, "test", 2, "a.test").OneName(0, "test", 2, "b.test"));
}

void AddAliases(std::vector<Seed>* seeds) {
  const auto add = [&](const char* name, const Writer& writer) { seeds->push_back({name, writer.octets()}); };
  add("cname", Writer(kRecursive).Question("a.test", 15).OneName(0, "a.test", 5, "b.test").Mx("b.test", 1, "m.test"));
  add("cname_unordered", Writer(kRecursive)
                             .Question("a.test", 1)
                             .A(0, "d.test", 1)
                             .OneName(0, "c.test", 5, "d.test")
                             .OneName(0, "a.test", 5, "b.test")
                             .OneName(0, "b.test", 5, "c.test"));
  add("cname_loop",
      Writer(kRecursive).Question("a.test", 1).OneName(0, "a.test", 5, "b.test").OneName(0, "b.test", 5, "a.test"));
  add("cname_self", Writer(kRecursive).Question("a.test", 1).OneName(0, "a.test", 5, "a.test"));
  add("cname_dangling",
      Writer(kAuthoritative | 3).Question("a.test", 15).OneName(0, "a.test", 5, "b.test").Soa("test"));
  add("cname_unfinished", Writer(kAuthoritative).Question("a.test", 15).OneName(0, "a.test", 5, "b.other"));
  add("cname_and_mx",
      Writer(kAuthoritative).Question("a.test", 15).Mx("a.test", 1, "m.test").OneName(0, "a.test", 5, "b.test"));
  add("dname", Writer(kRecursive)
                   .Question("x.old.test", 15)
                   .OneName(0, "old.test", 39, "new.test")
                   .OneName(0, "x.old.test", 5, "x.new.test")
                   .Mx("x.new.test", 1, "m.test"));
  add("dname_alone", Writer(kRecursive)
                         .Question("x.old.test", 15)
                         .OneName(0, "old.test", 39, "new.test")
                         .Mx("x.new.test", 1, "m.test"));
  add("dname_growing", Writer(kRecursive).Question("x.a.test", 15).OneName(0, "a.test", 39, "b.a.test"));
}

void AddOthers(std::vector<Seed>* seeds) {
  const auto add = [&](const char* name, const Writer& writer) { seeds->push_back({name, writer.octets()}); };
  add("txt", Writer(kRecursive).Question("t.test", 16).Begin(0, "t.test", 16).Raw("\x0bv=spf1 -all").End());
  add("srv",
      Writer(kRecursive).Question("s.test", 33).Begin(0, "s.test", 33).U16(1).U16(2).U16(25).Name("h.test").End());
  add("unknown_type",
      Writer(kRecursive).Question("u.test", 65280).Begin(0, "u.test", 65280).Raw("\xde\xad\xbe\xef").End());
  add("rrsig", Writer(kRecursive)
                   .Question("d.test", 15)
                   .Mx("d.test", 1, "m.test")
                   .Begin(0, "d.test", 46)
                   .U16(15)
                   .U8(13)
                   .U8(2)
                   .U32(300)
                   .U32(1700000000)
                   .U32(1600000000)
                   .U16(4711)
                   .Raw(std::string("\4test\0", 6))
                   .Raw(std::string(64, 's'))
                   .End());
  add("class_chaos", Writer(kAuthoritative)
                         .Question("version.bind", 16)
                         .Begin(0, "version.bind", 16, 0, 3)
                         .Raw("\4none")
                         .End()
                         .Begin(0, "version.bind", 1, 0, 3)
                         .Raw("12345")
                         .End());
  add("ttl_top_bit", Writer(kAuthoritative).Question("t.test", 1).Begin(0, "t.test", 1, 0x80000001).U32(1).End());
  add("two_questions", Writer(kPlain).Question("a.test", 1).U8(1).Raw("b").U8(0).U16(1).U16(1));
  seeds->back().octets[5] = 2;
  std::string odd("\5a.b\\c\2\xff ", 9);
  add("odd_octets", Writer(kRecursive).Begin(0, "", 12).Raw(odd).U8(0).End());
  std::string longest;
  for (int i = 0; i < 127; ++i) longest += i == 0 ? "a" : ".a";
  add("longest_name", Writer(kRecursive).Question(longest, 15).Mx(longest, 1, longest));
  // A staircase of names, each the last one's and a label more; then pointers to pointers.
  Writer stairs(kRecursive);
  std::string name = "test";
  for (int i = 0; i < 40; ++i) {
    name = "s." + name;
    stairs.OneName(0, name, 2, name);
  }
  add("stairs", stairs);
  for (const unsigned count : {127u, 128u}) {  // as many as are allowed, and one more
    constexpr unsigned kRoot = 12 + 1 + 10;
    Writer pointers(kRecursive);
    pointers.Begin(0, "", 65280).U8(0);
    for (unsigned i = 1; i < count; ++i) pointers.U16(0xc000 + kRoot + (i == 1 ? 0 : 2 * i - 3));
    pointers.End();
    for (unsigned i = 1; i < 9; ++i) pointers.Begin(0, "", 2).U16(0xc000 + kRoot + 2 * (count - i) - 1).End();
    add(count == 127 ? "pointers" : "pointers_too_many", pointers);
  }
}

}  // namespace

std::vector<Seed> MakeSeeds() {
  std::vector<Seed> seeds;
  AddAnswers(&seeds);
  AddAliases(&seeds);
  AddOthers(&seeds);
  return seeds;
}

}  // namespace mxscan::fuzz
