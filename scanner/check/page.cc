#include "scanner/check/page.h"

#include <algorithm>
#include <utility>

#include "io/check.h"

namespace mxscan {
namespace {

constexpr size_t kBranchColumns = 3;
constexpr size_t kMarginGap = 2;  // between the words and the margin

// The parameters of SGR, empty for none.
std::string_view SgrOf(Tint tint) {
  switch (tint) {
    case Tint::kNone:
      return "";
    case Tint::kBold:
      return "1";
    case Tint::kFaint:
      return "2";
    case Tint::kGood:
      return "32";
    case Tint::kBad:
      return "1;31";
    case Tint::kDoubt:
      return "33";
    case Tint::kHint:
      return "36";
    case Tint::kFailed:
      return "35";
  }
  return "";
}

bool IsPrintable(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

}  // namespace

void Page::Open(Tint tint) {
  if (!style_.colour || tint == open_) return;
  Close();
  if (!SgrOf(tint).empty()) text_.append("\x1b[").append(SgrOf(tint)).append("m");
  open_ = tint;
}

void Page::Close() {
  if (!SgrOf(open_).empty()) text_.append("\x1b[0m");
  open_ = Tint::kNone;
}

void Page::Paint(std::string_view text, Tint tint) {
  MXSCAN_CHECK(IsPrintable(text));
  Open(tint);
  text_.append(text);
}

void Page::Begin(const Indent& indent) {
  const bool lines = indent.text.find_first_not_of(' ') != std::string::npos;
  if (style_.colour && lines) {
    text_.append("\x1b[2m").append(indent.text).append("\x1b[0m");
  } else {
    text_.append(indent.text);
  }
  column_ = indent.columns;
  line_begun_ = false;
}

void Page::End(std::string_view margin) {
  const auto width = static_cast<size_t>(style_.columns);
  Close();
  if (!margin.empty()) {
    const size_t taken = column_ + margin.size();
    text_.append(taken < width ? width - taken : 0, ' ');
    Paint(margin, Tint::kFaint);
    Close();
  }
  text_.push_back('\n');
}

void Page::Word(std::string_view word, Tint tint) {
  if (line_begun_) {
    // A tint goes on through the spaces between its words, and only there.
    if (tint != open_) Close();
    text_.push_back(' ');
    ++column_;
  }
  Paint(word, tint);
  column_ += word.size();
  line_begun_ = true;
}

// Words go on a line while there is room; the margin goes on the first line, or on one of its own where the words of
// the first leave no room for it.
void Page::Fill(const std::vector<Span>& spans, const Indent& first, const Indent& rest, std::string_view margin) {
  const auto width = static_cast<size_t>(style_.columns);
  const auto fits_margin = [&] { return margin.empty() || column_ + kMarginGap + margin.size() <= width; };
  Begin(first);
  for (const Span& span : spans) {
    std::string_view words = span.text;
    while (true) {
      const size_t begin = words.find_first_not_of(' ');
      if (begin == std::string_view::npos) break;
      words.remove_prefix(begin);
      const std::string_view word = words.substr(0, words.find(' '));
      words.remove_prefix(word.size());
      if (line_begun_ && column_ + 1 + word.size() > width) {
        const bool here = fits_margin();
        End(here ? margin : std::string_view());
        if (here) margin = {};
        Begin(rest);
      }
      Word(word, span.tint);
    }
  }
  if (!fits_margin()) {
    End({});
    Begin(rest);
  }
  End(margin);
}

void Page::Paragraph(const std::vector<Span>& spans, size_t first, size_t rest) {
  Fill(spans, {std::string(first, ' '), first}, {std::string(rest, ' '), rest}, {});
}

void Page::Labelled(const Span& label, const std::vector<Span>& spans, size_t first, size_t rest) {
  MXSCAN_CHECK(first + label.text.size() < rest);
  text_.append(first, ' ');
  Paint(label.text, label.tint);
  Close();
  const size_t gap = rest - first - label.text.size();
  Fill(spans, {std::string(gap, ' '), rest}, {std::string(rest, ' '), rest}, {});
}

Page::Indent Page::Deeper(const Indent& indent, bool branch, bool last) const {
  const std::string_view mark =
      branch ? (last ? (style_.utf8 ? "\u2514\u2500 " : "`- ") : (style_.utf8 ? "\u251c\u2500 " : "|- "))
             : (last ? "   " : (style_.utf8 ? "\u2502  " : "|  "));
  return {indent.text + std::string(mark), indent.columns + kBranchColumns};
}

// `first` begins the node's own line, `rest` everything below it.
void Page::Branch(const TreeNode& node, const Indent& first, const Indent& rest) {
  // What is wrapped is indented past the branches of the children.
  const Indent wrapped = Deeper(rest, false, node.children.empty());
  Fill(node.spans, first, {wrapped.text + "  ", wrapped.columns + 2}, node.margin);
  for (const TreeNode& child : node.children) {
    const bool last = &child == &node.children.back();
    Branch(child, Deeper(rest, true, last), Deeper(rest, false, last));
  }
}

void Page::Tree(const TreeNode& root) { Branch(root, {}, {}); }

}  // namespace mxscan
