#include "scanner/check/check_json.h"

#include <nlohmann/json.hpp>
#include <span>
#include <string_view>
#include <vector>

#include "scanner/check/zone_lines.h"
#include "scanner/dns/name.h"
#include "scanner/verdict/explanations.h"

namespace mxscan {
namespace {

using Json = nlohmann::ordered_json;

// Null for no text: a vocabulary's "not asked".
Json TextOrNull(std::string_view text) { return text.empty() ? Json() : Json(std::string(text)); }

Json NameJson(NameView name) { return NameToText(name); }

template <typename Names>
Json NamesJson(const Names& names) {
  Json list = Json::array();
  for (const auto& name : names) list.push_back(NameJson(name));
  return list;
}

Json AddressesJson(std::span<const IpAddress> addresses) {
  Json list = Json::array();
  for (const IpAddress& address : addresses) list.push_back(address.ToString());
  return list;
}

Json UsableJson(Usable usable) { return usable == Usable::kUnknown ? Json() : Json(usable == Usable::kYes); }

class JsonMaker {
 public:
  JsonMaker(const JudgedDomain& judged, const CheckResult& result, const Suffixes& suffixes)
      : judged_(judged), domain_(*judged.domain), result_(result), suffixes_(suffixes) {}

  std::string Make(const std::string& note) {
    Json json;
    json["input"] = domain_.input;
    json["domain"] = NameJson(domain_.name);
    json["note"] = TextOrNull(note);
    json["class"] = std::string(ToText(judged_.verdict.domain_class));
    json["summary"] = Headline(judged_);
    json["error"] = judged_.worst == Worst::kUnknown ? Json() : Json(judged_.worst == Worst::kError);
    json["finished"] = judged_.finished;
    json["mx"] = LookupJson(domain_.mx);
    json["mx"]["attempts"] = domain_.attempts;
    json["mx"]["records"] = RecordsJson();
    if (result_.iterative) json["zone"] = ZoneJson();
    json["hosts"] = Json::array();
    for (const JudgedHost& host : judged_.hosts) json["hosts"].push_back(HostJson(host));
    json["self"] = domain_.self == nullptr ? Json() : AddressLookupsJson(*domain_.self);
    json["addresses"] = Json::array();
    for (const JudgedAddress& address : judged_.addresses) json["addresses"].push_back(AddressJson(address));
    json["probes"] = ProbesJson();
    json["findings"] = Json::array();
    for (const JudgedFinding& finding : judged_.findings) AddFinding(finding, &json["findings"]);
    // What is not ASCII cannot occur; were it to, it must not end the program.
    return json.dump(-1, ' ', true, Json::error_handler_t::replace) + "\n";
  }

 private:
  Json LookupJson(const Lookup& lookup) const {
    Json json;
    json["outcome"] = TextOrNull(ToText(lookup.outcome));
    json["rcode"] = lookup.rcode < 0 ? Json() : Json(lookup.rcode);
    json["ttl"] = lookup.outcome == Outcome::kData ? Json(lookup.ttl) : Json();
    json["chain"] = NamesJson(lookup.chain);
    if (lookup.alias_loop) json["alias_loop"] = true;
    if (lookup.via_dname) json["via_dname"] = true;
    if (lookup.truncated) json["truncated"] = true;
    if (lookup.extended_error >= 0) json["extended_error"] = lookup.extended_error;
    if (lookup.unvalidated != Outcome::kNotAsked) json["unvalidated"] = std::string(ToText(lookup.unvalidated));
    json["server"] = lookup.server < 0 ? Json() : Json(result_.servers[static_cast<size_t>(lookup.server)]);
    json["rtt_us"] = lookup.server < 0 ? Json() : Json(lookup.rtt_us);
    return json;
  }

  Json RecordsJson() const {
    Json list = Json::array();
    for (size_t i = 0; i < judged_.verdict.mx.size(); ++i) {
      const MxVerdict& mx = judged_.verdict.mx[i];
      Json json;
      json["preference"] = mx.preference;
      json["exchange"] = NameJson(domain_.records[i].exchange);
      json["ttl"] = mx.ttl;
      json["usable"] = UsableJson(mx.usable);
      json["looked_up"] = mx.looked_up && domain_.addresses_asked;
      list.push_back(std::move(json));
    }
    return list;
  }

  // Null where its servers are not known.
  Json ZoneJson() const {
    Json json;
    for (const CheckDelegation& delegation : result_.delegations) {
      if (delegation.domain != domain_.name) continue;
      json["zone"] = NameJson(delegation.zone);
      json["servers"] = Json::array();
      for (const CheckDelegation::Server& server : delegation.servers) {
        json["servers"].push_back({{"name", server.ns.empty() ? Json() : NameJson(server.ns)},
                                   {"addresses", AddressesJson(server.addresses)},
                                   {"lame", server.lame}});
      }
    }
    if (!domain_.servers_asked) return json;
    const ServersObservation& said = domain_.servers;
    json["every_server"] = {{"answered", said.answered}, {"lame", said.lame}, {"failed", said.failed}};
    json["every_server"]["differ"] = said.differ ? Json(true) : said.open ? Json() : Json(false);
    return json;
  }

  Json AddressLookupsJson(const HostObservation& host) const {
    Json json;
    json["a"] = LookupJson(host.a);
    json["aaaa"] = LookupJson(host.aaaa);
    json["ipv4"] = AddressesJson(host.ipv4);
    json["ipv6"] = AddressesJson(host.ipv6);
    return json;
  }

  Json HostJson(const JudgedHost& judged) const {
    Json json;
    json["host"] = NameJson(judged.host->name);
    json["implicit"] = judged.implicit;
    json["usable"] = UsableJson(judged.usable);
    json.update(AddressLookupsJson(*judged.host));
    return json;
  }

  Json AddressJson(const JudgedAddress& judged) const {
    Json json;
    json["address"] = judged.address.ToString();
    json["global"] = IsGlobal(judged.address);
    json["reverse_name"] = NameJson(ReverseName(judged.address));
    json["asked"] = judged.observed != nullptr && judged.observed->asked;
    if (judged.observed == nullptr || !judged.observed->asked) return json;
    json["ptr"] = LookupJson(judged.observed->ptr);
    json["ptr_names"] = Json::array();
    for (const PtrNameObservation& name : judged.observed->names) {
      Json entry;
      entry["name"] = NameJson(name.name);
      entry["asked"] = name.asked;
      entry["confirms"] = name.confirms;
      entry["same_family"] = LookupJson(name.same_family);
      entry["other_family"] = LookupJson(name.other_family);
      json["ptr_names"].push_back(std::move(entry));
    }
    json["confirmed_names"] = NamesJson(judged.confirmed_names);
    json["fcrdns"] = TextOrNull(ToText(judged.fcrdns));
    return json;
  }

  static void AddProbe(const std::string& name, const char* why, const Probe& probe, Json* list) {
    if (probe.outcome == Outcome::kNotAsked) return;
    Json json;
    json["name"] = name;
    json["why"] = why;
    json["outcome"] = std::string(ToText(probe.outcome));
    json["addresses"] = AddressesJson(probe.addresses);
    list->push_back(std::move(json));
  }

  // MX of a random label: which one does not matter.
  static void AddWildcard(const char* why, const WildcardRef& probe, Json* list) {
    if (probe == nullptr || probe->outcome == Outcome::kNotAsked) return;
    Json json;
    json["name"] = nullptr;
    json["why"] = why;
    json["outcome"] = std::string(ToText(probe->outcome));
    json["records"] = Json::array();
    for (const MxObservation& record : probe->records) {
      json["records"].push_back({{"preference", record.preference}, {"exchange", NameJson(record.exchange)}});
    }
    list->push_back(std::move(json));
  }

  Json ProbesJson() const {
    Json list = Json::array();
    for (const ExchangeObservation& exchange : domain_.exchanges) {
      if (!exchange.stripped.empty()) {
        AddProbe(NameToText(exchange.stripped), "missing_dot", exchange.stripped_probe, &list);
      }
      const NameView registrable = suffixes_.Registrable(exchange.name);
      if (registrable.empty()) continue;
      AddProbe(NameToText(registrable), "registrable_domain", exchange.registrable_probe, &list);
    }
    const std::string name = NameToText(domain_.name);
    AddProbe("mail." + name, "implicit_mx", domain_.mail_probe, &list);
    AddProbe("smtp." + name, "implicit_mx", domain_.smtp_probe, &list);
    AddProbe("mx." + name, "implicit_mx", domain_.mx_probe, &list);
    AddWildcard("wildcard_below", domain_.below, &list);
    AddWildcard("wildcard_beside", domain_.beside, &list);
    return list;
  }

  // One entry a subject, as in the dataset's table.
  void AddFinding(const JudgedFinding& finding, Json* list) const {
    const FindingInfo& info = GetFinding(finding.id);
    const Explanation& texts = Explain(finding.id);
    const bool present = finding.state == FindingState::kPresent;
    const std::string lines = present ? ZoneLines(finding, judged_, suffixes_) : "";
    for (const JudgedSubject& evidence : finding.subjects) {
      Json json;
      json["id"] = std::string(info.text);
      json["state"] = std::string(ToText(finding.state));
      json["severity"] = std::string(ToText(info.severity));
      json["scope"] = std::string(ToText(info.scope));
      json["subject"] = evidence.subject;
      json["evidence"] = evidence.text;
      json["definition"] = std::string(info.definition);
      json["why"] = std::string(texts.why);
      json["mend"] = std::string(texts.mend);
      json["zone"] = TextOrNull(lines);
      json["example"] = TextOrNull(texts.example);
      json["reference"] = TextOrNull(info.reference);
      list->push_back(std::move(json));
    }
  }

  const JudgedDomain& judged_;
  const DomainObservation& domain_;
  const CheckResult& result_;
  const Suffixes& suffixes_;
};

}  // namespace

std::string FormatCheckJson(const JudgedDomain& judged, const std::string& note, const CheckResult& result,
                            const Suffixes& suffixes) {
  return JsonMaker(judged, result, suffixes).Make(note);
}

}  // namespace mxscan
