#include "scanner/input/list_format.h"

#include <algorithm>
#include <cstddef>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "scanner/dns/name.h"
#include "scanner/input/normalize.h"
#include "scanner/input/zone_file.h"

namespace mxscan {
namespace {

constexpr size_t kNoField = std::string_view::npos;
constexpr int kGuessColumnsMax = 64;

// Words of header lines, in lower case.
constexpr std::string_view kNameWords[] = {"domain", "domain_name", "domainname", "hostname", "host",
                                           "fqdn",   "origin",      "url",        "name",     "site"};
constexpr std::string_view kSoleNameWords[] = {"domain", "domains", "hostname", "fqdn", "origin", "url"};
constexpr std::string_view kUrlWords[] = {"origin", "url", "site"};
constexpr std::string_view kRankWords[] = {"rank", "globalrank", "global_rank", "position"};

template <size_t N>
bool IsOneOf(std::string_view word, const std::string_view (&words)[N]) {
  return std::find(std::begin(words), std::end(words), word) != std::end(words);
}

// Cuts the next field off `rest`; the delimiter goes with it. `more` tells that another field follows.
std::string_view CutField(std::string_view* rest, bool* more) {
  size_t search_from = 0;
  const bool plain = !rest->empty() && absl::ascii_isalnum(static_cast<unsigned char>(rest->front()));
  const size_t first = plain ? kNoField : rest->find_first_not_of(" \t");
  if (first != kNoField && (*rest)[first] == '"') {
    // To the closing quote: the one that no second quote follows.
    size_t at = first + 1;
    while (at < rest->size() && ((*rest)[at] != '"' || (at + 1 < rest->size() && (*rest)[at + 1] == '"'))) {
      at += (*rest)[at] == '"' ? 2 : 1;
    }
    search_from = at;
  }
  const size_t comma = rest->find(',', search_from);
  const std::string_view field = rest->substr(0, comma);
  *more = comma != kNoField;
  *rest = *more ? rest->substr(comma + 1) : std::string_view();
  return field;
}

std::string_view Unquote(std::string_view field) {
  field = TrimSpace(field);
  if (field.size() >= 2 && field.front() == '"' && field.back() == '"') {
    field = TrimSpace(field.substr(1, field.size() - 2));
  }
  return field;
}

std::vector<std::string_view> Fields(std::string_view line) {
  std::vector<std::string_view> fields;
  bool more = true;
  while (more) fields.push_back(Unquote(CutField(&line, &more)));
  return fields;
}

bool IsNumber(std::string_view text) {
  return !text.empty() && text.size() <= 19 &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) { return absl::ascii_isdigit(c); });
}

// Like a name that stands in a list: with a dot, and accepted; or a URL.
bool LooksLikeHost(std::string_view field) {
  if (field.find("://") != kNoField) field = UrlHost(field);
  Name name;
  RejectReason reason;
  return field.find('.') != kNoField && NormalizeName(field, &name, &reason);
}

// Most lines: a bad line or two among the first ones must not turn the guess.
bool AreMost(size_t part, size_t whole) { return whole > 0 && 4 * part >= 3 * whole; }

template <typename Predicate>
bool ColumnIs(const std::vector<std::string_view>& lines, size_t first_line, int column, Predicate predicate) {
  size_t hits = 0;
  for (size_t i = first_line; i < lines.size(); ++i) {
    std::string_view field;
    if (CsvField(lines[i], column, &field) && predicate(field)) ++hits;
  }
  return AreMost(hits, lines.size() - first_line);
}

// The layout that a header line states; false where the first line is none.
bool LayoutOfHeader(const std::vector<std::string_view>& lines, int column, ListLayout* layout) {
  const std::vector<std::string_view> fields = Fields(lines.front());
  bool names_majestic = false;
  bool names_origin = false;
  int name_column = 0;
  for (size_t i = 0; i < fields.size(); ++i) {
    const std::string word = absl::AsciiStrToLower(absl::string_view(fields[i].data(), fields[i].size()));
    const int number = static_cast<int>(i) + 1;
    if (name_column == 0 && IsOneOf(word, kNameWords)) {
      name_column = number;
      layout->take_host = IsOneOf(word, kUrlWords);
      names_origin = word == "origin";
    }
    if (layout->rank_column == 0 && IsOneOf(word, kRankWords)) layout->rank_column = number;
    names_majestic |= word == "tldrank";
  }
  if (name_column == 0) return false;
  if (fields.size() == 1) {
    // A list of names may well begin with a short word; it is a header only where real names follow.
    const std::string word = absl::AsciiStrToLower(absl::string_view(fields[0].data(), fields[0].size()));
    if (!IsOneOf(word, kSoleNameWords) || lines.size() < 2 || !ColumnIs(lines, 1, 1, LooksLikeHost)) return false;
  }
  layout->has_header = true;
  layout->column = column > 0 ? column : name_column;
  if (layout->rank_column == layout->column) layout->rank_column = 0;
  const char* kind = names_majestic                                   ? "Majestic CSV"
                     : names_origin && layout->rank_column > 0        ? "CrUX CSV"
                     : fields.size() == 2 && layout->rank_column == 1 ? "Tranco CSV with a header"
                                                                      : "CSV with a header";
  layout->description = absl::StrCat(kind, ", column ", layout->column);
  return true;
}

bool IsRanked(const std::vector<std::string_view>& lines) { return ColumnIs(lines, 0, 1, IsNumber); }

// CSV without a header. False where no column holds names.
bool LayoutOfFields(const std::vector<std::string_view>& lines, int column, ListLayout* layout) {
  if (lines.empty()) return false;
  const bool ranked = IsRanked(lines) && column != 1;
  int width = 0;
  for (const std::string_view line : lines) width = std::max(width, static_cast<int>(Fields(line).size()));
  if (width < 2) return false;
  for (int i = 1; column == 0 && i <= std::min(width, kGuessColumnsMax); ++i) {
    if (ColumnIs(lines, 0, i, LooksLikeHost)) column = i;
  }
  // Names without a dot: of a list of TLDs.
  const auto is_word = [](std::string_view field) { return !field.empty() && !IsNumber(field); };
  if (column == 0 && ranked && width == 2 && ColumnIs(lines, 0, 2, is_word)) column = 2;
  if (column == 0) return false;
  layout->column = column;
  layout->rank_column = ranked ? 1 : 0;
  const bool tranco = ranked && width == 2 && column == 2;
  layout->description = absl::StrCat(tranco ? "Tranco CSV" : ranked ? "ranked CSV" : "CSV", ", column ", column);
  return true;
}

ListLayout LayoutOfPlain() {
  ListLayout layout;
  layout.description = "plain list";
  return layout;
}

}  // namespace

bool ParseListFormat(std::string_view text, ListFormat* format) {
  constexpr std::pair<std::string_view, ListFormat> kFormats[] = {{"auto", ListFormat::kAuto},
                                                                  {"plain", ListFormat::kPlain},
                                                                  {"csv", ListFormat::kCsv},
                                                                  {"url", ListFormat::kUrl},
                                                                  {"zone", ListFormat::kZone}};
  for (const auto& [name, value] : kFormats) {
    if (text != name) continue;
    *format = value;
    return true;
  }
  return false;
}

ListLayout GuessLayout(const std::vector<std::string_view>& lines, const ListOptions& options) {
  const bool as_url = options.format == ListFormat::kUrl;
  const bool as_csv =
      options.format == ListFormat::kCsv || (options.column > 0 && options.format != ListFormat::kPlain);
  ListLayout layout;
  if (options.format == ListFormat::kPlain) return LayoutOfPlain();
  std::string zone;
  const bool may_be_zone = options.format == ListFormat::kAuto && options.column == 0;
  const bool zone_file = LooksLikeZoneFile(lines, &zone);
  if (options.format == ListFormat::kZone || (may_be_zone && zone_file)) {
    layout.zone = true;
    layout.description = zone.empty() ? "zone file" : absl::StrCat("zone file of ", zone);
    return layout;
  }
  if (as_url && !as_csv) {
    layout.take_host = true;
    layout.description = "list of URLs";
    return layout;
  }
  if (!lines.empty() && LayoutOfHeader(lines, options.column, &layout)) {
    layout.take_host |= as_url;
    return layout;
  }
  layout = ListLayout();
  if (!LayoutOfFields(lines, options.column, &layout)) {
    if (!as_csv) return LayoutOfPlain();
    layout.column = options.column > 0 ? options.column : 1;
    layout.description = absl::StrCat("CSV, column ", layout.column);
  }
  if (as_url) {
    layout.take_host = true;
    absl::StrAppend(&layout.description, ", hosts of URLs");
  }
  return layout;
}

bool CsvField(std::string_view line, int column, std::string_view* field) {
  bool more = true;
  for (int i = 1; more; ++i) {
    const std::string_view cut = CutField(&line, &more);
    if (i < column) continue;
    *field = Unquote(cut);
    return true;
  }
  return false;
}

std::string_view UrlHost(std::string_view url) {
  const size_t scheme = url.find("://");
  if (scheme != kNoField) {
    url.remove_prefix(scheme + 3);
  } else if (url.substr(0, 2) == "//") {
    url.remove_prefix(2);
  }
  url = url.substr(0, url.find_first_of("/?#"));
  const size_t user = url.rfind('@');
  // Without a scheme, user@host is an address of e-mail and no URL.
  if (user != kNoField && scheme != kNoField) url.remove_prefix(user + 1);
  if (!url.empty() && url.front() == '[') {
    const size_t close = url.find(']');
    return close == kNoField ? url : url.substr(0, close + 1);
  }
  // A port is a colon with digits behind it; more colons are an IPv6 address that somebody wrote without brackets.
  const size_t colon = url.find(':');
  if (colon != kNoField && std::all_of(url.begin() + static_cast<ptrdiff_t>(colon) + 1, url.end(),
                                       [](unsigned char c) { return absl::ascii_isdigit(c); })) {
    url = url.substr(0, colon);
  }
  return url;
}

}  // namespace mxscan
