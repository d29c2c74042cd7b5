// What an exchange's name alone says about it: its kind, and whether its zone was appended to it by mistake.
//
// Sources: RFC 1035 3.3.9 and 5.1 (an exchange is a name, and a name without a trailing dot is relative to its zone),
// RFC 5321 4.1.3 (literals), RFC 6761, RFC 6762, RFC 7686, RFC 9476, RFC 8375 and the ICANN reservation of "internal"
// (special-use names), RFC 7505 (null MX).
#include <array>
#include <cstdint>
#include <string_view>

#include "scanner/verdict/name_syntax.h"
#include "scanner/verdict/verdict.h"

namespace mxscan {
namespace {

using namespace std::string_view_literals;

constexpr NameView kMsv1Invalid = "\4msv1\7invalid\0"sv;
constexpr NameView kLocalhostLocaldomain = "\11localhost\13localdomain\0"sv;
constexpr NameView kHomeArpa = "\4home\4arpa\0"sv;
constexpr NameView kInAddrArpa = "\7in-addr\4arpa\0"sv;
constexpr NameView kIp6Arpa = "\3ip6\4arpa\0"sv;
constexpr std::array<NameView, 4> kExampleNames = {"\7example\0"sv, "\7example\3com\0"sv, "\7example\3net\0"sv,
                                                   "\7example\3org\0"sv};

// IsSubdomain for names of which nearly none is: one octet decides most.
bool IsUnder(NameView name, NameView ancestor) {
  return name.size() >= ancestor.size() && name[name.size() - ancestor.size()] == ancestor[0] &&
         name[name.size() - ancestor.size() + 1] == ancestor[1] && IsSubdomain(name, ancestor);
}

bool IsUnderExample(NameView name) {
  // The length octet of "example" stands before its one label of seven octets, or before that and one of three.
  const auto has_seven = [&](size_t from_end) { return name.size() >= from_end && name[name.size() - from_end] == 7; };
  if (!has_seven(9) && !has_seven(13)) return false;
  for (NameView example : kExampleNames) {
    if (IsUnder(name, example)) return true;
  }
  return false;
}

bool IsSpecialTld(std::string_view tld) {
  switch (tld.front()) {
    case 'a':
      return tld == "alt";
    case 'i':
      return tld == "invalid" || tld == "internal";
    case 'l':
      return tld == "local";
    case 'o':
      return tld == "onion";
    case 't':
      return tld == "test";
    default:
      return false;
  }
}

// Calls f(X) for each X of exchange = X.zone, where zone is `domain` or an ancestor of it down to its registrable
// domain, the longest zone first; `X` is the exchange's octets before the zone. Ends with the first true of f.
template <typename F>
bool AnyRelativePart(NameView exchange, NameView domain, const Suffixes& suffixes, F f) {
  const NameView registrable = suffixes.Registrable(domain);
  const NameView last = registrable.empty() ? domain : registrable;
  for (NameView zone = domain; zone.size() >= last.size() && zone.size() > 1; zone = ParentName(zone)) {
    if (exchange.size() <= zone.size() || !IsSubdomain(exchange, zone)) continue;
    if (f(exchange.substr(0, exchange.size() - zone.size()), zone)) return true;
  }
  return false;
}

Name Absolute(std::string_view relative) {
  Name name;
  char octets[kNameSizeMax];
  std::memcpy(octets, relative.data(), relative.size());
  octets[relative.size()] = 0;
  name.Assign(NameView(octets, relative.size() + 1));
  return name;
}

// Literals are rare and begin with a digit, a hexadecimal letter or a colon: the first label tells which names to try.
ExchangeKind ClassifyLiteral(NameView exchange, NameView domain, const Suffixes& suffixes) {
  const std::string_view first = FirstLabel(exchange);
  if (IsAllDigits(first)) {
    if (IsIpv4LiteralName(exchange)) return ExchangeKind::kIpv4Literal;
    const auto is_literal = [](std::string_view part, NameView) { return IsIpv4LiteralName(Absolute(part)); };
    if (CountLabels(exchange) > 4 && AnyRelativePart(exchange, domain, suffixes, is_literal)) {
      return ExchangeKind::kIpv4LiteralRelative;
    }
  }
  if (first.find(':') != std::string_view::npos) {
    if (IsIpv6LiteralName(exchange)) return ExchangeKind::kIpv6Literal;
    const auto is_literal = [](std::string_view part, NameView) { return IsIpv6LiteralName(Absolute(part)); };
    if (AnyRelativePart(exchange, domain, suffixes, is_literal)) return ExchangeKind::kIpv6Literal;
  }
  return ExchangeKind::kHost;
}

// Kinds told by the last label.
ExchangeKind ClassifyByTld(NameView exchange, NameView domain) {
  const std::string_view tld = LastLabel(exchange);
  if (tld == "localhost" || (tld == "localdomain" && exchange == kLocalhostLocaldomain))
    return ExchangeKind::kLocalhost;
  if (IsSpecialTld(tld)) return ExchangeKind::kSpecialTld;
  if (tld == "arpa") {
    if (IsSubdomain(exchange, kHomeArpa)) return ExchangeKind::kSpecialTld;
    if (IsSubdomain(exchange, kInAddrArpa) || IsSubdomain(exchange, kIp6Arpa)) return ExchangeKind::kArpa;
  }
  if (IsUnderExample(exchange) && !IsUnderExample(domain)) return ExchangeKind::kSpecialTld;
  if (exchange.size() == tld.size() + 2) return ExchangeKind::kSingleLabel;
  if (IsAllDigits(tld)) return ExchangeKind::kNumericTld;
  return ExchangeKind::kHost;
}

}  // namespace

ExchangeKind ClassifyExchange(NameView exchange, NameView domain, const Suffixes& suffixes) {
  if (exchange == kRootName) return ExchangeKind::kRoot;
  if (IsUnder(exchange, kMsv1Invalid)) return ExchangeKind::kVerification;
  if (FirstLabel(exchange).front() == '[') return ExchangeKind::kBracketed;
  const ExchangeKind literal = ClassifyLiteral(exchange, domain, suffixes);
  return literal != ExchangeKind::kHost ? literal : ClassifyByTld(exchange, domain);
}

bool IsLookedUp(ExchangeKind kind) {
  return kind == ExchangeKind::kHost || kind == ExchangeKind::kSingleLabel || kind == ExchangeKind::kNumericTld;
}

bool SuspectMissingDot(NameView exchange, NameView domain, const Suffixes& suffixes, Name* stripped) {
  return AnyRelativePart(exchange, domain, suffixes, [&](std::string_view part, NameView zone) {
    *stripped = Absolute(part);
    if (IsSubdomain(*stripped, zone)) return true;
    // One label cannot be told from an ordinary host ("mx" is a country's domain too), and neither can one that ends in
    // a name which only the list's default rule calls a suffix.
    const NameView registrable = suffixes.Registrable(*stripped);
    return !registrable.empty() && suffixes.IsPublicSuffix(ParentName(registrable));
  });
}

}  // namespace mxscan
