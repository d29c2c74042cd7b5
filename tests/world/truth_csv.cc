// The truth as rows: one pass over the domains, with the hosts and addresses that they lead to, each once.
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "tests/world/truth.h"

namespace mxscan::world {

namespace {

std::string UsableText(Usability usable) {
  return usable == Usability::kYes ? "true" : usable == Usability::kNo ? "false" : "";
}

std::string List(const Findings& findings) {
  std::string text;
  for (size_t i = findings._Find_first(); i < findings.size(); i = findings._Find_next(i)) {
    if (!text.empty()) text.push_back(' ');
    text.append(KnownFindings()[i].id);
  }
  return text;
}

template <typename Items, typename F>
std::string Join(const Items& items, F f) {
  std::string text;
  for (const auto& item : items) {
    if (!text.empty()) text.push_back(' ');
    text.append(f(item));
  }
  return text;
}

std::string NameText(const std::string& wire) { return wire.empty() ? std::string() : ToText(wire); }
std::string TtlText(const LookupTruth& lookup) { return lookup.HasData() ? std::to_string(lookup.ttl) : std::string(); }
std::string OutcomeText(const LookupTruth& lookup) {
  return lookup.asked ? std::string(HowText(lookup.how)) : std::string();
}

class Emitter {
 public:
  Emitter(const World& world, const RowSink& sink) : world_(world), judge_(world), sink_(sink) {}

  void Run() {
    for (uint64_t i = 0; i < world_.size(); ++i) EmitDomain(i);
    for (uint64_t line = 1; line <= world_.LineCount() && world_.options().junk_share > 0.0; ++line) {
      const ListLine item = world_.Line(line);
      if (item.kind != LineKind::kReject) continue;
      sink_(Table::kRejects, {std::to_string(line), EscapeField(item.token), std::string(item.reason)});
    }
  }

 private:
  void EmitDomain(uint64_t i) {
    const DomainTruth domain = judge_.JudgeDomain(i);
    const std::string text = ToText(domain.name);
    Judgement all = domain.judgement;
    for (const ExchangeTruth& exchange : domain.exchanges) {
      all.Merge(exchange.judgement);
      EmitFindings(exchange.judgement, ToText(exchange.name), text);
    }
    EmitFindings(domain.judgement, text, text);
    EmitDomainRow(domain, text, all);
    for (size_t n = 0; n < domain.mx.mx.size(); ++n) {
      const auto& [preference, name] = domain.mx.mx[n];
      const ExchangeTruth& exchange = domain.Exchange(name);
      const uint32_t ttl = n + 1 == domain.mx.mx.size() ? domain.mx.last_ttl : domain.mx.first_ttl;
      sink_(Table::kMx, {text, std::to_string(preference), ToText(name), std::to_string(ttl),
                         UsableText(exchange.usable), List(exchange.judgement.present)});
    }
    for (const ExchangeTruth& exchange : domain.exchanges) {
      if (exchange.looked_up) EmitHost(exchange.host, i);
    }
    // The implicit exchange: d itself, where it has an address.
    if (domain.self_asked && (domain.self.a.HasData() || domain.self.aaaa.HasData())) EmitHost(domain.self, i);
  }

  void EmitDomainRow(const DomainTruth& domain, const std::string& text, const Judgement& all) {
    const LookupTruth& mx = domain.mx;
    const bool definite = !mx.Failed();
    std::string owner;
    if (definite && !mx.loop) owner = mx.chain.empty() ? text : ToText(mx.chain.back());
    std::string provider;
    if (!mx.mx.empty()) {
      const ExchangeTruth& first = domain.Exchange(mx.mx.front().second);
      if (first.looked_up) provider = NameText(judge_.Registrable(first.name));
    }
    std::string rcode = mx.rcode < 0 ? std::string() : std::to_string(mx.rcode);
    if (mx.truncated) rcode = kAnyValue;
    sink_(Table::kDomains,
          {text, std::to_string(world_.LineNumber(domain.index)), EscapeField(world_.InputToken(domain.index)),
           NameText(judge_.Registrable(domain.name)), std::string(domain.domain_class), OutcomeText(mx), rcode, owner,
           definite ? std::to_string(mx.mx.size()) : std::string(),
           Join(mx.mx, [](const auto& record) { return ToText(record.second); }),
           Join(mx.mx, [](const auto& record) { return "p" + std::to_string(record.first); }), TtlText(mx), provider,
           OutcomeText(domain.self.a), OutcomeText(domain.self.aaaa), List(all.present), List(all.unknown)});
  }

  // `i`: the domain that leads there. What only it can lead to is not remembered.
  void EmitHost(const HostTruth& host, uint64_t i) {
    uint64_t owner = 0;
    const bool own = world_.OwnerIndex(host.name, &owner) && owner == i;
    if (!own && !hosts_.insert(host.name).second) return;
    sink_(Table::kHosts,
          {ToText(host.name), OutcomeText(host.a), OutcomeText(host.aaaa),
           Join(host.chain(), [](const std::string& name) { return ToText(name); }),
           Join(host.a.addresses, AddressText), Join(host.aaaa.addresses, AddressText), TtlText(host.a),
           TtlText(host.aaaa), UsableText(host.usable), List(host.judgement.present), List(host.judgement.unknown)});
    EmitFindings(host.judgement, ToText(host.name), "");
    for (const LookupTruth* lookup : {&host.a, &host.aaaa}) {
      for (const IpAddress& address : lookup->addresses) EmitAddress(address, host, own ? i : kNoOwner);
    }
  }

  void EmitAddress(const IpAddress& address, const HostTruth& host, uint64_t i) {
    const AddressTruth truth = judge_.JudgeAddress(address);
    const State state = truth.NotMxName(host);
    const auto& not_mx_name = KnownFindings()[static_cast<size_t>(Finding::ptr_not_mx_name)];
    if (state != State::kAbsent) EmitFinding(not_mx_name, state, AddressText(address), "");
    if (i != kNoOwner && world_.IsOwnAddress(address, i)) {
      // Two hosts of one domain may share an address; the domain's hosts come one after the other.
      if (own_domain_ != i) own_addresses_.clear();
      own_domain_ = i;
      if (!own_addresses_.insert(address).second) return;
    } else if (!addresses_.insert(address).second) {
      return;
    }
    WireName reverse;
    ReverseName(address, &reverse);
    const auto name_text = [](const std::string& name) { return ToText(name); };
    sink_(Table::kAddresses,
          {AddressText(address), std::to_string(address.family()), ToText(reverse.view()), OutcomeText(truth.ptr),
           Join(truth.ptr.names, name_text), Join(truth.confirmed, name_text), std::string(truth.fcrdns),
           List(truth.judgement.present), List(truth.judgement.unknown)});
    EmitFindings(truth.judgement, AddressText(address), "");
  }

  void EmitFindings(const Judgement& judgement, const std::string& subject, const std::string& domain) {
    const Findings both = judgement.present | judgement.unknown;
    for (size_t i = both._Find_first(); i < both.size(); i = both._Find_next(i)) {
      EmitFinding(KnownFindings()[i], judgement.present.test(i) ? State::kPresent : State::kUnknown, subject, domain);
    }
  }
  void EmitFinding(const FindingFacts& finding, State state, const std::string& subject, const std::string& domain) {
    sink_(Table::kFindings, {std::string(finding.scope), subject, domain, std::string(finding.id),
                             std::string(finding.severity), state == State::kPresent ? "present" : "unknown"});
  }

  static constexpr uint64_t kNoOwner = UINT64_MAX;
  const World& world_;
  const Judge judge_;
  const RowSink& sink_;
  absl::flat_hash_set<std::string> hosts_;
  absl::flat_hash_set<IpAddress> addresses_;
  uint64_t own_domain_ = kNoOwner;
  absl::flat_hash_set<IpAddress> own_addresses_;
};

}  // namespace

const TableFacts& FactsOf(Table table) {
  static const std::array<TableFacts, kTables> facts = {{
      {"domains",
       {"domain", "input_rank", "input", "registrable", "class", "mx_outcome", "mx_rcode", "mx_owner", "mx_count",
        "mx_hosts", "mx_preferences", "mx_ttl", "provider", "a_outcome", "aaaa_outcome", "findings", "unknowns"},
       1},
      {"mx", {"domain", "preference", "exchange", "ttl", "usable", "findings"}, 3},
      {"hosts",
       {"host", "a_outcome", "aaaa_outcome", "alias_chain", "ipv4", "ipv6", "a_ttl", "aaaa_ttl", "usable", "findings",
        "unknowns"},
       1},
      {"addresses",
       {"address", "family", "reverse_name", "ptr_outcome", "ptr_names", "confirmed_names", "fcrdns", "findings",
        "unknowns"},
       1},
      {"findings", {"scope", "subject", "domain", "finding", "severity", "state"}, 4},
      {"rejects", {"input_rank", "input", "reason"}, 1},
  }};
  return facts[static_cast<size_t>(table)];
}

void ForEachRow(const World& world, const RowSink& sink) { Emitter(world, sink).Run(); }

bool WriteTruth(const World& world, const std::string& directory, std::string* error) {
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  std::array<std::unique_ptr<std::FILE, Close>, kTables> files;
  std::error_code code;
  std::filesystem::create_directories(directory, code);
  for (int t = 0; t < kTables; ++t) {
    const TableFacts& facts = FactsOf(static_cast<Table>(t));
    const std::string path = directory + "/" + std::string(facts.name) + ".csv";
    files[static_cast<size_t>(t)].reset(std::fopen(path.c_str(), "w"));
    if (files[static_cast<size_t>(t)] == nullptr) {
      *error = path + ": " + std::strerror(errno);
      return false;
    }
    std::string header;
    for (const std::string_view column : facts.columns) header.append(header.empty() ? "" : ",").append(column);
    header.push_back('\n');
    std::fwrite(header.data(), 1, header.size(), files[static_cast<size_t>(t)].get());
  }
  std::string line;
  ForEachRow(world, [&](Table table, const Row& row) {
    line.clear();
    for (size_t i = 0; i < row.size(); ++i) {
      if (i > 0) line.push_back(',');
      line.append(row[i]);
    }
    line.push_back('\n');
    std::fwrite(line.data(), 1, line.size(), files[static_cast<size_t>(table)].get());
  });
  for (int t = 0; t < kTables; ++t) {
    std::FILE* file = files[static_cast<size_t>(t)].release();
    const bool failed = std::ferror(file) != 0;
    if (std::fclose(file) == 0 && !failed) continue;
    *error = directory + "/" + std::string(FactsOf(static_cast<Table>(t)).name) + ".csv: write failed";
    return false;
  }
  return true;
}

}  // namespace mxscan::world
