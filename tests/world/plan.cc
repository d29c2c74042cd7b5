// The kinds that concern a domain and its MX set, the ordinary kinds, and the special address ranges.
#include "tests/world/plan.h"

#include "io/check.h"

namespace mxscan::world {

std::span<const Special> Specials() {
  // id, family, an address, finding, error, global(a), fixed
  static constexpr Special kSpecials[] = {
      {"unspecified4", 4, "0.0.0.0", "addr_unspecified", true, false, false},
      {"loopback4", 4, "127.0.0.1", "addr_loopback", true, false, false},
      {"private10", 4, "10.20.30.1", "addr_private", true, false, false},
      {"private172", 4, "172.31.255.1", "addr_private", true, false, false},
      {"private192", 4, "192.168.1.1", "addr_private", true, false, false},
      {"cgnat", 4, "100.127.255.1", "addr_cgnat", true, false, false},
      {"linklocal4", 4, "169.254.7.1", "addr_link_local", true, false, false},
      {"documentation1", 4, "192.0.2.1", "addr_documentation", true, false, false},
      {"documentation2", 4, "198.51.100.1", "addr_documentation", true, false, false},
      {"documentation3", 4, "203.0.113.1", "addr_documentation", true, false, false},
      {"benchmark4", 4, "198.19.255.1", "addr_benchmark", true, false, false},
      {"multicast4", 4, "239.1.2.1", "addr_multicast", true, false, false},
      {"reserved", 4, "240.0.0.1", "addr_reserved", true, false, false},
      {"broadcast", 4, "255.255.255.255", "addr_reserved", true, false, true},
      {"protocol4", 4, "192.0.0.8", "addr_protocol_assignment", true, false, true},
      {"pcpanycast", 4, "192.0.0.9", "", false, true, true},
      {"as112", 4, "192.31.196.1", "", false, true, false},
      {"relay6to4", 4, "192.88.99.1", "addr_6to4_relay", true, false, false},
      {"unspecified6", 6, "::", "addr_unspecified", true, false, true},
      {"loopback6", 6, "::1", "addr_loopback", true, false, true},
      {"linklocal6", 6, "fe80::1", "addr_link_local", true, false, false},
      {"documentation6", 6, "2001:db8::1", "addr_documentation", true, false, false},
      {"documentation3fff", 6, "3fff:fff::1", "addr_documentation", true, false, false},
      {"benchmark6", 6, "2001:2::1", "addr_benchmark", true, false, false},
      {"multicast6", 6, "ff02::1", "addr_multicast", true, false, false},
      {"protocol6", 6, "2001:100::1", "addr_protocol_assignment", true, false, false},
      {"as112v6", 6, "2001:4:112::1", "", false, true, false},
      {"6to4", 6, "2002:b00:1::1", "addr_6to4", false, false, false},
      {"teredo", 6, "2001:0:b00:1::1", "addr_teredo", false, false, false},
      {"v4mapped", 6, "::ffff:11.0.0.1", "addr_v4mapped", true, false, false},
      {"v4compat", 6, "::11.0.0.1", "addr_v4compat", true, false, false},
      {"nat64", 6, "64:ff9b::b00:1", "addr_nat64", false, true, false},
      {"nat64local", 6, "64:ff9b:1::1", "addr_nat64", false, false, false},
      {"discard", 6, "100::1", "addr_discard", true, false, false},
      {"ula", 6, "fd12:3456::1", "addr_ula", true, false, false},
      {"sitelocal", 6, "fec0::1", "addr_site_local", true, false, false},
      {"orchid", 6, "2001:10::1", "addr_orchid", true, false, false},
      {"srv6", 6, "5f00::1", "addr_srv6", true, false, false},
      {"unallocated", 6, "4000::1", "addr_not_allocated", true, false, false},
  };
  return kSpecials;
}

int SpecialIndex(std::string_view id) {
  const auto specials = Specials();
  for (size_t i = 0; i < specials.size(); ++i) {
    if (specials[i].id == id) return static_cast<int>(i);
  }
  MXSCAN_CHECK(false);
  return -1;
}

std::string WireLabels(std::string_view dotted) {
  std::string wire;
  while (true) {
    const size_t dot = dotted.find('.');
    const std::string_view label = dotted.substr(0, dot);
    wire.push_back(static_cast<char>(label.size()));
    wire.append(label);
    if (dot == std::string_view::npos) return wire;
    dotted.remove_prefix(dot + 1);
  }
}

Host MakeHost(std::string_view label, Family a, Family aaaa, Reverse reverse) {
  Host host;
  host.label = WireLabels(label);
  host.a = a;
  host.aaaa = aaaa;
  host.reverse = reverse;
  return host;
}

Host MakeAlias(std::string_view label, HostAlias alias) {
  Host host;
  host.label = WireLabels(label);
  host.alias = alias;
  return host;
}

std::vector<std::string> SplitWords(std::string_view words) {
  std::vector<std::string> list;
  while (!words.empty()) {
    const size_t space = words.find(' ');
    if (space != 0) list.emplace_back(words.substr(0, space));
    if (space == std::string_view::npos) break;
    words.remove_prefix(space + 1);
  }
  return list;
}

namespace {

Plan Make(std::string_view kind, Way way, std::string_view must) {
  Plan plan;
  plan.kind = kind;
  plan.share_ppm = kPlantedPpm;
  plan.way = way;
  plan.must = SplitWords(must);
  return plan;
}

Plan WithMx(std::string_view kind, std::vector<MxSpec> mx, std::vector<Host> hosts, std::string_view must) {
  Plan plan = Make(kind, Way::kMx, must);
  plan.mx = std::move(mx);
  plan.hosts = std::move(hosts);
  return plan;
}

Plan WithAlias(std::string_view kind, std::string_view target, std::string_view must) {
  Plan plan = Make(kind, Way::kAlias, must);
  plan.target = target;
  return plan;
}

Plan WithoutMx(std::string_view kind, Family a, Family aaaa, std::string_view must) {
  Plan plan = Make(kind, Way::kNoData, must);
  plan.self_a = a;
  plan.self_aaaa = aaaa;
  return plan;
}

Plan Ordinary(uint32_t share_ppm, Plan plan) {
  plan.share_ppm = share_ppm;
  plan.ordinary = true;
  return plan;
}

Plan InForm(NameForm form, Plan plan) {
  plan.form = form;
  return plan;
}

Plan WithTtl(uint32_t ttl, Plan plan) {
  plan.ttl = ttl;
  return plan;
}

Plan WithHosts(std::vector<Host> hosts, Plan plan) {
  plan.hosts = std::move(hosts);
  return plan;
}

MxSpec Own(uint16_t preference, int host = 0) { return {preference, Exchange::kOwn, host, {}}; }

Host InBlock(int block, uint8_t first, Host host) {
  host.block = block;
  host.first = first;
  return host;
}

// `count` hosts a, b, c ... of one address each, at one preference.
Plan Farm(std::string_view kind, int count, std::string_view must) {
  Plan plan = Make(kind, Way::kMx, must);
  for (int i = 0; i < count; ++i) {
    plan.mx.push_back(Own(10, i));
    plan.hosts.push_back(MakeHost(std::string("in") + static_cast<char>('a' + i), Data(1)));
  }
  return plan;
}

void AppendOrdinary(std::vector<Plan>* plans) {
  const MxSpec set = {10, Exchange::kProviderSet, 0, {}};
  plans->push_back(Ordinary(12000, WithMx("self_v4", {Own(10)}, {MakeHost("mail", Data(1))}, "mx_single fcrdns_pass")));
  plans->push_back(Ordinary(10000, WithMx("self_dual", {Own(10)}, {MakeHost("mail", Data(1), Data(1))}, "mx_single")));
  plans->push_back(Ordinary(
      6000, WithMx("self_two", {Own(10), Own(20, 1)}, {MakeHost("mail", Data(1), Data(1)), MakeHost("mail2", Data(1))},
                   "mx_backup_present domain_no_ipv4_mx! mxhost_ipv4_only")));
  plans->push_back(Ordinary(4000, WithMx("self_and_provider", {Own(10), {20, Exchange::kProvider, 0, {}}},
                                         {MakeHost("mail", Data(1), Data(1))}, "mx_external mx_backup_present")));
  plans->push_back(Ordinary(15000, InForm(NameForm::kSub, WithMx("sub_provider", {set}, {}, "mx_external"))));
  plans->push_back(Ordinary(25000, Make("nxdomain", Way::kNxDomain, "domain_nxdomain")));
  plans->push_back(Ordinary(15000, WithoutMx("no_mail", {}, {}, "mx_none_no_address")));
  plans->push_back(Ordinary(12000, WithoutMx("implicit_v4", Data(1), {}, "mx_none_implicit implicit_mx_suspect!")));
  plans->push_back(Ordinary(5000, WithoutMx("implicit_dual", Data(1), Data(1), "mx_none_implicit")));
  plans->push_back(Ordinary(10000, WithMx("null_mx", {{0, Exchange::kRoot, 0, {}}}, {}, "null_mx null_mx_not_sole!")));
  plans->push_back(Ordinary(
      5000, Make("mx_servfail", Way::kServFail,
                 "domain_lookup_servfail domain_nxdomain? domain_apex_cname? mx_ttl_zero? mx_rrset_inconsistent?")));
  plans->push_back(Ordinary(4000, Make("mx_timeout", Way::kTimeout, "domain_lookup_timeout null_mx?")));
  plans->push_back(Ordinary(3000, Make("mx_refused", Way::kRefused, "domain_lookup_refused mx_single?")));
}

void AppendAliases(std::vector<Plan>* plans) {
  plans->push_back(WithAlias("alias_provider", "hub", "domain_is_alias domain_apex_cname"));
  plans->push_back(WithAlias("alias_web", "www", "domain_is_alias mx_none_implicit mxhost_alias"));
  plans->push_back(WithAlias("alias_dangling", "old", "domain_alias_dangling domain_nxdomain! domain_is_alias!"));
  plans->push_back(WithAlias("alias_no_address", "empty", "mx_none_no_address domain_is_alias!"));
  plans->push_back(WithAlias("alias_loop_tail", "ringa", "domain_alias_loop"));
  plans->push_back(Make("alias_loop_self", Way::kLoopSelf, "domain_alias_loop domain_apex_cname"));
  plans->push_back(Make("alias_loop_three", Way::kLoopThree, "domain_alias_loop domain_alias_dangling!"));
  plans->push_back(WithAlias("alias_long", "hop8", "domain_alias_long domain_is_alias"));
  plans->push_back(WithAlias("alias_eight", "hop7", "domain_is_alias domain_alias_long!"));
  Plan dname = InForm(NameForm::kSub, Make("alias_dname", Way::kDname, "domain_is_alias domain_apex_cname!"));
  dname.target = "farm";
  plans->push_back(std::move(dname));
  Plan coexists = Make("cname_coexists", Way::kCoexists, "cname_coexists domain_is_alias! domain_apex_cname");
  coexists.target = "hub";
  coexists.mx = {{10, Exchange::kProviderSet, 0, {}}};
  plans->push_back(std::move(coexists));
}

void AppendFailures(std::vector<Plan>* plans) {
  plans->push_back(Make("mx_formerr", Way::kFormErr, "domain_lookup_servfail"));
  plans->push_back(Make("mx_notimp", Way::kNotImp, "domain_lookup_servfail"));
  plans->push_back(Make("mx_truncated", Way::kTruncated, "mx_truncated"));
  plans->push_back(InForm(NameForm::kTld, WithMx("tld_mx", {Own(10)}, {MakeHost("mail", Data(1))}, "mx_on_tld")));
  plans->push_back(InForm(NameForm::kTld, Make("tld_servfail", Way::kServFail, "mx_on_tld?")));
  plans->push_back(InForm(NameForm::kTld, Make("tld_nodata", Way::kNoData, "mx_none_no_address mx_on_tld!")));
}

void AppendNullAndImplicit(std::vector<Plan>* plans) {
  const MxSpec root = {0, Exchange::kRoot, 0, {}};
  const MxSpec root20 = {20, Exchange::kRoot, 0, {}};
  plans->push_back(WithMx("null_mx_preference", {root20}, {}, "null_mx null_mx_nonzero_pref"));
  plans->push_back(WithMx("null_mx_beside", {root, Own(10)}, {MakeHost("mail", Data(1))}, "null_mx_not_sole null_mx!"));
  plans->push_back(WithMx("null_mx_beside_broken", {Own(10), root20}, {MakeHost("mail", {})},
                          "null_mx_not_sole null_mx_nonzero_pref mx_all_unusable"));
  plans->push_back(WithMx("null_mx_twice", {root, root20}, {}, "null_mx_not_sole null_mx_nonzero_pref"));
  plans->push_back(WithHosts({InBlock(3, 0, MakeHost("mail", Data(1)))},
                             WithoutMx("implicit_suspect", Data(1), {}, "implicit_mx_suspect")));
  plans->push_back(WithHosts({InBlock(3, 0, MakeHost("smtp", {}, Data(1)))},
                             WithoutMx("implicit_suspect_smtp", Data(1), {}, "implicit_mx_suspect")));
  plans->push_back(WithHosts({InBlock(15, 0, MakeHost("mail", Data(1)))},
                             WithoutMx("implicit_same", Data(1), {}, "mx_none_implicit implicit_mx_suspect!")));
  plans->push_back(WithHosts({MakeHost("mail", Fails(How::kServFail), Fails(How::kServFail))},
                             WithoutMx("implicit_probe_fails", Data(1), {}, "implicit_mx_suspect?")));
  plans->push_back(WithoutMx("implicit_private", With("private10"), {}, "mx_none_implicit addr_private"));
  plans->push_back(WithoutMx("implicit_v6", {}, Data(1), "mx_none_implicit mxhost_ipv6_only"));
  plans->push_back(WithoutMx("implicit_unknown", Fails(How::kServFail), {},
                             "mx_none_address_unknown mx_none_implicit? mx_none_no_address?"));
  plans->push_back(WithoutMx("implicit_timeout", Fails(How::kTimeout), Fails(How::kTimeout),
                             "mx_none_address_unknown mx_none_no_address?"));
  plans->push_back(WithoutMx("implicit_half", Data(1), Fails(How::kTimeout),
                             "mx_none_implicit mxhost_family_lookup_failed mx_none_address_unknown!"));
}

void AppendSets(std::vector<Plan>* plans) {
  const Host good = MakeHost("mail", Data(1), Data(1));
  const Host gone = MakeHost("gone", Fails(How::kNxDomain), Fails(How::kNxDomain));
  const Host lame = MakeHost("lame", Fails(How::kServFail), Fails(How::kServFail));
  plans->push_back(Farm("many_eleven", 11, "mx_many mx_equal_preference"));
  plans->push_back(Farm("many_ten", 10, "mx_many! mx_equal_preference"));
  plans->push_back(WithMx("duplicate_target", {Own(10), Own(20)}, {good}, "mx_duplicate_target mx_single"));
  plans->push_back(WithMx("equal_preference", {Own(10), Own(10, 1)}, {good, MakeHost("mail2", Data(1), Data(1))},
                          "mx_equal_preference mx_backup_present!"));
  plans->push_back(WithMx("shared_address", {Own(10), Own(20, 1)},
                          {good, InBlock(0, 0, MakeHost("mail2", Data(1), Data(1)))},
                          "mx_shared_address mx_no_address_diversity ptr_not_mx_name"));
  plans->push_back(WithMx("same_prefix", {Own(10), Own(20, 1)},
                          {good, InBlock(0, 1, MakeHost("mail2", Data(1), Data(1)))},
                          "mx_same_prefix mx_shared_address! mx_no_address_diversity!"));
  plans->push_back(WithMx("ipv6_only_set", {Own(10)}, {MakeHost("mail", {}, Data(1))}, "domain_no_ipv4_mx"));
  plans->push_back(WithTtl(1000000, WithMx("ttl_high", {Own(10)}, {good}, "mx_ttl_high")));
  plans->push_back(WithTtl(604800, WithMx("ttl_week", {Own(10)}, {good}, "mx_ttl_high!")));
  Plan self = WithMx("target_self", {{10, Exchange::kSelf, 0, {}}}, {}, "mx_target_self mx_external!");
  self.self_a = Data(1);
  plans->push_back(std::move(self));
  plans->push_back(WithMx("primary_unusable", {Own(10, 1), Own(20)}, {good, gone},
                          "mx_primary_unusable mx_some_unusable mxhost_nxdomain"));
  plans->push_back(
      WithMx("backup_unusable", {Own(10), Own(20, 1)}, {good, gone}, "mx_some_unusable mx_primary_unusable!"));
  plans->push_back(WithMx("backup_unknown", {Own(10), Own(20, 1)}, {good, lame}, "mx_some_unusable? mx_all_unusable!"));
  plans->push_back(WithMx("primary_unknown", {Own(10, 1), Own(20)}, {good, lame}, "mx_primary_unusable?"));
  plans->push_back(WithMx("broken_unknown", {Own(10, 1), Own(20)}, {lame, gone}, "mx_all_unusable? mx_some_unusable?"));
  plans->push_back(WithMx("all_gone", {Own(10), Own(20, 1)}, {gone, MakeHost("empty", {})},
                          "mx_all_unusable mxhost_nxdomain mxhost_no_address mx_some_unusable!"));
}

}  // namespace

std::span<const Plan> Plans() {
  static const std::vector<Plan> plans = [] {
    std::vector<Plan> list;
    AppendOrdinary(&list);
    AppendAliases(&list);
    AppendFailures(&list);
    AppendNullAndImplicit(&list);
    AppendSets(&list);
    AppendHostPlans(&list);
    AppendProbePlans(&list);
    AppendAuthorityPlans(&list);
    list.push_back(Ordinary(0, WithMx("provider", {{10, Exchange::kProviderSet, 0, {}}}, {}, "mx_external")));
    return list;
  }();
  return plans;
}

}  // namespace mxscan::world
