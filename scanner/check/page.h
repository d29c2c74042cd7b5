// Text for a terminal: wrapped paragraphs and trees of lines, within a width, with colour or without.
//
// Purpose: knows columns, words and box characters, and nothing of what it prints. Words are printable ASCII (whoever
// makes them escapes them); the box characters are the only others, and only where the terminal reads UTF-8. A word is
// never broken, so that it can be copied: only one longer than the line passes the width. Colour is made of SGR
// sequences (ECMA-48 8.3.117) that this file writes, each ended on its own line.
// Units: columns. Ownership: a Page owns its text. Thread safety: plain values. Errors: an octet outside printable
// ASCII in a word is a broken invariant and ends the process.
#ifndef MXSCAN_SCANNER_CHECK_PAGE_H_
#define MXSCAN_SCANNER_CHECK_PAGE_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace mxscan {

inline constexpr int kPageColumnsMin = 60;
inline constexpr int kPageColumnsMax = 120;

struct PageStyle {
  int columns = 80;
  bool colour = false;
  bool utf8 = false;
};

enum class Tint : uint8_t { kNone, kBold, kFaint, kGood, kBad, kDoubt, kHint, kFailed };

// Words in one tint. Separated from what is before by a space.
struct Span {
  std::string text;
  Tint tint = Tint::kNone;
};

struct TreeNode {
  std::vector<Span> spans;
  std::string margin;  // at the right edge of the first line
  std::vector<TreeNode> children;
};

class Page {
 public:
  explicit Page(const PageStyle& style) : style_(style) {}

  void Blank() { text_.push_back('\n'); }
  // A paragraph: its first line begins in column `first`, the others in `rest`.
  void Paragraph(const std::vector<Span>& spans, size_t first, size_t rest);
  // The same behind a label, which begins in column `first`; all the words stand in column `rest`, to the right of it.
  void Labelled(const Span& label, const std::vector<Span>& spans, size_t first, size_t rest);
  // The root without a branch, its children below. The margins stand in one column at the right.
  void Tree(const TreeNode& root);

  const PageStyle& style() const { return style_; }
  std::string Take() { return std::move(text_); }

 private:
  // What a line begins with: its text as it is written, and how many columns that takes.
  struct Indent {
    std::string text;
    size_t columns = 0;
  };
  void Branch(const TreeNode& node, const Indent& first, const Indent& rest);
  void Fill(const std::vector<Span>& spans, const Indent& first, const Indent& rest, std::string_view margin);
  void Begin(const Indent& indent);
  void End(std::string_view margin);
  void Word(std::string_view word, Tint tint);
  void Open(Tint tint);
  void Close();
  void Paint(std::string_view text, Tint tint);
  Indent Deeper(const Indent& indent, bool branch, bool last) const;

  const PageStyle style_;
  std::string text_;
  size_t column_ = 0;        // of the line being written
  bool line_begun_ = false;  // a word stands on it
  Tint open_ = Tint::kNone;  // whose sequence is not ended yet
};

}  // namespace mxscan

#endif  // MXSCAN_SCANNER_CHECK_PAGE_H_
