// Findings about single MX records: what the exchange's name is, and what became of it.
//
// Sources: RFC 1035 3.3.9 and 5.1, RFC 1123 2.1, RFC 5321 2.3.5 and 4.1.3, RFC 5891, RFC 6761. All but two are judged
// from the name alone.
#include <initializer_list>

#include "output/column_stats.h"
#include "scanner/verdict/domain_facts.h"
#include "scanner/verdict/host_facts.h"
#include "scanner/verdict/name_syntax.h"

namespace mxscan {
namespace {

constexpr std::string_view kRootText = ".";

FindingSet SetOf(std::initializer_list<FindingId> ids) {
  FindingSet set;
  for (FindingId id : ids) set.Add(id);
  return set;
}

FindingSet AllOfScopeMx() {
  FindingSet set;
  for (const FindingInfo& info : AllFindings()) {
    if (info.scope == Scope::kMx) set.Add(info.id);
  }
  return set;
}

bool IsLiteral(ExchangeKind kind) {
  return kind == ExchangeKind::kBracketed || kind == ExchangeKind::kIpv4Literal ||
         kind == ExchangeKind::kIpv4LiteralRelative || kind == ExchangeKind::kIpv6Literal;
}

bool KindFinding(ExchangeKind kind, FindingId* id) {
  switch (kind) {
    case ExchangeKind::kHost:
    case ExchangeKind::kRoot:
      return false;
    case ExchangeKind::kVerification:
      *id = FindingId::kMxVerificationToken;
      return true;
    case ExchangeKind::kBracketed:
      *id = FindingId::kMxExchangeBracketed;
      return true;
    case ExchangeKind::kIpv4Literal:
      *id = FindingId::kMxExchangeIpv4Literal;
      return true;
    case ExchangeKind::kIpv4LiteralRelative:
      *id = FindingId::kMxExchangeIpv4LiteralRelative;
      return true;
    case ExchangeKind::kIpv6Literal:
      *id = FindingId::kMxExchangeIpv6Literal;
      return true;
    case ExchangeKind::kLocalhost:
      *id = FindingId::kMxExchangeLocalhost;
      return true;
    case ExchangeKind::kSpecialTld:
      *id = FindingId::kMxExchangeSpecialTld;
      return true;
    case ExchangeKind::kArpa:
      *id = FindingId::kMxExchangeArpa;
      return true;
    case ExchangeKind::kSingleLabel:
      *id = FindingId::kMxExchangeSingleLabel;
      return true;
    case ExchangeKind::kNumericTld:
      *id = FindingId::kMxExchangeNumericTld;
      return true;
  }
  return false;
}

class ExchangeJudge {
 public:
  ExchangeJudge(const DomainFacts& facts, size_t index, Verdict* verdict, EvidenceList* evidence)
      : facts_(facts),
        exchange_(facts.domain.exchanges[index]),
        own_(facts.exchanges[index]),
        verdict_(verdict),
        recorder_(verdict, evidence, {.text = own_.text}) {}

  void Run() {
    FindingId kind;
    if (KindFinding(own_.kind, &kind)) SetByName(kind, true);
    if (IsLiteral(own_.kind)) {
      static const FindingSet kOfCharacters =
          SetOf({FindingId::kMxExchangeUnderscore, FindingId::kMxExchangeBadHyphen, FindingId::kMxExchangeIllegalChar,
                 FindingId::kMxExchangeNonascii, FindingId::kMxExchangeDoubleHyphen, FindingId::kMxExchangeBadAlabel});
      verdict_->not_applicable |= kOfCharacters;
    } else {
      JudgeCharacters();
    }
    if (!IsLookedUp(own_.kind) || own_.host == nullptr) {
      static const FindingSet kOfLookups =
          SetOf({FindingId::kMxExchangeMissingDot, FindingId::kMxExchangeDanglingRegistrable});
      recorder_.NotApplicable(kOfLookups);
      return;
    }
    JudgeMissingDot();
    JudgeDangling();
  }

 private:
  void SetByName(FindingId id, bool present) {
    const auto describe = [this](EvidenceText& text) { text.Word("preference").Number(own_.lowest_preference); };
    recorder_.Set(id, StateIf(present), describe, describe);
  }

  void JudgeCharacters() {
    if (IsLettersDigitsAndDots(own_.text)) return;
    const NameSyntax syntax = InspectName(exchange_.name);
    if (syntax == NameSyntax()) return;  // as of nearly every name: all absent
    SetByName(FindingId::kMxExchangeUnderscore, syntax.underscore);
    SetByName(FindingId::kMxExchangeBadHyphen, syntax.bad_hyphen);
    SetByName(FindingId::kMxExchangeIllegalChar, syntax.illegal_char);
    SetByName(FindingId::kMxExchangeNonascii, syntax.nonascii);
    SetByName(FindingId::kMxExchangeDoubleHyphen, syntax.double_hyphen);
    SetByName(FindingId::kMxExchangeBadAlabel, syntax.bad_alabel);
  }

  void DescribeLookups(EvidenceText& text) const {
    text.Word("a").OutcomeOf(own_.host->a);
    text.Word("aaaa").OutcomeOf(own_.host->aaaa);
  }

  void JudgeMissingDot() {
    const Fact missing = Not(HasAddress(*own_.host));
    Name stripped;
    FindingState state = FindingState::kAbsent;
    if (missing != Fact::kNo && SuspectMissingDot(exchange_.name, facts_.domain.name, facts_.suffixes, &stripped)) {
      state = StateOf(missing);
    }
    recorder_.Set(
        FindingId::kMxExchangeMissingDot, state,
        [&](EvidenceText& text) {
          const Outcome outcome = exchange_.stripped_probe.outcome;
          text.Word("perhaps meant").Name(stripped);
          if (outcome == Outcome::kData) text.Word("which has an address: confirmed");
          if (IsEmpty(outcome)) text.Word("which has no address");
          if (IsFailed(outcome)) text.Word("lookup").Word(ToText(outcome));
        },
        [&](EvidenceText& text) { DescribeLookups(text); });
  }

  // The exchange and its registrable domain are both NXDOMAIN, and the latter is not d's own.
  FindingState DanglingState(NameView* registrable) const {
    const Fact nxdomain = IsAlias(*own_.host) ? Fact::kNo : IsNxDomain(*own_.host);
    if (nxdomain == Fact::kNo) return FindingState::kAbsent;
    *registrable = facts_.suffixes.Registrable(exchange_.name);
    if (registrable->empty() || *registrable == facts_.registrable) return FindingState::kAbsent;
    if (nxdomain != Fact::kYes) return StateOf(nxdomain);
    const Outcome outcome = exchange_.registrable_probe.outcome;
    if (outcome == Outcome::kNotAsked) {
      return exchange_.registrable_probe.withheld ? FindingState::kUnknown : FindingState::kNotApplicable;
    }
    return StateIf(outcome == Outcome::kNxDomain, IsFailed(outcome));
  }

  void JudgeDangling() {
    NameView registrable;
    const FindingState state = DanglingState(&registrable);
    recorder_.Set(
        FindingId::kMxExchangeDanglingRegistrable, state,
        [&](EvidenceText& text) { text.Word("registrable domain").Name(registrable).Word("nxdomain"); },
        [&](EvidenceText& text) {
          DescribeLookups(text);
          if (IsFailed(exchange_.registrable_probe.outcome)) {
            text.Word("registrable domain").Name(registrable).Word(ToText(exchange_.registrable_probe.outcome));
          }
          if (exchange_.registrable_probe.withheld) text.Word("registrable domain").Name(registrable).Word("blocked");
        });
  }

  const DomainFacts& facts_;
  const ExchangeObservation& exchange_;
  const ExchangeFacts& own_;
  Verdict* verdict_;
  Recorder recorder_;
};

}  // namespace

void JudgeMxRecords(const DomainFacts& facts, DomainVerdict* verdict) {
  static const FindingSet kScopeMx = AllOfScopeMx();
  if (facts.domain.mx.outcome != Outcome::kData) return;
  const std::vector<MxObservation>& records = facts.domain.records;
  verdict->mx.assign(records.size(), MxVerdict{});
  absl::InlinedVector<uint32_t, 8> first_record(facts.exchanges.size(), kRootExchange);
  for (size_t i = 0; i < records.size(); ++i) {
    MxVerdict& mx = verdict->mx[i];
    mx.preference = records[i].preference;
    mx.ttl = records[i].ttl;
    const uint32_t index = facts.record_exchange[i];
    if (index == kRootExchange) {
      mx.exchange = CellText(kRootText);
      mx.usable = Usable::kNo;
      mx.verdict.not_applicable = kScopeMx;
      continue;
    }
    mx.exchange = Prepare(facts.exchanges[index].text);
    mx.usable = facts.exchanges[index].usable;
    mx.looked_up = IsLookedUp(facts.exchanges[index].kind);
    if (first_record[index] != kRootExchange) {  // judged already: the same name at another preference
      mx.verdict = verdict->mx[first_record[index]].verdict;
      continue;
    }
    first_record[index] = static_cast<uint32_t>(i);
    ExchangeJudge(facts, index, &mx.verdict, &verdict->evidence).Run();
  }
}

}  // namespace mxscan
