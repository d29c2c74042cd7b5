// mxscan explain [FINDING...]
#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "output/catalog.h"
#include "scanner/cli/commands.h"
#include "scanner/cli/exit_status.h"
#include "scanner/verdict/explanations_page.h"

namespace mxscan {
namespace {

// No id is nearly as long; a longer word is not compared with them.
constexpr size_t kWordMax = 64;

class ExplainCommand : public Command {
 public:
  explicit ExplainCommand(CLI::App* root) {
    app_ = root->add_subcommand("explain", "what findings mean, why they matter, how to mend them");
    CLI::Option* names = app_->add_option("FINDING", names_, "ids, such as mx_single; without any, the catalog");
    CLI::Option* json = app_->add_flag("--json", json_, "as JSON, for programs");
    app_->add_flag("--markdown", markdown_, "the whole catalog as a page")->excludes(names)->excludes(json);
  }
  CLI::App* app() override { return app_; }

  int Run() override {
    std::vector<FindingId> ids;
    for (const std::string& name : names_) {
      FindingId id{};
      if (!FromText(ToId(name), &id)) return Refuse(name);
      ids.push_back(id);
    }
    return Print(Output(std::move(ids))) ? kExitDone : kExitWrite;
  }

 private:
  // Ids are of small letters and underscores; hyphens and capitals are taken for them.
  static std::string ToId(const std::string& word) {
    std::string id = absl::AsciiStrToLower(word);
    std::replace(id.begin(), id.end(), '-', '_');
    return id;
  }

  static int Refuse(const std::string& word) {
    std::string nearest;
    if (word.size() <= kWordMax) {
      CLI::App findings;
      for (const FindingInfo& info : AllFindings()) findings.add_subcommand(std::string(info.text));
      nearest = Suggest(findings, ToId(word));
    }
    Complain(absl::StrCat("'", absl::CHexEscape(word.substr(0, kWordMax)), "' is no finding",
                          nearest.empty() ? "" : absl::StrCat("; did you mean ", nearest, "?"),
                          "\nmxscan: 'mxscan explain' lists them all"));
    return kExitUsage;
  }

  std::string Output(std::vector<FindingId> ids) const {
    if (markdown_) return MarkdownPage();
    if (json_) {
      if (ids.empty()) {
        for (const FindingInfo& info : AllFindings()) ids.push_back(info.id);
      }
      return FindingsJson(ids);
    }
    if (ids.empty()) return CatalogText();
    std::string text;
    for (const FindingId id : ids) absl::StrAppend(&text, text.empty() ? "" : "\n", FindingText(id));
    return text;
  }

  CLI::App* app_;
  std::vector<std::string> names_;
  bool json_ = false;
  bool markdown_ = false;
};

}  // namespace

std::unique_ptr<Command> AddExplainCommand(CLI::App* root) { return std::make_unique<ExplainCommand>(root); }

}  // namespace mxscan
