// The kinds that take more questions than the first: wildcards, answers that do not validate, and mail that may loop.
// Last of all kinds, so that what stands before keeps its place.
#include "tests/world/plan.h"

namespace mxscan::world {
namespace {

constexpr uint32_t kProbePpm = 500;

Plan Make(std::string_view kind, std::vector<MxSpec> mx, std::string_view must) {
  Plan plan;
  plan.kind = kind;
  plan.share_ppm = kProbePpm;
  plan.mx = std::move(mx);
  plan.must = SplitWords(must);
  return plan;
}

Plan Of(Wildcard wildcard, Plan plan) {
  plan.wildcard = wildcard;
  return plan;
}
Plan Below(Plan plan) {
  plan.form = NameForm::kSub;
  return plan;
}
Plan In(Way way, Plan plan) {
  plan.way = way;
  return plan;
}
Plan WithError(int8_t extended_error, Plan plan) {
  plan.extended_error = extended_error;
  return plan;
}
Plan Invalid(Plan plan) {
  plan.bogus = true;
  return plan;
}
Plan WithHosts(std::vector<Host> hosts, Plan plan) {
  plan.hosts = std::move(hosts);
  return plan;
}

const MxSpec kSet = {0, Exchange::kProviderSet, 0, {}};
const MxSpec kOwn = {10, Exchange::kOwn, 0, {}};
const MxSpec kRoot = {0, Exchange::kRoot, 0, {}};

void AppendWildcards(std::vector<Plan>* plans) {
  const auto add = [plans](Wildcard wildcard, Plan plan) { plans->push_back(Of(wildcard, std::move(plan))); };
  const std::vector<Host> mail = {MakeHost("mail", Data(1))};
  add(Wildcard::kUnder, Make("wildcard", {kSet}, "mx_wildcard domain_from_wildcard!"));
  add(Wildcard::kUnder, WithHosts(mail, Make("wildcard_own", {kOwn}, "mx_wildcard")));
  add(Wildcard::kUnder, Make("wildcard_null", {kRoot}, "mx_wildcard null_mx"));
  add(Wildcard::kUnder, Below(Make("wildcard_below", {kSet}, "mx_wildcard domain_from_wildcard!")));
  add(Wildcard::kUnderOther, Make("wildcard_other", {kSet}, "mx_wildcard!"));
  add(Wildcard::kUnderFails, Make("wildcard_fails", {kSet}, "mx_wildcard? domain_from_wildcard!"));
  add(Wildcard::kBeside, Below(Make("beside_wildcard", {kSet}, "domain_from_wildcard mx_wildcard!")));
  add(Wildcard::kBesideOther, Below(Make("beside_other", {kSet}, "domain_from_wildcard!")));
  add(Wildcard::kBesideFails, Below(Make("beside_fails", {kSet}, "domain_from_wildcard? mx_wildcard!")));
  add(Wildcard::kSynthesised, Below(Make("synthesised", {kSet}, "domain_from_wildcard mx_wildcard")));
  add(Wildcard::kNone, In(Way::kServFail, Below(Make("below_servfail", {}, "domain_from_wildcard? mx_wildcard?"))));
}

void AppendBogusDomains(std::vector<Plan>* plans) {
  const auto bogus = [plans](std::string_view kind, Way way, int8_t extended_error, std::string_view must) {
    std::vector<MxSpec> mx;
    if (way == Way::kMx) mx = {kSet};
    plans->push_back(Invalid(WithError(extended_error, In(way, Make(kind, std::move(mx), must)))));
  };
  constexpr std::string_view kPresent = "domain_dnssec_bogus domain_lookup_servfail! domain_nxdomain? mx_loop_risk?";
  bogus("bogus", Way::kMx, -1, kPresent);
  bogus("bogus_error6", Way::kMx, 6, kPresent);
  bogus("bogus_error12", Way::kMx, 12, kPresent);
  bogus("bogus_nodata_error9", Way::kNoData, 9, kPresent);
  bogus("bogus_other_error", Way::kMx, 22, kPresent);
  bogus("bogus_nodata", Way::kNoData, -1, "domain_lookup_servfail domain_dnssec_bogus!");
  bogus("bogus_nxdomain", Way::kNxDomain, -1, "domain_lookup_servfail domain_dnssec_bogus!");
  // A failure that CD does not mend, with errors just outside the range.
  const auto broken = [plans](std::string_view kind, Way way, int8_t extended_error, std::string_view must) {
    plans->push_back(WithError(extended_error, In(way, Make(kind, {}, must))));
  };
  broken("servfail_error5", Way::kServFail, 5, "domain_lookup_servfail domain_dnssec_bogus?");
  broken("servfail_error13", Way::kServFail, 13, "domain_lookup_servfail domain_dnssec_bogus?");
  broken("servfail_error7", Way::kServFail, 7, "domain_dnssec_bogus domain_lookup_servfail!");
  broken("refused_error6", Way::kRefused, 6, "domain_lookup_refused domain_dnssec_bogus?");
}

void AppendBogusHosts(std::vector<Plan>* plans) {
  const auto add = [plans](std::string_view kind, Family a, Family aaaa, std::string_view must) {
    plans->push_back(WithHosts({MakeHost("mail", a, aaaa)}, Make(kind, {kOwn}, must)));
  };
  add("host_bogus", Bogus(Data(1)), Bogus({}), "mxhost_dnssec_bogus mxhost_lookup_servfail! mxhost_no_address?");
  add("host_bogus_error", Bogus(Data(1), 8), Bogus({}, 8), "mxhost_dnssec_bogus mxhost_lookup_servfail!");
  add("host_bogus_half", Data(1), Bogus(Data(1)), "mxhost_dnssec_bogus mxhost_family_lookup_failed");
  add("host_bogus_nodata", {}, Bogus({}), "mxhost_lookup_servfail mxhost_dnssec_bogus!");
  add("host_bogus_timeout", Bogus(Data(1)), Fails(How::kTimeout), "mxhost_dnssec_bogus mxhost_lookup_timeout");
  add("host_servfail_half", Data(1), Fails(How::kServFail), "mxhost_dnssec_bogus? mxhost_family_lookup_failed");
}

void AppendLoopRisks(std::vector<Plan>* plans) {
  const auto add = [plans](std::string_view kind, std::vector<MxSpec> mx, std::string_view must) {
    plans->push_back(
        WithHosts({MakeHost("mail", Data(1)), MakeHost("mail2", Data(1))}, Make(kind, std::move(mx), must)));
  };
  const MxSpec provider = {10, Exchange::kProvider, 0, {}};
  add("loop_risk", {provider, {20, Exchange::kOwn, 0, {}}}, "mx_loop_risk mx_external mx_backup_present");
  add("loop_risk_root", {kRoot, provider, {20, Exchange::kOwn, 0, {}}}, "mx_loop_risk null_mx_not_sole");
  add("loop_equal", {provider, kOwn}, "mx_loop_risk! mx_external");
  add("loop_own_first", {provider, kOwn, {20, Exchange::kOwn, 1, {}}}, "mx_loop_risk! mx_external");
  add("loop_literal_first", {{5, Exchange::kText, 0, "11.22.33.44"}, {20, Exchange::kOwn, 0, {}}},
      "mx_loop_risk! mx_exchange_ipv4_literal");
}

}  // namespace

void AppendProbePlans(std::vector<Plan>* plans) {
  AppendWildcards(plans);
  AppendBogusDomains(plans);
  AppendBogusHosts(plans);
  AppendLoopRisks(plans);
}

}  // namespace mxscan::world
