#include "scanner/verdict/explanations_page.h"

#include <cctype>

#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"
#include "output/types.h"
#include "scanner/verdict/explanations.h"

namespace mxscan {
namespace {

constexpr size_t kLabelColumns = 13;

// absl::string_view is a class of its own here.
std::string Text(std::string_view text) { return std::string(text); }

std::string_view ScopeTitle(Scope scope) {
  switch (scope) {
    case Scope::kDomain:
      return "the domain itself";
    case Scope::kMxSet:
      return "the MX records of a domain taken together";
    case Scope::kMx:
      return "one MX record, judged by its exchange's name";
    case Scope::kHost:
      return "an exchange host and its address records";
    case Scope::kAddress:
      return "an address of an exchange";
    case Scope::kReverse:
      return "the reverse names of an address";
    case Scope::kPolicy:
      return "what the domain publishes about its mail: SPF, DMARC, MTA-STS, TLS-RPT, DANE, DNSSEC";
    case Scope::kZone:
      return "the zone: its name servers and its SOA record";
  }
  return {};
}

std::string_view SeverityMeaning(Severity severity) {
  switch (severity) {
    case Severity::kInfo:
      return "a fact; nothing is to be mended";
    case Severity::kNotice:
      return "allowed, and mail works; worth a look";
    case Severity::kWarning:
      return "a fault: some mail may be late, lost, refused or unprotected";
    case Severity::kError:
      return "wrong as it stands: mail fails or is open to abuse";
    case Severity::kUnknown:
      return "no verdict: a lookup failed";
  }
  return {};
}

std::string_view NeedsMeaning(Needs needs) {
  switch (needs) {
    case Needs::kAny:
      return "answers of any resolver";
    case Needs::kAuth:
      return "answers of authoritative servers; not applicable through a caching resolver";
    case Needs::kResolver:
      return "answers of a validating resolver";
    case Needs::kPolicy:
      return "the policy lookups switched on";
    case Needs::kInput:
      return "the input line only";
  }
  return {};
}

constexpr Scope kScopes[] = {Scope::kDomain,  Scope::kMxSet,   Scope::kMx,     Scope::kHost,
                             Scope::kAddress, Scope::kReverse, Scope::kPolicy, Scope::kZone};
static_assert(std::size(kScopes) == kScopeCount);
constexpr Severity kSeverities[] = {Severity::kError, Severity::kWarning, Severity::kNotice, Severity::kInfo,
                                    Severity::kUnknown};
static_assert(std::size(kSeverities) == kSeverityCount);
constexpr Needs kNeeds[] = {Needs::kAny, Needs::kAuth, Needs::kResolver, Needs::kPolicy, Needs::kInput};

constexpr std::string_view kWordsOfDefinitions =
    "In a definition d is the domain asked about, MX(d) the answer for its MX records. An exchange is usable if it has "
    "at least one address that the whole Internet can reach.";
constexpr std::string_view kWordsOfExamples =
    "Examples are lines of a zone file. In them example.org is the domain, example.net somebody else's, and the "
    "addresses are documentation's: write your own. Names without a trailing dot are completed with the zone's name, "
    "example.org.";

// Calls f(line) for each line of `text`.
template <typename F>
void ForEachLine(std::string_view text, F f) {
  while (!text.empty()) {
    const size_t end = text.find('\n');
    f(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
}

std::string Label(std::string_view word) {
  std::string label = absl::StrCat("  ", Text(word));
  label.resize(kLabelColumns, ' ');
  return label;
}

std::string Meaning(std::string_view word, std::string_view meaning) {
  return absl::StrCat(Text(word), ": ", Text(meaning));
}

nlohmann::ordered_json TextOrNull(std::string_view text) {
  return text.empty() ? nlohmann::ordered_json(nullptr) : nlohmann::ordered_json(Text(text));
}

// Characters that would be mark-up. An underscore within a word is none.
std::string EscapeMarkdown(std::string_view text) {
  const auto is_word = [&](size_t i) { return i < text.size() && std::isalnum(static_cast<unsigned char>(text[i])); };
  std::string escaped;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool inner_underscore = text[i] == '_' && i > 0 && is_word(i - 1) && is_word(i + 1);
    if (!inner_underscore && std::string_view("\\`*_[]<>#|&~").find(text[i]) != std::string_view::npos) escaped += '\\';
    escaped += text[i];
  }
  return escaped;
}

constexpr std::string_view kPageHead = R"(# Findings

What mxscan says about a domain's mail DNS, what each finding means, why it matters and how to mend it. `mxscan explain FINDING` prints one entry.

This page is generated. After a change of the catalog or of its texts write it anew with `mxscan explain --markdown > scanner/verdict/FINDINGS.md`; a unit test holds the two equal.

## The four states

For each subject a finding is in one of four states:

- **present**: what the definition says was seen.
- **absent**: the lookups that it depends on all gave definite answers, and it was not seen.
- **unknown**: a lookup that it depends on failed (SERVFAIL, REFUSED or no answer). A failure is never read as a verdict: what says "missing", "none", "only" or "unusable" needs answers that say so.
- **not applicable**: the question does not arise for the subject, or the run could not find out, for instance about the TTL of an authoritative server through a caching resolver.

The dataset has a row for what is present or unknown; the summary counts all four, so that a share has an honest denominator: present of present and absent. Ids never change their meaning.

)";

void AppendEntry(const FindingInfo& info, std::string* page) {
  const Explanation& texts = Explain(info.id);
  absl::StrAppend(page, "\n### ", Text(info.text), "\n\n", Text(ToText(info.severity)), " | needs ",
                  Text(ToText(info.needs)));
  if (!info.reference.empty()) absl::StrAppend(page, " | ", EscapeMarkdown(info.reference));
  absl::StrAppend(page, "\n\n**Present when:** ", EscapeMarkdown(info.definition), ".\n\n**Why it matters:** ",
                  EscapeMarkdown(texts.why), "\n\n**What to do:** ", EscapeMarkdown(texts.mend), "\n");
  if (!texts.example.empty()) absl::StrAppend(page, "\n```dns-zone\n", Text(texts.example), "\n```\n");
}

}  // namespace

std::string WrapText(std::string_view head, std::string_view text) {
  std::string wrapped = Text(head);
  size_t columns = head.size();
  bool first = true;
  while (!text.empty()) {
    const size_t end = text.find(' ');
    const std::string_view word = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (word.empty()) continue;
    if (!first && columns + 1 + word.size() > kTextColumns) {
      absl::StrAppend(&wrapped, "\n", std::string(head.size(), ' '));
      columns = head.size();
      first = true;
    }
    absl::StrAppend(&wrapped, first ? "" : " ", Text(word));
    columns += word.size() + (first ? 0 : 1);
    first = false;
  }
  return wrapped + "\n";
}

std::string CatalogText() {
  std::string text = WrapText("", absl::StrCat(kFindingCount,
                                               " findings. 'mxscan explain FINDING' says of one why it matters and how "
                                               "to mend it."));
  absl::StrAppend(&text, "\n", WrapText("", kWordsOfDefinitions), "\n", WrapText("", kWordsOfExamples), "\n");
  for (const Severity severity : kSeverities) {
    text += WrapText(Label(ToText(severity)), SeverityMeaning(severity));
  }
  for (const Scope scope : kScopes) {
    absl::StrAppend(&text, "\n", WrapText("", Meaning(ToText(scope), ScopeTitle(scope))));
    for (const FindingInfo& info : AllFindings()) {
      if (info.scope != scope) continue;
      absl::StrAppend(&text, Label(ToText(info.severity)), Text(info.text), "\n");
      text += WrapText(std::string(kLabelColumns + 2, ' '), info.definition);
    }
  }
  return text;
}

std::string FindingText(FindingId id) {
  const FindingInfo& info = GetFinding(id);
  const Explanation& texts = Explain(id);
  std::string text = absl::StrCat(Text(info.text), "\n");
  text += WrapText(Label("scope"), Meaning(ToText(info.scope), ScopeTitle(info.scope)));
  text += WrapText(Label("severity"), Meaning(ToText(info.severity), SeverityMeaning(info.severity)));
  text += WrapText(Label("needs"), Meaning(ToText(info.needs), NeedsMeaning(info.needs)));
  text += WrapText(Label("present"), absl::StrCat("when ", Text(info.definition)));
  text += WrapText(Label("why"), texts.why);
  text += WrapText(Label("mend"), texts.mend);
  std::string label = Label("example");
  ForEachLine(texts.example, [&](std::string_view line) {
    absl::StrAppend(&text, label, Text(line), "\n");
    label.assign(kLabelColumns, ' ');
  });
  if (!info.reference.empty()) text += WrapText(Label("reference"), info.reference);
  return text;
}

std::string FindingsJson(std::span<const FindingId> ids) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const FindingId id : ids) {
    const FindingInfo& info = GetFinding(id);
    const Explanation& texts = Explain(id);
    nlohmann::ordered_json entry;
    entry["finding"] = Text(info.text);
    entry["scope"] = Text(ToText(info.scope));
    entry["severity"] = Text(ToText(info.severity));
    entry["needs"] = Text(ToText(info.needs));
    entry["definition"] = Text(info.definition);
    entry["why"] = Text(texts.why);
    entry["mend"] = Text(texts.mend);
    entry["example"] = TextOrNull(texts.example);
    entry["reference"] = TextOrNull(info.reference);
    list.push_back(std::move(entry));
  }
  return list.dump(2) + "\n";
}

std::string MarkdownPage() {
  std::string page = Text(kPageHead);
  absl::StrAppend(&page, "## Words\n\n", Text(kWordsOfDefinitions), "\n\n", Text(kWordsOfExamples), "\n\n| severity | ",
                  "what it says |\n| --- | --- |\n");
  for (const Severity severity : kSeverities) {
    absl::StrAppend(&page, "| ", Text(ToText(severity)), " | ", Text(SeverityMeaning(severity)), " |\n");
  }
  page += "\n| needs | what has to be there for a verdict |\n| --- | --- |\n";
  for (const Needs needs : kNeeds) {
    absl::StrAppend(&page, "| ", Text(ToText(needs)), " | ", Text(NeedsMeaning(needs)), " |\n");
  }
  page += "\n| scope | what is judged |\n| --- | --- |\n";
  for (const Scope scope : kScopes) {
    absl::StrAppend(&page, "| [", Text(ToText(scope)), "](#scope-", Text(ToText(scope)), ") | ",
                    Text(ScopeTitle(scope)), " |\n");
  }
  for (const Scope scope : kScopes) {
    absl::StrAppend(&page, "\n## Scope ", Text(ToText(scope)), "\n\nAbout ", Text(ScopeTitle(scope)), ".\n");
    for (const FindingInfo& info : AllFindings()) {
      if (info.scope == scope) AppendEntry(info, &page);
    }
  }
  return page;
}

}  // namespace mxscan
