// Each finding's definition and reference as the findings contract words them. An entry that stands out of the
// catalog's order does not compile; tests/unit/data/findings.tsv holds the words in step with the contract.
#include "output/catalog.h"

#include <array>

#include "io/check.h"

namespace mxscan {
namespace {

struct Words {
  FindingId id;
  std::string_view definition;
  std::string_view reference;
};

constexpr Words kWords[] = {
    {FindingId::kDomainNxdomain, "MX(d) is NXDOMAIN and d is no alias", "RFC 5321 5.1"},
    {FindingId::kDomainLookupServfail,
     "MX(d) ended in SERVFAIL after retries on at least two servers; never triggers the implicit-MX fallback",
     "RFC 5321 5.1"},
    {FindingId::kDomainLookupRefused, "MX(d) ended in REFUSED after retries", "RFC 5321 5.1"},
    {FindingId::kDomainLookupTimeout, "MX(d) got no accepted answer in any attempt", "RFC 5321 5.1"},
    {FindingId::kDomainDnssecBogus,
     "SERVFAIL where CD=1 gives data, or an Extended DNS Error 6 to 12; replaces domain_lookup_servfail", "RFC 8914"},
    {FindingId::kDomainNameInvalid,
     "input is no host-like domain name (empty label, label over 63 octets, name over 255 octets, IDNA failure); no "
     "query is sent",
     "RFC 1035 2.3.4, RFC 5891"},
    {FindingId::kDomainIsAlias, "the alias chain from d ends at a name with MX or an address", "RFC 5321 5.1"},
    {FindingId::kDomainAliasDangling, "the last name of d's alias chain is NXDOMAIN", "RFC 6604"},
    {FindingId::kDomainAliasLoop, "d's alias chain returns to a name already on it", "RFC 1034 3.6.2"},
    {FindingId::kDomainAliasLong, "d's alias chain has more than 8 links", "RFC 1034 3.6.2"},
    {FindingId::kDomainApexCname, "CNAME at an owner that holds SOA or NS", "RFC 2181 10.1"},
    {FindingId::kCnameCoexists,
     "a CNAME and another data type were both seen at one owner (through a recursive resolver: only if both answers "
     "were actually seen)",
     "RFC 2181 10.1, RFC 1034 3.6.2"},
    {FindingId::kMxWildcard, "MX of a random label under d equals MX(d)", "RFC 4592, RFC 1912 2.7"},
    {FindingId::kDomainFromWildcard, "MX of a random sibling of d equals MX(d), and d has no name of its own",
     "RFC 4592"},
    {FindingId::kMxOnTld, "d is a single label and has a usable MX", "RFC 7085"},
    {FindingId::kDomainNoIpv6Mx, "the AAAA set of every exchange is definitely empty", ""},
    {FindingId::kDomainNoIpv4Mx, "the A set of every exchange is definitely empty", ""},
    {FindingId::kMxNoneImplicit, "MX is NODATA and d has an address: the implicit MX applies", "RFC 5321 5.1"},
    {FindingId::kImplicitMxSuspect,
     "mx_none_implicit, and mail., smtp. or mx. under d has addresses, all different from those of d", ""},
    {FindingId::kMxNoneNoAddress, "MX is NODATA and d definitely has no address", "RFC 5321 5.1"},
    {FindingId::kMxNoneAddressUnknown, "MX is NODATA and the address lookup of d failed", ""},
    {FindingId::kNullMx, "the single MX record names the root", "RFC 7505 3"},
    {FindingId::kNullMxNonzeroPref, "a root exchange with a preference other than 0", "RFC 7505 3"},
    {FindingId::kNullMxNotSole, "a root exchange beside at least one other MX record", "RFC 7505 3"},
    {FindingId::kNullMxSenderConflict, "null MX while the domain's SPF authorises any sender", "RFC 7505 4.2"},
    {FindingId::kNoMailWithoutNullMx, "MX is NODATA, d has an address and its SPF record is exactly -all", "RFC 7505"},
    {FindingId::kMxSingle, "exactly one distinct exchange host", ""},
    {FindingId::kMxMany, "more than 10 distinct exchange hosts", "RFC 7208 4.6.4"},
    {FindingId::kMxDuplicateTarget, "one exchange host at two or more preferences (names compared without case)", ""},
    {FindingId::kMxRrDuplicate, "the same MX record twice in one answer", "RFC 2181 5"},
    {FindingId::kMxEqualPreference, "two or more distinct hosts at the lowest preference", "RFC 5321 5.1"},
    {FindingId::kMxBackupPresent, "distinct hosts at different preferences", "RFC 5321 5.1"},
    {FindingId::kMxSharedAddress, "two distinct exchange hosts share an address", ""},
    {FindingId::kMxNoAddressDiversity, "two or more hosts, at most one IPv4 and one IPv6 address among them all", ""},
    {FindingId::kMxSamePrefix, "two or more addresses, every IPv4 in one /24 and every IPv6 in one /48",
     "RFC 2182 (by analogy)"},
    {FindingId::kMxAllUnusable, "there are exchanges, none usable, no lookup unknown", "RFC 5321 5.1"},
    {FindingId::kMxSomeUnusable, "some exchanges definitely unusable, another usable", ""},
    {FindingId::kMxPrimaryUnusable, "every exchange at the lowest preference definitely unusable, another usable", ""},
    {FindingId::kMxExternal, "an exchange's registrable domain differs from d's", ""},
    {FindingId::kMxLoopRisk, "every lowest-preference exchange is external and one of d's own hosts stands behind", ""},
    {FindingId::kMxTargetSelf, "an exchange is d itself", ""},
    {FindingId::kMxRrsetInconsistent,
     "two authoritative servers of the zone give different MX sets (order, case and TTL ignored)", ""},
    {FindingId::kMxTruncated, "TC was set and no TCP attempt succeeded", "RFC 7766"},
    {FindingId::kMxTtlZero, "MX TTL is 0", ""},
    {FindingId::kMxTtlLow, "MX TTL is 1 to 299 s", ""},
    {FindingId::kMxTtlHigh, "MX TTL is over 7 days (a resolver's lower figure proves nothing)", ""},
    {FindingId::kMxTtlMixed, "the MX records of one set carry different TTLs", "RFC 2181 5.2"},
    {FindingId::kMxTtlInvalid, "TTL of 2^31 or more", "RFC 2181 8"},
    {FindingId::kMxExchangeIpv4Literal,
     "the exchange is exactly four decimal labels, each at most 255 (syntactic: no query is sent for it)",
     "RFC 1035 3.3.9, RFC 1123 2.1"},
    {FindingId::kMxExchangeIpv4LiteralRelative, "four such labels followed by d or its zone", "RFC 1035 5.1"},
    {FindingId::kMxExchangeIpv6Literal, "the exchange, less any appended origin, parses as an IPv6 address",
     "RFC 1035 3.3.9"},
    {FindingId::kMxExchangeBracketed, "the exchange begins with [", "RFC 5321 4.1.3"},
    {FindingId::kMxExchangeNumericTld, "the last label is all digits and the name is no address literal", "RFC 3696 2"},
    {FindingId::kMxExchangeSingleLabel, "one label, not the root and not localhost", "RFC 5321 2.3.5"},
    {FindingId::kMxExchangeLocalhost, "localhost, a name under localhost, or localhost.localdomain (syntactic)",
     "RFC 6761 6.3"},
    {FindingId::kMxExchangeSpecialTld,
     "under invalid, test, local, onion, internal, alt or home.arpa; under example names only where d is outside them "
     "(syntactic)",
     "RFC 6761, RFC 6762"},
    {FindingId::kMxExchangeArpa, "the exchange is a name in a reverse tree", ""},
    {FindingId::kMxExchangeMissingDot,
     "exchange = X.zone, it has no address, and X repeats the zone or ends in a public suffix; confirmed where X has "
     "an address",
     "RFC 1035 5.1"},
    {FindingId::kMxExchangeUnderscore, "a label holds an underscore", "RFC 952, RFC 1123 2.1"},
    {FindingId::kMxExchangeBadHyphen, "a label begins or ends with a hyphen", "RFC 952"},
    {FindingId::kMxExchangeIllegalChar,
     "an octet outside letters, digits, hyphen and underscore (an escaped dot, space or NUL among them)",
     "RFC 1123 2.1"},
    {FindingId::kMxExchangeNonascii, "an octet over 127", "RFC 5890"},
    {FindingId::kMxExchangeDoubleHyphen, "hyphens at positions 3 and 4 of a label that is no xn-- label",
     "RFC 5891 4.2.3.1"},
    {FindingId::kMxExchangeBadAlabel, "an xn-- label that is no valid A-label", "RFC 5891"},
    {FindingId::kMxVerificationToken,
     "exchange under msv1.invalid: an ownership token, left out of usability and redundancy", ""},
    {FindingId::kMxExchangeDanglingRegistrable,
     "exchange NXDOMAIN, its registrable domain NXDOMAIN too and not d's own: open to takeover", ""},
    {FindingId::kMxhostNxdomain, "A and AAAA of the exchange both NXDOMAIN, and it is no alias", ""},
    {FindingId::kMxhostNoAddress, "the exchange exists and definitely has neither A nor AAAA", "RFC 5321 5.1"},
    {FindingId::kMxhostRcodeInconsistent,
     "one family has data, the other says NXDOMAIN; the host is treated as existing", "RFC 8020"},
    {FindingId::kMxhostLookupServfail, "no address known and at least one family ended in SERVFAIL", ""},
    {FindingId::kMxhostLookupRefused, "no address known and at least one family ended in REFUSED", ""},
    {FindingId::kMxhostLookupTimeout, "no address known and at least one family got no answer", ""},
    {FindingId::kMxhostDnssecBogus, "as domain_dnssec_bogus, for the host", "RFC 8914"},
    {FindingId::kMxhostFamilyLookupFailed,
     "one family has data, the other lookup failed (never read as 'one family only')", ""},
    {FindingId::kMxhostAlias, "a CNAME at the exchange name", "RFC 2181 10.3, RFC 5321 5.1"},
    {FindingId::kMxhostDnameAlias, "the exchange is reached through a DNAME", "RFC 6672"},
    {FindingId::kMxhostAliasCrossZone, "the alias leads to another registrable domain, or out of d", ""},
    {FindingId::kMxhostAliasLong, "alias chain of more than 8 links", "RFC 1034 3.6.2"},
    {FindingId::kMxhostAliasLoop, "alias chain returns to a name already on it", "RFC 1034 3.6.2"},
    {FindingId::kMxhostAliasDangling, "last name of the alias chain is NXDOMAIN (the exchange itself exists)",
     "RFC 6604"},
    {FindingId::kMxhostIpv4Only, "A data and a definite AAAA NODATA", ""},
    {FindingId::kMxhostIpv6Only, "AAAA data and a definite A NODATA", ""},
    {FindingId::kMxhostMultiAddress, "more than one address of one family", ""},
    {FindingId::kMxhostTtlZero, "an address record with TTL 0", ""},
    {FindingId::kAddrUnspecified, "0.0.0.0 (0.0.0.0/8) or ::", "RFC 6890"},
    {FindingId::kAddrLoopback, "127.0.0.0/8 or ::1", "RFC 6890"},
    {FindingId::kAddrPrivate, "10/8, 172.16/12, 192.168/16", "RFC 1918"},
    {FindingId::kAddrCgnat, "100.64.0.0/10", "RFC 6598"},
    {FindingId::kAddrLinkLocal, "169.254.0.0/16 or fe80::/10", "RFC 3927, RFC 4291"},
    {FindingId::kAddrDocumentation, "192.0.2.0/24, 198.51.100.0/24, 203.0.113.0/24, 2001:db8::/32, 3fff::/20",
     "RFC 5737, RFC 3849, RFC 9637"},
    {FindingId::kAddrBenchmark, "198.18.0.0/15 or 2001:2::/48", "RFC 2544, RFC 5180"},
    {FindingId::kAddrMulticast, "224.0.0.0/4 or ff00::/8", "RFC 5771, RFC 4291"},
    {FindingId::kAddrReserved, "240.0.0.0/4 with 255.255.255.255", "RFC 1112"},
    {FindingId::kAddrProtocolAssignment,
     "192.0.0.0/24 except .9 and .10; 2001::/23 outside its globally reachable more-specifics", "RFC 6890"},
    {FindingId::kAddr6to4Relay, "192.88.99.0/24", "RFC 7526"},
    {FindingId::kAddr6to4, "2002::/16", "RFC 3056"},
    {FindingId::kAddrTeredo, "2001::/32", "RFC 4380"},
    {FindingId::kAddrV4mapped, "::ffff:0:0/96", "RFC 4291"},
    {FindingId::kAddrV4compat, "::/96 other than :: and ::1", "RFC 4291"},
    {FindingId::kAddrNat64, "64:ff9b::/96 or 64:ff9b:1::/48", "RFC 6052, RFC 8215"},
    {FindingId::kAddrDiscard, "100::/64", "RFC 6666"},
    {FindingId::kAddrUla, "fc00::/7", "RFC 4193"},
    {FindingId::kAddrSiteLocal, "fec0::/10", "RFC 3879"},
    {FindingId::kAddrOrchid, "2001:10::/28", "RFC 4843"},
    {FindingId::kAddrSrv6, "5f00::/16", "RFC 9602"},
    {FindingId::kAddrNotAllocated, "IPv6 outside 2000::/3 and none of the above", "IANA IPv6 address space"},
    {FindingId::kPtrNxdomain, "PTR of the address is NXDOMAIN, and the reverse name is no alias", "RFC 1912 2.1"},
    {FindingId::kPtrNodata, "PTR of the address is NODATA", "RFC 1912 2.1"},
    {FindingId::kPtrLookupServfail, "PTR lookup ended in SERVFAIL", ""},
    {FindingId::kPtrLookupRefused, "PTR lookup ended in REFUSED", ""},
    {FindingId::kPtrLookupTimeout, "PTR lookup got no answer", ""},
    {FindingId::kPtrMultiple, "more than one PTR name", ""},
    {FindingId::kPtrExcessive, "more than 10 PTR names", "RFC 7208 5.5"},
    {FindingId::kPtrViaAlias, "the reverse name is a CNAME (RFC 2317 delegation)", "RFC 2317"},
    {FindingId::kPtrAliasDangling, "the reverse name's alias leads to NXDOMAIN", "RFC 2317"},
    {FindingId::kPtrTargetAlias, "a PTR name is itself an alias", "RFC 2181 10.2"},
    {FindingId::kPtrTargetIllegal,
     "a PTR name breaks host-name syntax (the labels of the reverse name itself do not count)", "RFC 1123 2.1"},
    {FindingId::kPtrTargetIpLiteral, "a PTR name is an address literal", ""},
    {FindingId::kPtrTargetSingleLabel, "a PTR name has one label (localhost among them; it never confirms)", ""},
    {FindingId::kPtrTargetUnresolvable, "a PTR name definitely has no address", ""},
    {FindingId::kFcrdnsPass, "the addresses of a PTR name hold this address, compared numerically", "RFC 8601 3"},
    {FindingId::kFcrdnsPartial, "some PTR names confirm and some definitely do not (beside fcrdns_pass)", "RFC 8601 3"},
    {FindingId::kFcrdnsFail, "there are PTR names, all definite, none confirms", "RFC 8601 3"},
    {FindingId::kFcrdnsUnknown, "no PTR name confirms and at least one lookup failed", ""},
    {FindingId::kPtrNotMxName, "confirmed, but no PTR name is the exchange or a name on its alias chain",
     "RFC 5321 4.1.1.1"},
    {FindingId::kPtrGeneric,
     "a PTR name embeds the address (decimal, hex or nibbles, either order, any separator) or dynamic-pool tokens", ""},
    {FindingId::kSpfMissing, "no SPF record (a definite answer)", "RFC 7208"},
    {FindingId::kSpfMultiple, "two or more records with the version tag v=spf1 (any case, then space or end)",
     "RFC 7208 4.5"},
    {FindingId::kSpfPermerrorSyntax, "a syntax error anywhere in the record, also after a matching all",
     "RFC 7208 4.6"},
    {FindingId::kSpfLookupLimit, "more than 10 terms that cause lookups, includes and redirects followed",
     "RFC 7208 4.6.4"},
    {FindingId::kSpfVoidLimit, "more than 2 void lookups", "RFC 7208 4.6.4"},
    {FindingId::kSpfLoop, "an include or redirect returns to a record already on the path", "RFC 7208 4.6.4"},
    {FindingId::kSpfIncludeMissing, "an include target has no SPF record", "RFC 7208 5.2"},
    {FindingId::kSpfMxLimit, "an mx mechanism whose domain has more than 10 exchanges", "RFC 7208 4.6.4"},
    {FindingId::kSpfPlusAll, "the record ends in +all", "RFC 7208 5.1"},
    {FindingId::kSpfNeutral, "the record ends in ?all", "RFC 7208 8.2"},
    {FindingId::kSpfNoDefault, "neither all nor redirect", "RFC 7208 4.7"},
    {FindingId::kSpfPtrMechanism, "the ptr mechanism is used", "RFC 7208 5.5"},
    {FindingId::kSpfMxNotPermitted, "no address of the domain's exchanges passes its own SPF", ""},
    {FindingId::kSpfMxhostMissing, "an own exchange host has no SPF record", "RFC 7208 2.3"},
    {FindingId::kSpfOversize, "the TXT answer does not fit 512 octets", "RFC 7208 3.4"},
    {FindingId::kSpfTemperror, "a lookup that the verdict needs failed", "RFC 7208 2.6.6"},
    {FindingId::kDmarcMissing, "no DMARC record at the domain nor by the tree walk (definite answers)", "RFC 9989"},
    {FindingId::kDmarcInherited, "the policy comes from a parent", "RFC 9989"},
    {FindingId::kDmarcMultiple, "two or more DMARC records at one name", "RFC 9989"},
    {FindingId::kDmarcInvalid, "a DMARC record that does not parse (an unknown p value, say)", "RFC 9989"},
    {FindingId::kDmarcPNone, "effective policy none", "RFC 9989"},
    {FindingId::kDmarcSpNone, "sp=none under a stricter p", "RFC 9989"},
    {FindingId::kDmarcTestMode, "t=y", "RFC 9989"},
    {FindingId::kDmarcWrongLocation, "a DMARC record at the domain itself", "RFC 9989"},
    {FindingId::kDmarcNoRua, "no aggregate report address", "RFC 9989"},
    {FindingId::kDmarcRuaUnauthorized, "an external report address without its authorisation record", "RFC 9989"},
    {FindingId::kDmarcLookupFailed, "the DMARC lookup failed", ""},
    {FindingId::kMtaStsMissing, "no MTA-STS record", "RFC 8461 3.1"},
    {FindingId::kMtaStsMultiple, "more than one MTA-STS record", "RFC 8461 3.1"},
    {FindingId::kMtaStsInvalid, "an MTA-STS record that does not parse (id is 1 to 32 letters or digits)",
     "RFC 8461 3.1"},
    {FindingId::kMtaStsHostUnresolvable, "mta-sts.d definitely has no address", "RFC 8461 3.3"},
    {FindingId::kMtaStsNoTlsrpt, "MTA-STS without TLS-RPT", "RFC 8460"},
    {FindingId::kTlsrptMissing, "no TLS-RPT record", "RFC 8460 3"},
    {FindingId::kTlsrptMultiple, "more than one TLS-RPT record", "RFC 8460 3"},
    {FindingId::kTlsrptInvalid, "a TLS-RPT record that does not parse or has no rua", "RFC 8460 3"},
    {FindingId::kTlsaPresent, "TLSA data at _25._tcp of an exchange", "RFC 7672"},
    {FindingId::kTlsaPartial, "some exchanges have TLSA and another definitely has none", "RFC 7672"},
    {FindingId::kTlsaInsecure, "TLSA data that is not DNSSEC-secure", "RFC 7672 2.1"},
    {FindingId::kTlsaBadUsage, "certificate usage 0 or 1", "RFC 7672 3.1.3"},
    {FindingId::kTlsaMalformed, "digest length does not fit the matching type, or unknown selector or type",
     "RFC 6698 2.1"},
    {FindingId::kTlsaLookupFailed, "the TLSA lookup failed: DANE senders defer", "RFC 7672 2.1"},
    {FindingId::kDnssecSecure, "the MX answer is DNSSEC-secure", "RFC 4035"},
    {FindingId::kDnssecInsecure, "the MX answer is definitely not DNSSEC-secure", "RFC 4035"},
    {FindingId::kNsSingle, "one distinct name server", "RFC 2182 5"},
    {FindingId::kNsMany, "more than 6 name servers", "RFC 2182 5"},
    {FindingId::kNsAlias, "an NS target is an alias", "RFC 2181 10.3"},
    {FindingId::kNsUnresolvable, "an NS target definitely has no address", "RFC 1912 2.8"},
    {FindingId::kNsSamePrefix, "all NS addresses in one /24 and one /48", "RFC 2182 3.1"},
    {FindingId::kSoaRnameAtSign, "the SOA mailbox holds an @", "RFC 1035 3.3.13"},
    {FindingId::kSoaRnameInvalid, "the SOA mailbox is no valid mailbox name", "RFC 1912 2.2"},
    {FindingId::kSoaRnameUnroutable, "the SOA mailbox's domain definitely takes no mail", "RFC 1912 2.2"},
    {FindingId::kSoaTimerOutOfRange, "refresh under 14400, retry under 3600 or not under refresh, expire under 604800",
     "RFC 1912 2.2"},
    {FindingId::kSoaNegativeTtlOutOfRange, "negative TTL outside 300 to 86400 s", "RFC 2308 5"},
};

constexpr bool InCatalogOrder() {
  if (std::size(kWords) != kFindingCount) return false;
  for (size_t i = 0; i < kFindingCount; ++i) {
    if (static_cast<size_t>(kWords[i].id) != i || kWords[i].definition.empty()) return false;
  }
  return true;
}
static_assert(InCatalogOrder(), "one entry a finding, in the order of findings.inc");

constexpr std::array<FindingInfo, kFindingCount> MakeCatalog() {
  std::array<FindingInfo, kFindingCount> catalog{{
#define X(name, text, scope, severity, needs) \
  {FindingId::name, #text, Scope::scope, Severity::severity, Needs::needs, {}, {}},
#include "output/findings.inc"
#undef X
  }};
  for (size_t i = 0; i < kFindingCount; ++i) {
    catalog[i].definition = kWords[i].definition;
    catalog[i].reference = kWords[i].reference;
  }
  return catalog;
}
constexpr std::array<FindingInfo, kFindingCount> kCatalog = MakeCatalog();

// Ids by their text: open addressing over a table made by the compiler, because lists of findings are parsed for every
// row when a summary is computed from the files.
constexpr size_t kSlotCount = 512;
constexpr uint8_t kEmptySlot = 255;
static_assert(kFindingCount < kEmptySlot && kFindingCount * 2 < kSlotCount, "a sparse table of octets");

constexpr size_t SlotOf(std::string_view text) {
  uint32_t hash = 2166136261u;  // FNV-1a
  for (const char c : text) hash = (hash ^ static_cast<uint8_t>(c)) * 16777619u;
  return (hash ^ (hash >> 15)) % kSlotCount;
}

constexpr std::array<uint8_t, kSlotCount> MakeSlots() {
  std::array<uint8_t, kSlotCount> slots{};
  for (uint8_t& slot : slots) slot = kEmptySlot;
  for (size_t i = 0; i < kFindingCount; ++i) {
    size_t slot = SlotOf(kCatalog[i].text);
    while (slots[slot] != kEmptySlot) slot = (slot + 1) % kSlotCount;
    slots[slot] = static_cast<uint8_t>(i);
  }
  return slots;
}
constexpr std::array<uint8_t, kSlotCount> kSlots = MakeSlots();

}  // namespace

const FindingInfo& GetFinding(FindingId id) {
  MXSCAN_CHECK(static_cast<size_t>(id) < kFindingCount);
  return kCatalog[static_cast<size_t>(id)];
}

std::span<const FindingInfo> AllFindings() { return kCatalog; }

bool FromText(std::string_view text, FindingId* id) {
  for (size_t slot = SlotOf(text); kSlots[slot] != kEmptySlot; slot = (slot + 1) % kSlotCount) {
    if (kCatalog[kSlots[slot]].text == text) {
      *id = kCatalog[kSlots[slot]].id;
      return true;
    }
  }
  return false;
}

}  // namespace mxscan
