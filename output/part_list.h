// Files that list parts, a part a line, read and written as streams: manifests and the metadata.
//
// Purpose: such a file grows with the dataset, and the memory of who reads or writes it must not. BlockSource gives a
// file's octets in order; PartTextSource those of its parts, as they stand there and with a look at the whole file's
// checksum; PartListWriter writes a file of parts, atomically. Memory: some 100 KiB each, whatever the file's size.
// Ownership: files and file systems are borrowed, as each says. Thread safety: one thread at a time. Errors: kDataLoss
// for a file that is shorter than it was or whose octets are others; what the disk says otherwise. Sizes are octets.
#ifndef MXSCAN_OUTPUT_PART_LIST_H_
#define MXSCAN_OUTPUT_PART_LIST_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "io/file.h"
#include "output/codec.h"

namespace mxscan {

// The first `size` octets of a file, in blocks. Borrows the file.
class BlockSource {
 public:
  BlockSource(ReadableFile* file, uint64_t size) : file_(file), left_(size) {}
  // What follows: at least one octet, none at the end. Lives until the next Peek.
  absl::StatusOr<std::string_view> Peek();
  // Goes on behind `size` octets of what Peek gave.
  void Consume(size_t size) { block_.remove_prefix(size); }

 private:
  ReadableFile* const file_;
  uint64_t left_;  // not read yet
  uint64_t offset_ = 0;
  std::string buffer_;
  std::string_view block_;  // of buffer_, not consumed yet
};

// A file of parts as it was written last: by what it is known again.
struct PartListFile {
  uint64_t size = 0;
  uint64_t head_size = 0;    // before the line feed of the first part
  uint64_t sealed_size = 0;  // from the first octet, that the digest is of
  std::string digest;        // SHA-256
};

// The texts of a file's parts, in order. What was given is to be believed once End has found the checksum right.
class PartTextSource {
 public:
  using Sink = absl::FunctionRef<absl::Status(std::string_view octets)>;
  // kDataLoss where the file has another size than `known`.
  static absl::StatusOr<std::unique_ptr<PartTextSource>> Open(FileSystem* files, std::string path,
                                                              const PartListFile& known);
  // The next part's text, of `size` octets, piece by piece.
  absl::Status Copy(uint64_t size, Sink sink);
  absl::Status Skip(uint64_t size);
  // Behind the last part that is wanted: reads what is left.
  absl::Status End();

 private:
  PartTextSource(std::string path, const PartListFile& known, std::unique_ptr<ReadableFile> file);
  absl::Status Pass(uint64_t size, Sink sink);
  absl::Status PassSeparator();

  const std::string path_;
  const PartListFile known_;
  const std::unique_ptr<ReadableFile> file_;
  BlockSource octets_;
  uint64_t offset_ = 0;
  Sha256 sha256_;
};

// A file of parts being written, of which readers see nothing before Commit. After an error only the destructor may be
// called.
class PartListWriter {
 public:
  // Begins with `head`, which ends where the array of the parts opens.
  static absl::StatusOr<std::unique_ptr<PartListWriter>> Create(FileSystem* files, std::string path,
                                                                std::string_view head);
  // What goes before the text of a part: every octet of that is then given to Append.
  absl::Status BeginPart();
  absl::Status Append(std::string_view octets);
  bool has_parts() const { return has_parts_; }
  // Ends the file's content with a seal.
  absl::Status Seal();
  absl::Status Commit();
  // See AtomicFile.
  bool in_place() const { return file_->in_place(); }
  // Of what was sealed.
  const PartListFile& written() const { return written_; }

 private:
  explicit PartListWriter(std::unique_ptr<AtomicFile> file) : file_(std::move(file)) {}
  absl::Status WriteOut();

  const std::unique_ptr<AtomicFile> file_;
  Sha256 sha256_;
  std::string buffer_;  // hashed, but not in the file yet
  bool has_parts_ = false;
  PartListFile written_;
};

}  // namespace mxscan

#endif  // MXSCAN_OUTPUT_PART_LIST_H_
