#include "scanner/resolve/server_poll.h"

#include <algorithm>
#include <compare>
#include <tuple>

#include "io/check.h"

namespace mxscan {
namespace {

enum class Kind : uint8_t { kData, kAlias, kNoData, kNxDomain };

Kind KindOf(const Answer& answer) {
  if (!answer.chain.empty() || answer.alias_loop) return Kind::kAlias;
  if (answer.outcome == Outcome::kData) return Kind::kData;
  return answer.outcome == Outcome::kNxDomain ? Kind::kNxDomain : Kind::kNoData;
}

std::strong_ordering Compare(const MxRecord& a, const MxRecord& b) {
  if (a.preference != b.preference) return a.preference <=> b.preference;
  return a.exchange.view() <=> b.exchange.view();
}

// Sorted records, copies passed over.
std::strong_ordering CompareSets(const std::vector<MxRecord>& a, const std::vector<MxRecord>& b) {
  size_t i = 0, j = 0;
  while (i < a.size() && j < b.size()) {
    const std::strong_ordering order = Compare(a[i], b[j]);
    if (std::is_neq(order)) return order;
    for (const size_t at = i; i < a.size() && std::is_eq(Compare(a[i], a[at]));) ++i;
    for (const size_t at = j; j < b.size() && std::is_eq(Compare(b[j], b[at]));) ++j;
  }
  return (i < a.size()) <=> (j < b.size());
}

template <typename Names>
std::strong_ordering CompareNames(const Names& a, const Names& b) {
  return std::lexicographical_compare_three_way(a.begin(), a.end(), b.begin(), b.end(),
                                                [](const Name& x, const Name& y) { return x.view() <=> y.view(); });
}

// What is told apart: of an alias where it leads first.
std::strong_ordering CompareMeanings(const Answer& a, const Answer& b) {
  if (KindOf(a) != KindOf(b)) return KindOf(a) <=> KindOf(b);
  if (KindOf(a) == Kind::kAlias) {
    if (a.chain.empty() || b.chain.empty()) return a.chain.size() <=> b.chain.size();
    return a.chain[0].view() <=> b.chain[0].view();
  }
  if (const std::strong_ordering order = CompareSets(a.mx, b.mx); std::is_neq(order)) return order;
  if (a.addresses != b.addresses) {
    return a.addresses < b.addresses ? std::strong_ordering::less : std::strong_ordering::greater;
  }
  return CompareNames(a.names, b.names);
}

// Of two that mean the same, which stands for both. An alias that is to be followed comes before one whose end the
// server knows, so that the servers of the end are asked.
bool StandsBefore(const ServerPoll::Said& a, const ServerPoll::Said& b) {
  const auto ttls_before = [](const MxRecord& x, const MxRecord& y) {
    const std::strong_ordering order = Compare(x, y);
    return std::is_neq(order) ? std::is_lt(order) : x.ttl < y.ttl;
  };
  if (a.alias != b.alias) return a.alias;
  if (const auto order = CompareNames(a.answer.chain, b.answer.chain); std::is_neq(order)) return std::is_lt(order);
  const std::vector<MxRecord>& x = a.answer.mx;
  const std::vector<MxRecord>& y = b.answer.mx;
  if (std::lexicographical_compare(x.begin(), x.end(), y.begin(), y.end(), ttls_before)) return true;
  if (std::lexicographical_compare(y.begin(), y.end(), x.begin(), x.end(), ttls_before)) return false;
  const auto rest = [](const ServerPoll::Said& said) {
    return std::tuple(said.answer.ttl, !said.answer.cname_coexists, said.answer.outcome, said.peer.address);
  };
  return rest(a) < rest(b);
}

}  // namespace

void ServerPoll::Take(bool alias, const Answer& answer, const Endpoint& peer, TimeNs rtt_ns) {
  Said said{.alias = alias, .answer = answer, .peer = peer, .rtt_ns = rtt_ns, .servers = 1};
  std::sort(said.answer.mx.begin(), said.answer.mx.end(), [](const MxRecord& a, const MxRecord& b) {
    const std::strong_ordering order = Compare(a, b);
    return std::is_neq(order) ? std::is_lt(order) : a.ttl < b.ttl;
  });
  const auto same = std::find_if(said_.begin(), said_.end(), [&](const Said& other) {
    return std::is_eq(CompareMeanings(said.answer, other.answer));
  });
  if (same == said_.end()) {
    said_.push_back(std::move(said));
    return;
  }
  said.servers += same->servers;
  // The lowest address is told whoever's TTLs are.
  const bool lower = said.peer.address < same->peer.address;
  const Endpoint peer_told = lower ? said.peer : same->peer;
  const TimeNs rtt_told = lower ? said.rtt_ns : same->rtt_ns;
  if (StandsBefore(said, *same)) {
    *same = std::move(said);
  } else {
    same->servers = said.servers;
  }
  same->peer = peer_told;
  same->rtt_ns = rtt_told;
}

const ServerPoll::Said& ServerPoll::End(int lame, int failed, bool more) {
  MXSCAN_CHECK(!said_.empty());
  std::sort(said_.begin(), said_.end(), [](const Said& a, const Said& b) {
    if (KindOf(a.answer) != KindOf(b.answer)) return KindOf(a.answer) < KindOf(b.answer);
    if (a.servers != b.servers) return a.servers > b.servers;
    return std::is_lt(CompareMeanings(a.answer, b.answer));
  });
  const Said& first = said_.front();
  const Kind kind = KindOf(first.answer);
  const Said* other = nullptr;  // of those that differ the one with the lowest address
  bool aliases_differ = false;
  for (const Said& said : said_) {
    observation_.answered += said.servers;
    const bool is_first = &said == &first;
    aliases_differ |= !is_first && kind == Kind::kAlias && KindOf(said.answer) == Kind::kAlias;
    const bool differs = !is_first && (kind == Kind::kData || KindOf(said.answer) != Kind::kAlias) &&
                         (kind == Kind::kData || kind == Kind::kAlias);
    if (differs && (other == nullptr || said.peer.address < other->peer.address)) other = &said;
  }
  observation_.lame += lame;
  observation_.failed += failed;
  observation_.open |= failed > 0 || more || aliases_differ;
  if (other != nullptr && !observation_.differ) {
    observation_.differ = true;
    observation_.one = first.peer.address;
    observation_.other = other->peer.address;
  }
  return first;
}

}  // namespace mxscan
