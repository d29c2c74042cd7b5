#include "scanner/cli/root_probe.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "io/process.h"
#include "scanner/dns/wire.h"
#include "scanner/resolve/random.h"

namespace mxscan {
namespace {

constexpr size_t kPlainSize = 512;                          // octets, RFC 1035 2.3.4
constexpr RrType kLarge = static_cast<RrType>(48);          // DNSKEY: with its signatures always more than that
constexpr int kTries = 2;                                   // over UDP
constexpr uint64_t kRootProbePurpose = 0x726f6f7470726f62;  // "rootprob"

struct Heard {
  size_t size = 0;
  bool own = false;
  TimeNs rtt_ns = -1;
};

// One server, one question at a time.
class Prober {
 public:
  Prober(const RootWay& way, TimeNs timeout_ns, uint64_t seed, Transport* transport)
      : way_(way),
        timeout_ns_(timeout_ns),
        random_(RandomKey::FromSeed(seed).Derive(kRootProbePurpose)),
        transport_(*transport) {}

  RootFacts Ask(int family) {
    RootFacts facts;
    facts.family = family;
    std::vector<Endpoint> servers;
    for (const RootHint& hint : way_.hints) {
      if (hint.address.family() == family && servers.size() < kRootsAsked) servers.push_back({hint.address, way_.port});
    }
    if (servers.empty()) return facts;
    facts.asked = servers.size();
    const absl::StatusOr<SocketId> socket = transport_.OpenSocket({.family = family});
    if (!socket.ok()) {
      facts.error = std::string(socket.status().message());
      return facts;
    }
    for (const Endpoint& server : servers) AskOne(server, *socket, &facts);
    return facts;
  }

 private:
  void AskOne(const Endpoint& server, SocketId socket, RootFacts* facts) {
    std::optional<Heard> heard = AskByUdp(server, socket, RrType::kNs);
    if (heard.has_value()) {
      ++facts->udp;
      facts->own += heard->own;
      if (facts->rtt_ns < 0 || heard->rtt_ns < facts->rtt_ns) facts->rtt_ns = heard->rtt_ns;
      if (heard->size <= kPlainSize) heard = AskByUdp(server, socket, kLarge);
      facts->large += heard.has_value() && heard->size > kPlainSize;
    }
    facts->tcp += AskByTcp(server);
  }

  size_t Encode(RrType type) {
    id_ = static_cast<uint16_t>(random_.Below(UINT16_MAX + uint64_t{1}));
    return EncodeQuery(
        {.name = kRootName, .type = type, .id = id_, .recursion_desired = false, .dnssec_ok = type == kLarge}, query_);
  }

  std::optional<Heard> Read(std::span<const uint8_t> octets) {
    MessageView message;
    if (message.Parse(octets) != WireError::kNone || message.id() != id_ || !message.is_response()) return std::nullopt;
    const bool own = message.authoritative() && !message.recursion_available();
    return Heard{message.truncated() ? 0 : octets.size(), own, -1};
  }

  std::optional<Heard> AskByUdp(const Endpoint& server, SocketId socket, RrType type) {
    for (int attempt = 0; attempt < kTries; ++attempt) {
      const OutDatagram datagram{socket, server, {query_, Encode(type)}};
      const TimeNs begin = MonotonicNow();
      if (transport_.Send({&datagram, 1}) != 1) return std::nullopt;
      for (TimeNs now = begin; now < begin + timeout_ns_;) {
        now = transport_.Poll(begin + timeout_ns_, &inbox_);
        for (const InDatagram& in : inbox_.datagrams) {
          if (in.peer != server) continue;
          std::optional<Heard> heard = Read(in.payload);
          if (!heard.has_value()) continue;
          heard->rtt_ns = now - begin;
          return heard;
        }
        // The kernel says that nothing gets there.
        if (!inbox_.errors.empty()) break;
      }
    }
    return std::nullopt;
  }

  bool AskByTcp(const Endpoint& server) {
    const StreamId stream = transport_.OpenStream(server, IpAddress());
    bool heard = transport_.SendMessage(stream, {query_, Encode(RrType::kNs)});
    bool over = !heard;
    heard = false;
    const TimeNs end = MonotonicNow() + timeout_ns_;
    for (TimeNs now = 0; !over && now < end;) {
      now = transport_.Poll(end, &inbox_);
      for (const StreamEvent& event : inbox_.streams) {
        if (event.stream != stream || event.kind == StreamEventKind::kConnected) continue;
        heard = heard || (event.kind == StreamEventKind::kMessage && Read(event.payload).has_value());
        over = true;
      }
    }
    transport_.CloseStream(stream);
    return heard;
  }

  const RootWay& way_;
  const TimeNs timeout_ns_;
  Random random_;
  Transport& transport_;
  uint16_t id_ = 0;
  uint8_t query_[kQuerySizeMax];
  Inbox inbox_;
};

std::string FamilyText(const RootFacts& facts) { return facts.family == 4 ? "IPv4" : "IPv6"; }
std::string OfText(size_t count, size_t of) { return absl::StrCat(count, " of ", of); }

// "nft add rule inet filter output udp dport 53 accept": the same words for all.
std::string LetOut(const char* protocol) {
  return absl::StrCat("let ", protocol, " to port 53 of any address out, e.g. nft add rule inet filter output ",
                      protocol, " dport 53 accept");
}

void AddFamily(const RootFacts& facts, bool other_answers, std::vector<Check>* checks) {
  const std::string family = FamilyText(facts);
  const std::string what = absl::StrCat("root servers by ", family);
  if (!facts.error.empty() || facts.udp == 0) {
    const std::string why =
        facts.error.empty() ? absl::StrCat("none of ", facts.asked, " answers over UDP") : facts.error;
    if (other_answers) {
      checks->push_back({CheckLevel::kHint, what,
                         absl::StrCat(why, ": zones whose servers have ", family, " alone cannot be asked"),
                         absl::StrCat("give this machine a route by ", family, " (ip -", facts.family, " route), and ",
                                      LetOut("udp"))});
    } else {
      checks->push_back({CheckLevel::kProblem, what, why,
                         absl::StrCat(LetOut("udp"), "; or scan through a resolver: --resolver system")});
    }
    return;
  }
  if (facts.own == 0) {
    checks->push_back({CheckLevel::kProblem, what,
                       "the answers are not theirs (no authority, or recursion offered): somebody on the way answers "
                       "all questions to port 53",
                       "ask whoever runs the network to let this machine's questions through; until then "
                       "--resolver system"});
  } else {
    checks->push_back({CheckLevel::kOk, what,
                       absl::StrCat(OfText(facts.udp, facts.asked), " answer over UDP (",
                                    absl::StrFormat("%.1f ms", static_cast<double>(facts.rtt_ns) / 1e6), ")"),
                       ""});
  }
  const std::string over_tcp = absl::StrCat("TCP by ", family);
  if (facts.tcp == 0) {
    checks->push_back({CheckLevel::kHint, over_tcp, "no root server answers: what is too large for UDP will be unknown",
                       LetOut("tcp")});
  } else {
    checks->push_back({CheckLevel::kOk, over_tcp, absl::StrCat(OfText(facts.tcp, facts.asked), " answer"), ""});
  }
  const std::string large = absl::StrCat("large UDP answers by ", family);
  if (facts.large == 0) {
    checks->push_back(
        {CheckLevel::kHint, large,
         absl::StrCat("none of more than ", kPlainSize, " octets arrives: much is asked again over TCP"),
         "let UDP from port 53 in whatever its length, fragments too; look for a DNS inspection that cuts "
         "at 512 octets"});
  } else {
    checks->push_back({CheckLevel::kOk, large, absl::StrCat("more than ", kPlainSize, " octets arrive"), ""});
  }
}

}  // namespace

std::vector<RootFacts> AskRoots(const RootWay& way, TimeNs timeout_ns, uint64_t seed, Transport* transport) {
  Prober prober(way, timeout_ns, seed, transport);
  return {prober.Ask(4), prober.Ask(6)};
}

std::vector<Check> CheckRoots(const std::vector<RootFacts>& facts) {
  std::vector<Check> checks;
  for (const RootFacts& family : facts) {
    if (family.asked == 0) continue;
    const bool other_answers = std::any_of(facts.begin(), facts.end(), [&](const RootFacts& other) {
      return other.family != family.family && other.udp > 0;
    });
    AddFamily(family, other_answers, &checks);
  }
  return checks;
}

bool RootsAnswer(const std::vector<RootFacts>& facts) {
  return std::any_of(facts.begin(), facts.end(), [](const RootFacts& family) { return family.own > 0; });
}

}  // namespace mxscan
