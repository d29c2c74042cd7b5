#include "scanner/check/check_text.h"

#include <algorithm>
#include <cstdio>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "scanner/check/tree.h"
#include "scanner/check/zone_lines.h"
#include "scanner/dns/name.h"
#include "scanner/verdict/explanations.h"

namespace mxscan {
namespace {

constexpr size_t kSubjectsShownMax = 5;  // of one finding
constexpr size_t kServersShownMax = 4;   // in the last line
constexpr size_t kTextIndent = 3;
constexpr size_t kLabelIndent = 9;  // behind "   Mend: "

struct SeverityStyle {
  const char* heading;
  const char* one;   // of one finding, in the sum
  const char* many;  // of several
  Tint tint;
};

SeverityStyle StyleOf(Severity severity) {
  switch (severity) {
    case Severity::kError:
      return {"ERROR", "error", "errors", Tint::kBad};
    case Severity::kWarning:
      return {"WARNING", "warning", "warnings", Tint::kDoubt};
    case Severity::kNotice:
      return {"NOTICE", "notice", "notices", Tint::kHint};
    case Severity::kInfo:
      return {"INFO", "info", "info", Tint::kFaint};
    case Severity::kUnknown:
      break;
  }
  return {"FAILED", "failed lookup", "failed lookups", Tint::kFailed};
}

Tint TintOf(const JudgedDomain& judged) {
  switch (judged.verdict.domain_class) {
    case DomainClass::kNullMx:
    case DomainClass::kMxOk:
    case DomainClass::kMxUsable:
    case DomainClass::kImplicitOk:
      return judged.worst == Worst::kError ? Tint::kDoubt : Tint::kGood;
    case DomainClass::kMxDegraded:
    case DomainClass::kNoMail:
      return Tint::kDoubt;
    case DomainClass::kMxBroken:
    case DomainClass::kImplicitBroken:
    case DomainClass::kNxDomain:
      return Tint::kBad;
    case DomainClass::kUnknown:
      break;
  }
  return Tint::kFailed;
}

std::string Counted(size_t count, const char* one, const char* many) {
  return absl::StrCat(count, " ", count == 1 ? one : many);
}

std::string WithoutLastDot(std::string text) {
  if (text.size() > 1) text.pop_back();
  return text;
}

// The lines of a text.
std::vector<std::string_view> LinesOf(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

// A record that is too long for the line goes on in the next one, as master files allow (RFC 1035 5.1): so it can still
// be pasted.
std::vector<std::string> FoldZoneLine(std::string_view line, size_t columns) {
  const size_t last = line.rfind(' ');
  if (line.size() <= columns || line.front() == ';' || last == std::string_view::npos) return {std::string(line)};
  return {absl::StrCat(std::string(line.substr(0, last)), " ("),
          absl::StrCat(std::string(line.substr(last + 1)), " )")};
}

std::vector<std::string> WordsOf(const std::string& text) { return absl::StrSplit(text, ' ', absl::SkipEmpty()); }

class TextMaker {
 public:
  TextMaker(const JudgedDomain& judged, const CheckResult& result, const Suffixes& suffixes,
            const CheckTextOptions& options)
      : judged_(judged), result_(result), suffixes_(suffixes), options_(options), page_(options.page) {}

  std::string Make(const std::string& note) {
    const std::string name = WithoutLastDot(NameToText(judged_.domain->name));
    page_.Paragraph({{name + ":", Tint::kBold}, {Headline(judged_), TintOf(judged_)}}, 0, 2);
    if (!note.empty()) page_.Paragraph({{absl::StrCat("(", note, ")"), Tint::kFaint}}, 0, 2);
    page_.Paragraph({{Sum(), Tint::kFaint}}, 0, 2);
    page_.Blank();
    const CheckTree tree = MakeTree(judged_, result_, suffixes_);
    page_.Tree(tree.root);
    AddServers(tree);
    AddDelegation();
    AddFindings();
    return page_.Take();
  }

 private:
  // "2 errors, 1 warning; class mx_degraded".
  std::string Sum() const {
    std::string text;
    for (Severity severity :
         {Severity::kError, Severity::kUnknown, Severity::kWarning, Severity::kNotice, Severity::kInfo}) {
      const size_t count = judged_.present[static_cast<size_t>(severity)];
      const SeverityStyle style = StyleOf(severity);
      if (count == 0) continue;
      absl::StrAppend(&text, text.empty() ? "" : ", ", Counted(count, style.one, style.many));
    }
    if (text.empty()) text = "nothing found";
    if (judged_.unknown > 0) absl::StrAppend(&text, "; ", judged_.unknown, " not known");
    return absl::StrCat(text, " (class ", std::string(ToText(judged_.verdict.domain_class)), ")");
  }

  void AddServers(const CheckTree& tree) {
    if (tree.servers.empty()) return;
    std::vector<Span> spans = {{"answered by"}};
    for (const int server : tree.servers) {
      spans.push_back({absl::StrCat("[", server + 1, "] ", result_.servers[static_cast<size_t>(server)])});
    }
    for (Span& span : spans) span.tint = Tint::kFaint;
    page_.Paragraph(spans, 0, 2);
  }

  // "zone example.com. at ns1.example.com. 192.0.2.1, ns2.example.com. 192.0.2.2 (lame)", and what all of them say.
  void AddDelegation() {
    for (const CheckDelegation& delegation : result_.delegations) {
      if (delegation.domain != judged_.domain->name) continue;
      std::vector<Span> spans = {{"zone", Tint::kFaint}, {NameToText(delegation.zone), Tint::kFaint}};
      spans.push_back({"at", Tint::kFaint});
      for (size_t i = 0; i < delegation.servers.size(); ++i) {
        const CheckDelegation::Server& server = delegation.servers[i];
        std::string text = server.ns.empty() ? "" : NameToText(server.ns);
        for (const IpAddress& address : server.addresses) {
          absl::StrAppend(&text, text.empty() ? "" : " ", address.ToString());
        }
        if (server.addresses.empty()) absl::StrAppend(&text, " (not looked up)");
        if (server.lame) absl::StrAppend(&text, " (lame)");
        if (i + 1 < delegation.servers.size()) text.push_back(',');
        spans.push_back({text, server.lame ? Tint::kDoubt : Tint::kFaint});
      }
      page_.Paragraph(spans, 0, 2);
    }
    if (!judged_.domain->servers_asked) return;
    const ServersObservation& servers = judged_.domain->servers;
    std::string text = absl::StrCat("every server asked for MX: ", servers.answered, " answered, ", servers.lame,
                                    " lame, ", servers.failed, " failed; ");
    if (servers.differ) {
      absl::StrAppend(&text, servers.one.ToString(), " and ", servers.other.ToString(), " differ");
    } else {
      absl::StrAppend(&text, servers.answered < 2 ? "nothing to compare" : "those that answered agree");
    }
    page_.Paragraph({{text, servers.differ ? Tint::kDoubt : Tint::kFaint}}, 0, 2);
  }

  void AddFindings() {
    bool compact = false;
    for (const JudgedFinding& finding : judged_.findings) {
      if (finding.state == FindingState::kUnknown) continue;
      if (GetFinding(finding.id).severity != Severity::kInfo) {
        page_.Blank();
        AddFinding(finding);
        continue;
      }
      if (!compact) page_.Blank();
      compact = true;
      AddCompact(finding);
    }
    AddUnknown();
  }

  void AddFinding(const JudgedFinding& finding) {
    const FindingInfo& info = GetFinding(finding.id);
    const SeverityStyle style = StyleOf(info.severity);
    std::vector<Span> heading = {{style.heading, style.tint}, {std::string(info.text), Tint::kBold}};
    if (!options_.explain) heading.push_back({absl::StrCat("- ", std::string(info.definition))});
    page_.Paragraph(heading, 0, kTextIndent);
    for (size_t i = 0; i < finding.subjects.size(); ++i) {
      if (i == kSubjectsShownMax) {
        Labelled("", absl::StrCat("... and ", finding.subjects.size() - i, " more"));
        break;
      }
      const JudgedSubject& evidence = finding.subjects[i];
      Labelled("Here:", absl::StrCat(evidence.subject, evidence.text.empty() ? "" : ": ", evidence.text));
    }
    if (options_.explain) AddExplanation(finding);
    if (!info.reference.empty()) Labelled("See:", std::string(info.reference));
  }

  void Labelled(const char* label, const std::string& text, Tint tint = Tint::kNone) {
    page_.Labelled({label, Tint::kFaint}, {{text, tint}}, kTextIndent, kLabelIndent);
  }

  void AddExplanation(const JudgedFinding& finding) {
    const Explanation& texts = Explain(finding.id);
    if (!texts.why.empty()) Labelled("Why:", std::string(texts.why));
    if (!texts.mend.empty()) Labelled("Mend:", std::string(texts.mend));
    const std::string own = ZoneLines(finding, judged_, suffixes_);
    const char* label = own.empty() ? "E.g.:" : "Zone:";
    for (const std::string_view line : LinesOf(own.empty() ? texts.example : std::string_view(own))) {
      for (const std::string& folded : FoldZoneLine(line, static_cast<size_t>(options_.page.columns) - kLabelIndent)) {
        Labelled(label, folded, Tint::kHint);
        label = "";
      }
    }
  }

  // On one line, cut where it is full: "INFO fcrdns_pass: 192.0.2.1 192.0.2.2 (+3)". Of a finding about the domain as a
  // whole the evidence, since the subject is known.
  void AddCompact(const JudgedFinding& finding) {
    const std::string head = absl::StrCat(std::string(GetFinding(finding.id).text), ":");
    std::vector<std::string> words;
    if (finding.subjects.size() == 1 && finding.subjects[0].subject == NameToText(judged_.domain->name)) {
      words = WordsOf(finding.subjects[0].text);
    } else {
      for (const JudgedSubject& evidence : finding.subjects) {
        if (words.empty() || words.back() != evidence.subject) words.push_back(evidence.subject);
      }
    }
    size_t column = std::strlen("INFO ") + head.size();
    std::vector<Span> spans = {{"INFO", Tint::kFaint}, {head}};
    const auto width = static_cast<size_t>(options_.page.columns);
    for (size_t i = 0; i < words.size(); ++i) {
      const size_t left = words.size() - i;
      const std::string more = absl::StrCat("(+", left, ")");
      const size_t room = left == 1 ? 0 : 1 + more.size();
      if (i > 0 && column + 1 + words[i].size() + room > width) {
        spans.push_back({more, Tint::kFaint});
        break;
      }
      spans.push_back({words[i]});
      column += 1 + words[i].size();
    }
    page_.Paragraph(spans, 0, kTextIndent);
  }

  void AddUnknown() {
    if (judged_.unknown == 0 && judged_.finished) return;
    page_.Blank();
    if (!judged_.finished) {
      page_.Paragraph({{"NOT FINISHED", Tint::kFailed}, {"- the check ended before every address was looked up"}}, 0,
                      kTextIndent);
    }
    if (judged_.unknown == 0) return;
    std::vector<Span> spans = {{"NOT KNOWN", Tint::kFailed}, {"- because a lookup failed:"}};
    for (const JudgedFinding& finding : judged_.findings) {
      if (finding.state != FindingState::kUnknown) continue;
      if (spans.size() > 2) spans.back().text.push_back(',');
      spans.push_back({std::string(GetFinding(finding.id).text)});
    }
    page_.Paragraph(spans, 0, kTextIndent);
  }

  const JudgedDomain& judged_;
  const CheckResult& result_;
  const Suffixes& suffixes_;
  const CheckTextOptions& options_;
  Page page_;
};

}  // namespace

std::string FormatCheckText(const JudgedDomain& judged, const std::string& note, const CheckResult& result,
                            const Suffixes& suffixes, const CheckTextOptions& options) {
  return TextMaker(judged, result, suffixes, options).Make(note);
}

std::string FormatCheckEnd(const std::vector<Worst>& domains, const CheckResult& result,
                           const CheckTextOptions& options) {
  Page page(options.page);
  page.Blank();
  if (domains.size() > 1) {
    const auto count = [&](Worst worst) {
      return static_cast<size_t>(std::count(domains.begin(), domains.end(), worst));
    };
    page.Paragraph({{absl::StrCat(domains.size(), " domains: ", count(Worst::kError), " with errors, ",
                                  count(Worst::kNoError), " without, ", count(Worst::kUnknown), " not known"),
                     Tint::kBold}},
                   0, 2);
  }
  char seconds[32];
  std::snprintf(seconds, sizeof(seconds), "%.2f s", static_cast<double>(result.duration_ns) / 1e9);
  std::string text = "asked";
  if (result.iterative) {
    absl::StrAppend(&text, " the zones' own servers, from the root down");
  } else {
    for (size_t i = 0; i < std::min(result.servers.size(), kServersShownMax); ++i) {
      absl::StrAppend(&text, i == 0 ? " " : ", ", result.servers[i]);
    }
    if (result.servers.size() > kServersShownMax) {
      absl::StrAppend(&text, " and ", result.servers.size() - kServersShownMax, " more");
    }
  }
  absl::StrAppend(&text, ": ", Counted(result.questions, "question", "questions"), " in ",
                  Counted(result.attempts, "attempt", "attempts"), ", ", seconds);
  page.Paragraph({{text, Tint::kFaint}}, 0, 2);
  return page.Take();
}

}  // namespace mxscan
