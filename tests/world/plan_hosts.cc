// The kinds that concern exchange names, hosts, addresses and reverse names. Each breaks one thing, with a sound
// exchange beside it in about every second kind so that broken and degraded sets both occur.
#include "tests/world/plan.h"

namespace mxscan::world {
namespace {

Plan Single(std::string_view kind, Host host, std::string_view must) {
  Plan plan;
  plan.kind = kind;
  plan.share_ppm = kPlantedPpm;
  plan.mx = {{10, Exchange::kOwn, 0, {}}};
  plan.hosts = {std::move(host)};
  plan.must = SplitWords(must);
  return plan;
}

// Beside it, at a higher number, the provider's first exchange.
Plan Beside(Plan plan) {
  plan.mx.push_back({50, Exchange::kProvider, 0, {}});
  return plan;
}

Plan Named(std::string_view kind, Exchange exchange, std::string_view text, std::string_view must) {
  Plan plan;
  plan.kind = kind;
  plan.share_ppm = kPlantedPpm;
  plan.mx = {{10, exchange, 0, std::string(text)}};
  plan.must = SplitWords(must);
  return plan;
}

// An exchange of one peculiar label (raw octets), sound otherwise. Its PTR name is a plain one.
Plan Peculiar(std::string_view kind, std::string_view label, std::string_view must) {
  Host host;
  host.label.push_back(static_cast<char>(label.size()));
  host.label.append(label);
  host.a = Data(1);
  host.reverse = Reverse::kOther;
  return Single(kind, std::move(host), must);
}

void AppendSyntactic(std::vector<Plan>* plans) {
  const auto text = [plans](std::string_view kind, std::string_view name, std::string_view must) {
    plans->push_back(Named(kind, Exchange::kText, name, must));
  };
  text("ipv4_literal", "11.22.33.44", "mx_exchange_ipv4_literal mx_all_unusable");
  plans->push_back(Named("ipv4_literal_relative", Exchange::kLiteralUnder, "11.22.33.44",
                         "mx_exchange_ipv4_literal_relative mx_exchange_ipv4_literal!"));
  text("ipv6_literal", "2a00:1450::1a", "mx_exchange_ipv6_literal mx_exchange_single_label!");
  plans->push_back(
      Named("ipv6_literal_relative", Exchange::kLiteralUnder, "2a00:1450::1a", "mx_exchange_ipv6_literal"));
  text("bracketed", "[11.22.33.44]", "mx_exchange_bracketed mx_exchange_ipv4_literal! mx_exchange_illegal_char!");
  plans->push_back(Beside(Named("bracketed_beside", Exchange::kText, "[11.22.33.44]", "mx_some_unusable")));
  text("numeric_tld", "mail.123", "mx_exchange_numeric_tld mxhost_nxdomain");
  text("single_label", "mailhost", "mx_exchange_single_label mxhost_nxdomain");
  text("localhost", "localhost", "mx_exchange_localhost mx_exchange_single_label!");
  text("localhost_under", "mx.localhost", "mx_exchange_localhost");
  text("localhost_localdomain", "localhost.localdomain", "mx_exchange_localhost");
  for (const std::string_view tld : {"invalid", "test", "local", "onion", "internal", "alt"}) {
    text("special_" + std::string(tld), "mail." + std::string(tld), "mx_exchange_special_tld");
  }
  text("special_home_arpa", "mail.home.arpa", "mx_exchange_special_tld mx_exchange_arpa!");
  text("special_example", "mail.example.com", "mx_exchange_special_tld");
  text("arpa", "44.33.22.11.in-addr.arpa", "mx_exchange_arpa");
  plans->push_back(Beside(Named("token_beside", Exchange::kVerification, "", "mx_verification_token mx_single")));
  plans->push_back(Named("token_sole", Exchange::kVerification, "", "mx_verification_token mx_all_unusable!"));
}

void AppendNames(std::vector<Plan>* plans) {
  plans->push_back(Named("missing_dot", Exchange::kProviderUnder, "", "mx_exchange_missing_dot mxhost_nxdomain"));
  plans->push_back(Beside(Named("missing_dot_beside", Exchange::kProviderUnder, "", "mx_exchange_missing_dot")));
  plans->push_back(Named("missing_dot_gone", Exchange::kOldUnder, "", "mx_exchange_missing_dot"));
  Plan zone = Named("missing_dot_zone", Exchange::kProviderUnderZone, "", "mx_exchange_missing_dot");
  zone.form = NameForm::kSub;
  plans->push_back(std::move(zone));
  Plan twice = Named("missing_dot_twice", Exchange::kTwice, "", "mx_exchange_missing_dot");
  twice.hosts = {MakeHost("mail", Data(1))};
  plans->push_back(std::move(twice));
  plans->push_back(Named("missing_dot_twice_gone", Exchange::kTwice, "", "mx_exchange_missing_dot"));
  plans->push_back(Peculiar("underscore", "mail_1", "mx_exchange_underscore mx_exchange_illegal_char!"));
  plans->push_back(Peculiar("hyphen_first", "-mail", "mx_exchange_bad_hyphen"));
  plans->push_back(Peculiar("hyphen_last", "mail-", "mx_exchange_bad_hyphen"));
  plans->push_back(Peculiar("illegal_space", "mail host", "mx_exchange_illegal_char"));
  plans->push_back(Peculiar("illegal_dot", "mail.one", "mx_exchange_illegal_char"));
  plans->push_back(Peculiar("illegal_nul", std::string_view("mail\0one", 8), "mx_exchange_illegal_char"));
  plans->push_back(Peculiar("illegal_comma", "a,\"b\"", "mx_exchange_illegal_char"));
  plans->push_back(Peculiar("nonascii", "m\xc3\xa4il", "mx_exchange_nonascii"));
  plans->push_back(Peculiar("double_hyphen", "ab--cd", "mx_exchange_double_hyphen mx_exchange_bad_alabel!"));
  plans->push_back(Peculiar("bad_alabel", "xn--99999999999", "mx_exchange_bad_alabel mx_exchange_double_hyphen!"));
  plans->push_back(Peculiar("good_alabel", "xn--mnchen-3ya", "mx_exchange_bad_alabel! mx_exchange_double_hyphen!"));
  plans->push_back(Named("dangling", Exchange::kGone, "", "mx_exchange_dangling_registrable mxhost_nxdomain"));
  plans->push_back(Beside(Named("dangling_beside", Exchange::kGone, "", "mx_exchange_dangling_registrable")));
  plans->push_back(
      Named("provider_old", Exchange::kProviderOld, "", "mxhost_nxdomain mx_exchange_dangling_registrable!"));
}

void AppendHosts(std::vector<Plan>* plans) {
  const auto add = [plans](std::string_view kind, Family a, Family aaaa, std::string_view must) {
    plans->push_back(Single(kind, MakeHost("mail", a, aaaa), must));
  };
  const Family nx = Fails(How::kNxDomain);
  const Family servfail = Fails(How::kServFail);
  const Family refused = Fails(How::kRefused);
  const Family timeout = Fails(How::kTimeout);
  add("host_nxdomain", nx, nx, "mxhost_nxdomain mxhost_no_address! mx_exchange_missing_dot!");
  add("host_no_address", {}, {}, "mxhost_no_address");
  add("host_rcode_a", Data(1), nx, "mxhost_rcode_inconsistent");
  add("host_rcode_aaaa", nx, Data(1), "mxhost_rcode_inconsistent");
  add("host_servfail", servfail, servfail, "mxhost_lookup_servfail mxhost_nxdomain?");
  add("host_refused", refused, refused, "mxhost_lookup_refused mxhost_no_address?");
  add("host_timeout", timeout, timeout, "mxhost_lookup_timeout mx_all_unusable?");
  add("host_servfail_timeout", servfail, timeout, "mxhost_lookup_servfail mxhost_lookup_timeout");
  add("host_nodata_servfail", {}, servfail, "mxhost_lookup_servfail mxhost_no_address? mxhost_nxdomain!");
  add("host_refused_nodata", refused, {}, "mxhost_lookup_refused mxhost_no_address?");
  add("host_half_servfail", Data(1), servfail, "mxhost_family_lookup_failed mxhost_ipv4_only?");
  add("host_half_timeout", timeout, Data(1), "mxhost_family_lookup_failed mxhost_ipv6_only?");
  add("host_half_refused", Data(1), refused, "mxhost_family_lookup_failed domain_no_ipv6_mx?");
  add("host_multi", Data(3), Data(2), "mxhost_multi_address");
  add("host_ipv6_only", {}, Data(1), "mxhost_ipv6_only");
  const auto alias = [plans](std::string_view kind, HostAlias where, std::string_view must) {
    plans->push_back(Single(kind, MakeAlias(where == HostAlias::kDname ? "mail.dn" : "mail", where), must));
  };
  alias("host_alias", HostAlias::kProvider, "mxhost_alias mxhost_alias_cross_zone mxhost_dname_alias!");
  alias("host_alias_long", HostAlias::kLong, "mxhost_alias_long mxhost_alias");
  alias("host_alias_eight", HostAlias::kEight, "mxhost_alias mxhost_alias_long!");
  alias("host_alias_loop", HostAlias::kLoop, "mxhost_alias_loop mxhost_alias_dangling!");
  alias("host_alias_dangling", HostAlias::kDangling, "mxhost_alias_dangling mxhost_nxdomain!");
  alias("host_alias_dangling_own", HostAlias::kDanglingOwn, "mxhost_alias_dangling mxhost_alias_cross_zone!");
  alias("host_alias_no_address", HostAlias::kNoAddress, "mxhost_alias mxhost_no_address");
  alias("host_dname", HostAlias::kDname, "mxhost_dname_alias");
  Plan own = Single("host_alias_own", MakeAlias("mail", HostAlias::kOwn), "mxhost_alias mxhost_alias_cross_zone!");
  own.hosts.push_back(MakeHost("real", Data(1), Data(1)));
  plans->push_back(std::move(own));
}

void AppendAddresses(std::vector<Plan>* plans) {
  for (const Special& special : Specials()) {
    const Family family = With(special.id);
    Host host = special.family == 4 ? MakeHost("mail", family) : MakeHost("mail", {}, family);
    std::string must(special.finding);
    if (special.is_error) must += " mx_all_unusable";
    if (special.global) must += " ptr_nxdomain";
    plans->push_back(Single("addr_" + std::string(special.id), std::move(host), must));
  }
  plans->push_back(Single("addr_mixed", MakeHost("mail", With("private192", 2), With("linklocal6", 2)),
                          "addr_private addr_link_local mx_all_unusable! mxhost_multi_address"));
}

void AppendReverse(std::vector<Plan>* plans) {
  const auto add = [plans](std::string_view kind, Reverse reverse, std::string_view must) {
    plans->push_back(Single("ptr_" + std::string(kind), MakeHost("mail", Data(1), {}, reverse), must));
  };
  const auto both = [plans](std::string_view kind, Reverse reverse, std::string_view must) {
    plans->push_back(Single("ptr_" + std::string(kind), MakeHost("mail", Data(1), Data(1), reverse), must));
  };
  both("other", Reverse::kOther, "fcrdns_pass ptr_not_mx_name");
  both("nxdomain", Reverse::kNxDomain, "ptr_nxdomain");
  both("nodata", Reverse::kNoData, "ptr_nodata");
  both("servfail", Reverse::kServFail,
       "ptr_lookup_servfail fcrdns_unknown fcrdns_pass? ptr_nxdomain? ptr_not_mx_name?");
  add("refused", Reverse::kRefused, "ptr_lookup_refused ptr_multiple?");
  add("timeout", Reverse::kTimeout, "ptr_lookup_timeout ptr_generic?");
  add("alias", Reverse::kAlias, "ptr_via_alias fcrdns_pass");
  add("alias_dangling", Reverse::kAliasDangling, "ptr_alias_dangling ptr_nxdomain!");
  both("two", Reverse::kTwo, "ptr_multiple fcrdns_pass fcrdns_partial! ptr_excessive!");
  both("partial", Reverse::kPartial, "ptr_multiple fcrdns_partial");
  add("twelve", Reverse::kTwelve, "ptr_excessive ptr_multiple fcrdns_pass");
  add("thirty", Reverse::kThirty, "ptr_excessive fcrdns_pass");
  add("target_alias", Reverse::kTargetAlias, "ptr_target_alias fcrdns_pass");
  add("illegal_space", Reverse::kIllegalSpace, "ptr_target_illegal");
  add("illegal_underscore", Reverse::kIllegalScore, "ptr_target_illegal");
  add("literal", Reverse::kLiteral, "ptr_target_ip_literal fcrdns_fail ptr_generic!");
  add("single_label", Reverse::kSingleLabel, "ptr_target_single_label fcrdns_fail");
  add("localhost", Reverse::kLocalhost, "ptr_target_single_label fcrdns_fail");
  both("ghost", Reverse::kGhost, "ptr_target_unresolvable fcrdns_fail");
  add("hollow", Reverse::kHollow, "ptr_target_unresolvable fcrdns_fail");
  both("mismatch", Reverse::kMismatch, "fcrdns_fail ptr_target_unresolvable! ptr_not_mx_name!");
  add("mismatch_far", Reverse::kMismatchFar, "fcrdns_fail");
  add("generic_decimal", Reverse::kGenericDecimal, "ptr_generic fcrdns_pass");
  add("generic_reversed", Reverse::kGenericReversed, "ptr_generic");
  add("generic_hex", Reverse::kGenericHex, "ptr_generic");
  add("generic_token", Reverse::kGenericToken, "ptr_generic");
  plans->push_back(
      Single("ptr_generic_nibbles", MakeHost("mail", {}, Data(1), Reverse::kGenericNibbles), "ptr_generic"));
  both("confirm_servfail", Reverse::kConfirmServFail, "fcrdns_unknown fcrdns_pass? ptr_target_unresolvable?");
  add("confirm_refused", Reverse::kConfirmRefused, "fcrdns_unknown fcrdns_fail?");
  add("confirm_timeout", Reverse::kConfirmTimeout, "fcrdns_unknown ptr_not_mx_name?");
  add("confirm_mixed", Reverse::kConfirmMixed, "fcrdns_pass fcrdns_partial?");
  add("mismatch_fails", Reverse::kMismatchFails, "fcrdns_unknown fcrdns_partial? fcrdns_fail?");
}

}  // namespace

void AppendHostPlans(std::vector<Plan>* plans) {
  AppendSyntactic(plans);
  AppendNames(plans);
  AppendHosts(plans);
  AppendAddresses(plans);
  AppendReverse(plans);
}

}  // namespace mxscan::world
