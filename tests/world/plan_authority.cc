// The kinds that only the zones' own servers show: TTLs as they are, records that are there twice, servers that do not
// agree. Last of all kinds, so that what stands before keeps its place.
#include "tests/world/plan.h"

namespace mxscan::world {
namespace {

constexpr uint32_t kAuthorityPpm = 500;
constexpr uint32_t kTtlMax = 0x7fffffff;  // RFC 2181 8

const MxSpec kFirst = {10, Exchange::kOwn, 0, {}};
const MxSpec kSecond = {20, Exchange::kOwn, 1, {}};

Plan Make(std::string_view kind, std::vector<MxSpec> mx, uint32_t ttl, std::string_view must) {
  Plan plan;
  plan.kind = kind;
  plan.share_ppm = kAuthorityPpm;
  plan.mx = std::move(mx);
  plan.hosts = {MakeHost("mail", Data(1)), MakeHost("mail2", Data(1))};
  plan.ttl = ttl;
  plan.must = SplitWords(must);
  return plan;
}

Plan EndingIn(uint32_t ttl, Plan plan) {
  plan.last_ttl = ttl;
  return plan;
}

Plan Against(Second second, Plan plan) {
  plan.second = second;
  return plan;
}

void AppendDisagreements(std::vector<Plan>* plans) {
  const auto add = [plans](Second second, std::string_view kind, std::string_view must) {
    plans->push_back(Against(second, Make(kind, {kFirst, kSecond}, 3600, must)));
  };
  add(Second::kOtherTtl, "servers_other_ttl", "mx_rrset_inconsistent!");
  add(Second::kOtherSet, "servers_other_set", "mx_rrset_inconsistent");
  add(Second::kNone, "servers_none", "mx_rrset_inconsistent");
  add(Second::kServFail, "servers_one_fails", "mx_rrset_inconsistent?");
  add(Second::kSilent, "servers_one_silent", "mx_rrset_inconsistent?");
  add(Second::kLame, "servers_one_lame", "mx_rrset_inconsistent!");
}

void AppendTtls(std::vector<Plan>* plans) {
  const auto add = [plans](Plan plan) { plans->push_back(std::move(plan)); };
  add(Make("ttl_zero", {kFirst}, 0, "mx_ttl_zero mx_ttl_low! mx_ttl_mixed!"));
  add(Make("ttl_one", {kFirst, kSecond}, 1, "mx_ttl_low mx_ttl_zero! mx_ttl_mixed!"));
  add(Make("ttl_299", {kFirst}, 299, "mx_ttl_low"));
  add(Make("ttl_300", {kFirst}, 300, "mx_ttl_low!"));
  add(Make("ttl_greatest", {kFirst}, kTtlMax, "mx_ttl_high mx_ttl_invalid!"));
  add(Make("ttl_invalid", {kFirst, kSecond}, kTtlMax + 1, "mx_ttl_invalid mx_ttl_high! mx_ttl_mixed!"));
  add(EndingIn(3601, Make("ttl_mixed", {kFirst, kSecond}, 3600, "mx_ttl_mixed mx_ttl_low!")));
  add(EndingIn(60, Make("ttl_mixed_low", {kFirst, kSecond}, 3600, "mx_ttl_mixed mx_ttl_low")));
  add(EndingIn(UINT32_MAX, Make("ttl_mixed_zero", {kFirst, kSecond}, 0, "mx_ttl_mixed mx_ttl_zero mx_ttl_invalid")));
}

}  // namespace

void AppendAuthorityPlans(std::vector<Plan>* plans) {
  AppendTtls(plans);
  Plan twice = Make("record_twice", {kFirst, kSecond}, 3600, "mx_rr_duplicate mx_duplicate_target! mx_ttl_mixed!");
  twice.record_twice = true;
  plans->push_back(std::move(twice));
  Plan once = Make("host_twice", {kFirst, {20, Exchange::kOwn, 0, {}}}, 3600, "mx_rr_duplicate! mx_duplicate_target");
  plans->push_back(std::move(once));
  Plan host = Make("host_ttl_zero", {kFirst}, 3600, "mxhost_ttl_zero mx_ttl_zero!");
  host.hosts[0].ttl_zero = true;
  plans->push_back(std::move(host));
  Plan half = Make("host_ttl_zero_half", {kFirst}, 3600, "mxhost_ttl_zero mxhost_family_lookup_failed");
  half.hosts[0] = MakeHost("mail", Data(1), Fails(How::kServFail));
  half.hosts[0].ttl_zero = true;
  plans->push_back(std::move(half));
  AppendDisagreements(plans);
}

}  // namespace mxscan::world
