// The room's door: lists in, targets out, line by line.
//
// Purpose: TargetSource reads its inputs one after the other, tells each one's layout from its first lines, and makes
// of every line exactly one item: a target, a reject, or a line that says nothing. Row conservation rests on it: lines
// = targets + rejects + blank lines + comments (a header line counts as a comment). Of a zone file the first line that
// delegates a name, among those that follow each other, is its target; lines that are bad, or delegate what is no name
// below the zone, are rejects; all others (more servers of the same name, glue, DNSSEC) name nobody new and count as
// comments. Duplicates pass. Ranks: input_rank
// is the list's own rank where the layout has one and the line states a number, else the line's number, counted from 1
// over all inputs. `line` always is that number. Ownership: an item's token lives until the next call of Next. Thread
// safety: one thread at a time. Errors: Open and Next return those of the line reader, with the path; kInvalidArgument
// for an input in UTF-16 and for standard input given twice. A bad line is an item, never an error. That an input holds
// no target is for the caller to judge by the counts.
#ifndef MXSCAN_SCANNER_INPUT_TARGET_SOURCE_H_
#define MXSCAN_SCANNER_INPUT_TARGET_SOURCE_H_

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "io/line_reader.h"
#include "output/types.h"
#include "scanner/dns/name.h"
#include "scanner/input/list_format.h"
#include "scanner/input/zone_file.h"

namespace mxscan {

inline constexpr size_t kHeldInputsMax = 256;    // files open at once, waiting for their turn
inline constexpr size_t kRejectTokenMax = 1024;  // octets of a reject's token that are kept

enum class InputKind : uint8_t {
  kTarget,
  kReject,
  kBlank,
  kComment,  // '#' or ';' first; a header line too, and what a zone file says beside its delegations
  kEnd,      // of the last input; no line
};

struct InputItem {
  InputKind kind = InputKind::kEnd;
  uint64_t line = 0;
  uint64_t input_rank = 0;
  // As it was read, without surrounding white space, quotes of CSV and byte-order mark. Of a reject at most
  // kRejectTokenMax octets of the field, or of the line where it has no such field or is too long.
  std::string_view token;
  Name name;                                      // kTarget
  RejectReason reason = RejectReason::kNotAName;  // kReject
};

struct InputCounts {
  uint64_t lines = 0;  // the sum of the next four
  uint64_t targets = 0;
  uint64_t rejects = 0;
  uint64_t blank = 0;
  uint64_t comments = 0;
  std::array<uint64_t, kRejectReasonCount> by_reason{};
};

// One input, for the user and for run.json. The figures are of what was read so far, and of the whole once `finished`.
struct InputReport {
  std::string path;
  std::string guess;  // "Tranco CSV, column 2, gzip"; empty until it is opened
  uint64_t lines = 0;
  uint64_t octets = 0;  // decompressed
  std::string sha256;   // of the decompressed octets; empty until finished
  bool finished = false;
};

// Gets what the inputs that are zone files say: every record that can be read, with the apex of its zone, which is
// empty until an SOA record has named it.
class ZoneVisitor {
 public:
  virtual ~ZoneVisitor() = default;
  virtual void OnZoneFile(const std::string& path, const std::string& description) = 0;  // one begins
  virtual absl::Status OnRecord(const ZoneRecord& record, NameView apex) = 0;            // an error ends all
};

class TargetSource {
 public:
  // Opens the first input and checks that the others are there; files among them are held open, so that they can be
  // read by a process that has given up its rights since (the first kHeldInputsMax of them). `paths` is not empty; "-"
  // is standard input.
  static absl::StatusOr<std::unique_ptr<TargetSource>> Open(std::vector<std::string> paths, const ListOptions& options);

  // Whether the inputs whose turn is still to come, and that are not held open, can be read as the process is now. For
  // one that has given up rights since Open.
  absl::Status CheckLaterInputs() const;

  // Reads those inputs that are zone files from end to end, beside their own turn, which this changes nothing about.
  // What can be read only once (a pipe, standard input) is passed over. At most once, and before Next.
  absl::Status VisitZones(ZoneVisitor* visitor);

  // The next line of the inputs, or kEnd. After an error every further call returns it.
  absl::StatusOr<InputKind> Next(InputItem* item);

  // Whether the next line may be long in coming: not of a file, but of a pipe and what is like it.
  bool may_wait() const { return may_wait_; }
  const InputCounts& counts() const { return counts_; }
  // One an input, in order.
  std::vector<InputReport> Reports() const;

 private:
  struct SampledLine {
    std::string text;
    bool too_long = false;
  };

  TargetSource(std::vector<std::string> paths, const ListOptions& options);

  absl::Status OpenNext();
  static absl::Status SampleLines(const std::string& path, const ListOptions& options, LineReader* reader,
                                  std::deque<SampledLine>* sampled, ListLayout* layout);
  void FinishInput();
  absl::StatusOr<bool> NextLine(std::string_view* line, bool* too_long);
  void Judge(std::string_view line, bool too_long, InputItem* item);
  void JudgeZoneLine(std::string_view line, bool too_long, InputItem* item);
  absl::Status VisitZone(size_t input, ZoneVisitor* visitor);
  void JudgeToken(std::string_view token, InputItem* item);
  void Reject(std::string_view token, RejectReason reason, InputItem* item);

  const ListOptions options_;
  std::vector<InputReport> reports_;
  std::vector<UniqueFd> held_;          // by input; taken when its turn comes
  std::vector<UniqueFd> held_again_;    // the same, for VisitZones
  size_t next_input_ = 0;               // the current one is the one before
  std::unique_ptr<LineReader> reader_;  // null between inputs and at the end
  ListLayout layout_;
  std::deque<SampledLine> sampled_;  // read ahead for the guess
  SampledLine replayed_;             // the one whose text is out
  uint64_t lines_of_input_ = 0;
  bool may_wait_ = false;
  bool header_pending_ = false;
  std::unique_ptr<ZoneReader> zone_;  // null where the input is no zone file
  Name delegated_;                    // by the last line that was a target
  absl::Status error_;
  InputCounts counts_;
};

}  // namespace mxscan

#endif  // MXSCAN_SCANNER_INPUT_TARGET_SOURCE_H_
