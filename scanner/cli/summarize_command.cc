// mxscan summarize DIR
#include "absl/strings/str_cat.h"
#include "output/report.h"
#include "output/run_info.h"
#include "scanner/cli/commands.h"
#include "scanner/cli/exit_status.h"
#include "scanner/run/recount.h"

namespace mxscan {
namespace {

class SummarizeCommand : public Command {
 public:
  explicit SummarizeCommand(CLI::App* root) {
    app_ = root->add_subcommand("summarize", "the summary of a dataset as text");
    app_->add_option("DIR", directory_, "a dataset that a scan has written")->required();
    app_->add_option("--csv", csv_directory_, "write the summary's tables there as well");
    app_->add_option("--top", top_, "providers, TLDs and resolvers shown")->check(CLI::Range(1, 1000));
  }
  CLI::App* app() override { return app_; }

  int Run() override {
    absl::StatusOr<Recount> recount = RecountDataset(PosixFileSystem(), directory_);
    if (!recount.ok()) return Fail(recount.status(), kExitInputUnusable);
    if (!csv_directory_.empty()) {
      const absl::Status status =
          WriteSummary(*recount->summary, recount->resolvers, PosixFileSystem(), csv_directory_);
      if (!status.ok()) return Fail(status, kExitOutput);
    }
    ReportOptions options;
    options.top = static_cast<size_t>(top_);
    options.withheld = recount->withheld;
    options.receive_drops = recount->receive_drops;
    const absl::StatusOr<std::string> text = FormatReport(*recount->summary, recount->resolvers, options);
    if (!text.ok()) return Fail(text.status(), kExitInternal);
    if (!recount->finished) Complain(absl::StrCat(directory_, " is unfinished: the figures are of what is committed"));
    return Print(*text) ? kExitDone : kExitWrite;
  }

 private:
  static int Fail(const absl::Status& status, int exit_status) {
    Complain(std::string(status.message()));
    return status.code() == absl::StatusCode::kNotFound ? kExitInputNotFound : exit_status;
  }

  CLI::App* app_;
  std::string directory_;
  std::string csv_directory_;
  int top_ = 10;
};

}  // namespace

std::unique_ptr<Command> AddSummarizeCommand(CLI::App* root) { return std::make_unique<SummarizeCommand>(root); }

}  // namespace mxscan
