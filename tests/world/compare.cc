#include "tests/world/compare.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "tests/world/dataset_reader.h"

namespace mxscan::world {

namespace {

constexpr uint64_t kNamesPerPass = 2'000'000;
constexpr size_t kCollectedMax = 4'000'000;  // differing keys that are looked at, per table and pass
constexpr uint64_t kKeySeed = 1, kRowSeed = 2;

struct Entry {
  uint64_t key;
  uint64_t row;
  friend bool operator<(const Entry& a, const Entry& b) { return a.key != b.key ? a.key < b.key : a.row < b.row; }
};

std::vector<std::string_view> Tokens(std::string_view text) {
  std::vector<std::string_view> list;
  while (!text.empty()) {
    const size_t space = text.find(' ');
    list.push_back(text.substr(0, space));
    if (space == std::string_view::npos) break;
    text.remove_prefix(space + 1);
  }
  return list;
}

std::string JoinTokens(const std::vector<std::string>& tokens) {
  std::string text;
  for (const std::string& token : tokens) {
    if (!text.empty()) text.push_back(' ');
    text.append(token);
  }
  return text;
}

std::string Unescape(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool escape = text[i] == '\\' && i + 3 < text.size();
    if (!escape) {
      out.push_back(text[i]);
      continue;
    }
    out.push_back(static_cast<char>((text[i + 1] - '0') * 100 + (text[i + 2] - '0') * 10 + (text[i + 3] - '0')));
    i += 3;
  }
  return out;
}

size_t ColumnIndex(Table table, std::string_view name) {
  const auto& columns = FactsOf(table).columns;
  return static_cast<size_t>(std::find(columns.begin(), columns.end(), name) - columns.begin());
}

// Brings what may be written in two ways to one form: names to the world's escapes, addresses to their numbers' text,
// lists without an order of their own to a sorted one, free text to its octets.
class Normaliser {
 public:
  void Apply(Table table, Row* row) const {
    switch (table) {
      case Table::kDomains:
        for (const size_t i : {0, 3, 7, 9, 12}) Names(&(*row)[i]);
        Text(&(*row)[2]);
        Preferences(&(*row)[10]);
        return MxLists(&(*row)[9], &(*row)[10]);
      case Table::kMx:
        for (const size_t i : {0, 2}) Names(&(*row)[i]);
        return;
      case Table::kHosts:
        for (const size_t i : {0, 3}) Names(&(*row)[i]);
        Addresses(&(*row)[4]);
        return Addresses(&(*row)[5]);
      case Table::kAddresses:
        for (const size_t i : {2, 4, 5}) Names(&(*row)[i]);
        Addresses(&(*row)[0]);
        Sort(&(*row)[4]);
        return Sort(&(*row)[5]);
      case Table::kFindings:
        Names(&(*row)[2]);
        if ((*row)[0] == "address" || (*row)[0] == "reverse") return Addresses(&(*row)[1]);
        return Names(&(*row)[1]);
      case Table::kRejects:
        return Text(&(*row)[1]);
    }
  }

 private:
  // The contract says what must be escaped in a name, not what must not.
  static void Names(std::string* field) {
    const bool plain = std::all_of(field->begin(), field->end(), [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.' || c == ' ';
    });
    if (plain) return;
    std::vector<std::string> tokens;
    for (const std::string_view token : Tokens(*field)) {
      WireName wire;
      const bool absolute = token.ends_with('.') && FromText(token, &wire);
      tokens.push_back(absolute ? ToText(wire.view()) : std::string(token));
    }
    *field = JoinTokens(tokens);
  }
  // "p10 p20" for "10 20": the letter keeps a list of one number from reading as an integer.
  static void Preferences(std::string* field) {
    std::vector<std::string> tokens;
    for (std::string_view token : Tokens(*field)) tokens.emplace_back(token.substr(token.starts_with('p') ? 1 : 0));
    *field = JoinTokens(tokens);
  }
  static void Text(std::string* field) {
    if (field->find('\\') != std::string::npos) *field = Unescape(*field);
  }
  static void Sort(std::string* field) {
    if (field->find(' ') == std::string::npos) return;
    std::vector<std::string> tokens;
    for (const std::string_view token : Tokens(*field)) tokens.emplace_back(token);
    std::sort(tokens.begin(), tokens.end());
    *field = JoinTokens(tokens);
  }
  static void Addresses(std::string* field) {
    std::vector<std::string> tokens;
    for (const std::string_view token : Tokens(*field)) {
      IpAddress address;
      tokens.push_back(ParseAddress(token, &address) ? AddressText(address) : std::string(token));
    }
    std::sort(tokens.begin(), tokens.end());
    *field = JoinTokens(tokens);
  }
  // By preference, then by name: names are ordered by the text here, whatever order the writer has for them.
  static void MxLists(std::string* hosts, std::string* preferences) {
    const auto names = Tokens(*hosts);
    const auto numbers = Tokens(*preferences);
    if (names.size() < 2 || names.size() != numbers.size()) return;
    std::vector<std::pair<std::string, std::string>> pairs;
    for (size_t i = 0; i < names.size(); ++i) pairs.emplace_back(numbers[i], names[i]);
    const auto by_number = [](const auto& a, const auto& b) {
      if (a.first.size() != b.first.size()) return a.first.size() < b.first.size();
      return a < b;
    };
    const auto number_only = [](const auto& a, const auto& b) {
      return a.first.size() != b.first.size() ? a.first.size() < b.first.size() : a.first < b.first;
    };
    if (!std::is_sorted(pairs.begin(), pairs.end(), number_only)) return;  // out of order: shows as a difference
    std::sort(pairs.begin(), pairs.end(), by_number);
    std::vector<std::string> sorted;
    for (const auto& [number, name] : pairs) sorted.push_back(name);
    *hosts = JoinTokens(sorted);
  }
};

std::string KeyOf(Table table, const Row& row) {
  std::string key;
  for (size_t i = 0; i < FactsOf(table).key_columns; ++i) {
    if (i > 0) key.push_back(',');
    key.append(row[i]);
  }
  return key;
}

Entry EntryOf(Table table, const Row& row) {
  std::string all;
  for (const std::string& field : row) all.append(field).push_back(',');
  return {HashBytes(KeyOf(table, row), kKeySeed), HashBytes(all, kRowSeed)};
}

// --- what a lossy run may change

bool IsFailure(std::string_view outcome) {
  return outcome == "servfail" || outcome == "refused" || outcome == "timeout";
}

// Findings that say that a lookup failed.
bool IsFailureFinding(std::string_view id) {
  const int index = FindingIndex(id);
  return id == "mxhost_family_lookup_failed" ||
         (index >= 0 && KnownFindings()[static_cast<size_t>(index)].severity == "unknown");
}

bool IsSubset(std::string_view part, std::string_view whole) {
  const auto tokens = Tokens(whole);
  const std::set<std::string_view> set(tokens.begin(), tokens.end());
  const auto items = Tokens(part);
  return std::all_of(items.begin(), items.end(), [&](std::string_view item) { return set.contains(item); });
}

// Nothing new but failures, and nothing lost but to `unknowns`. `gone`: a failure took the finding's subject away.
bool FindingsAllowed(std::string_view expected, std::string_view found, std::string_view unknowns, bool gone) {
  for (const std::string_view id : Tokens(found)) {
    if (!IsSubset(id, expected) && !IsFailureFinding(id)) return false;
  }
  for (const std::string_view id : Tokens(expected)) {
    if (!IsSubset(id, found) && !IsSubset(id, unknowns) && !IsFailureFinding(id) && !gone) return false;
  }
  return true;
}

bool ClassAllowed(std::string_view expected, std::string_view found) {
  if (found == expected || found == "unknown") return true;
  return found == "mx_usable" && (expected == "mx_ok" || expected == "mx_degraded");
}

class Tolerance {
 public:
  explicit Tolerance(Comparison* result) : result_(result) {}

  // Whether `found` may stand for `expected`. The first column that may not is named.
  bool Allows(Table table, const Row& expected, const Row& found, std::string_view* column) {
    const auto& columns = FactsOf(table).columns;
    const bool failed = table == Table::kDomains && IsFailure(found[ColumnIndex(table, "mx_outcome")]);
    for (size_t i = 0; i < columns.size(); ++i) {
      *column = columns[i];
      if (expected[i] == found[i] || expected[i] == kAnyValue) continue;
      if (i < FactsOf(table).key_columns || !ColumnAllowed(table, *column, i, expected, found, failed)) return false;
    }
    Count(table, expected, found);
    return true;
  }

 private:
  bool ColumnAllowed(Table table, std::string_view column, size_t i, const Row& expected, const Row& found,
                     bool failed) const {
    if (column.ends_with("_outcome")) return IsFailure(found[i]) || (failed && found[i].empty());
    if (column == "unknowns") return true;
    if (column == "state") return found[i] == "unknown";
    if (column == "usable") return found[i].empty();
    if (column == "class") return ClassAllowed(expected[i], found[i]);
    if (column == "fcrdns") {
      return found[i] == "unknown" || (expected[i] == "partial" && found[i] == "pass");
    }
    if (column == "mx_rcode") return failed;
    if (column == "findings") {
      const size_t unknowns = ColumnIndex(table, "unknowns");
      // mx rows have no list of unknowns: the findings table holds them.
      if (unknowns >= found.size()) return IsSubset(found[i], expected[i]);
      return FindingsAllowed(expected[i], found[i], found[unknowns], failed);
    }
    if (column.starts_with("mx_") || column == "provider") return failed && found[i].empty();
    if (column.ends_with("_ttl")) return found[i].empty();
    if (column == "ipv4" || column == "ipv6" || column.ends_with("_names") || column == "alias_chain") {
      return IsSubset(found[i], expected[i]);
    }
    return false;
  }
  void Count(Table table, const Row& expected, const Row& found) {
    const auto& columns = FactsOf(table).columns;
    for (size_t i = 0; i < columns.size(); ++i) {
      if (!columns[i].ends_with("_outcome") || expected[i] == found[i]) continue;
      const std::string kind = std::string(FactsOf(table).name) + "." + std::string(columns[i]) + " " +
                               (found[i].empty() ? "not asked" : found[i]);
      ++result_->became_unknown[kind];
    }
  }
  Comparison* result_;
};

// --- the comparison

class Comparer {
 public:
  Comparer(const World& world, std::string directory, const CompareOptions& options, Comparison* result)
      : world_(world), directory_(std::move(directory)), options_(options), result_(result), tolerance_(result) {}

  void Run() {
    passes_ = (world_.size() + kNamesPerPass - 1) / kNamesPerPass;
    for (pass_ = 0; pass_ < passes_ && !result_->failed; ++pass_) RunPass();
  }

 private:
  using Rows = absl::flat_hash_map<std::string, std::vector<Row>>;

  bool InPass(uint64_t key) const { return key % passes_ == pass_; }

  void ForEachExpected(const std::function<void(Table, const Row&)>& take) {
    ForEachRow(world_, [&](Table table, const Row& row) {
      Row copy = row;
      normaliser_.Apply(table, &copy);
      take(table, copy);
    });
  }
  void ForEachFound(const std::function<void(Table, const Row&)>& take) {
    for (int t = 0; t < kTables && !result_->failed; ++t) {
      const auto table = static_cast<Table>(t);
      std::string error;
      const bool ok = ReadTable(
          directory_, FactsOf(table).name, FactsOf(table).columns,
          [&](Row& row) {
            normaliser_.Apply(table, &row);
            take(table, row);
          },
          &error);
      if (ok) continue;
      result_->failed = true;
      result_->messages.push_back(error);
    }
  }

  void RunPass() {
    using Entries = std::array<std::vector<Entry>, kTables>;
    Entries expected;
    Entries found;
    const auto gather = [this](Entries* entries, std::array<uint64_t, kTables>* count) {
      return [this, entries, count](Table table, const Row& row) {
        const Entry entry = EntryOf(table, row);
        if (!InPass(entry.key)) return;
        ++(*count)[static_cast<size_t>(table)];
        (*entries)[static_cast<size_t>(table)].push_back(entry);
      };
    };
    ForEachFound(gather(&found, &result_->found));
    if (result_->failed) return;
    ForEachExpected(gather(&expected, &result_->expected));
    bool any = false;
    for (size_t t = 0; t < kTables; ++t) {
      differing_[t].clear();
      std::sort(expected[t].begin(), expected[t].end());
      std::sort(found[t].begin(), found[t].end());
      std::vector<Entry> difference;
      std::set_symmetric_difference(expected[t].begin(), expected[t].end(), found[t].begin(), found[t].end(),
                                    std::back_inserter(difference));
      for (const Entry& entry : difference) {
        if (differing_[t].size() < kCollectedMax) differing_[t].insert(entry.key);
      }
      any = any || !difference.empty();
      expected[t] = {};
      found[t] = {};
    }
    if (any) Explain();
  }

  void Explain() {
    std::array<Rows, kTables> expected;
    std::array<Rows, kTables> found;
    const auto collect = [this](std::array<Rows, kTables>* rows) {
      return [this, rows](Table table, const Row& row) {
        const auto t = static_cast<size_t>(table);
        const std::string key = KeyOf(table, row);
        if (differing_[t].contains(HashBytes(key, kKeySeed))) (*rows)[t][key].push_back(row);
      };
    };
    ForEachExpected(collect(&expected));
    ForEachFound([&, collect_found = collect(&found)](Table table, const Row& row) {
      collect_found(table, row);
      if (options_.allow_unknown && table == Table::kDomains && IsFailure(row[ColumnIndex(table, "mx_outcome")])) {
        failed_domains_.insert(row[0]);
      }
      if (table == Table::kDomains && IsToldBySecond(row)) told_by_second_.insert(row[0]);
    });
    failed_domains_.insert(told_by_second_.begin(), told_by_second_.end());
    if (options_.allow_unknown) FindUnreached(expected, found);
    for (size_t t = 0; t < kTables; ++t) {
      const auto table = static_cast<Table>(t);
      std::set<std::string_view> keys;
      for (const auto& [key, rows] : expected[t]) keys.insert(key);
      for (const auto& [key, rows] : found[t]) keys.insert(key);
      for (const std::string_view key : keys) {
        const auto e = expected[t].find(std::string(key));
        const auto f = found[t].find(std::string(key));
        static const std::vector<Row> kNone;
        ExplainKey(table, key, e == expected[t].end() ? kNone : e->second, f == found[t].end() ? kNone : f->second);
      }
    }
  }

  // Where the servers of a zone say different things and one of them was not heard, the rows are the other's.
  bool IsToldBySecond(const Row& domain) const {
    if (!options_.allow_unknown || !world_.options().every_server) return false;
    WireName wire;
    uint64_t i = 0;
    if (!FromText(domain[0], &wire) || !world_.DomainIndex(wire.view(), &i)) return false;
    const Second second = world_.PlanOf(i).second;
    const std::vector<std::string_view> unknown = Tokens(domain[ColumnIndex(Table::kDomains, "unknowns")]);
    const bool half_heard = std::find(unknown.begin(), unknown.end(), "mx_rrset_inconsistent") != unknown.end();
    // Where that one has no MX records there is no set to judge, and data of the other would have been taken.
    const bool none = second == Second::kNone && domain[ColumnIndex(Table::kDomains, "mx_outcome")] == "nodata";
    return none || (second != Second::kSame && half_heard);
  }
  // Whether the row is about such a domain, or about a name of its own.
  bool IsOfSecond(Table table, const Row& row) const {
    if (told_by_second_.empty() || table == Table::kAddresses || table == Table::kRejects) return false;
    const std::string& name = table == Table::kFindings && !row[2].empty() ? row[2] : row[table == Table::kFindings];
    WireName wire;
    uint64_t i = 0;
    if (told_by_second_.contains(name)) return true;
    if (!FromText(name, &wire) || !world_.OwnerIndex(wire.view(), &i)) return false;
    WireName domain;
    world_.DomainWire(i, &domain);
    return told_by_second_.contains(ToText(domain.view()));
  }

  // Hosts and addresses that no row was written for.
  void FindUnreached(const std::array<Rows, kTables>& expected, const std::array<Rows, kTables>& found) {
    for (const Table table : {Table::kHosts, Table::kAddresses}) {
      const auto t = static_cast<size_t>(table);
      for (const auto& [key, rows] : expected[t]) {
        if (!found[t].contains(key)) unreached_.insert(key);
      }
    }
  }

  void ExplainKey(Table table, std::string_view key, std::vector<Row> expected, std::vector<Row> found) {
    // Equal rows cancel; what is left is compared in order.
    for (size_t i = 0; i < expected.size();) {
      const auto same = std::find_if(found.begin(), found.end(), [&](const Row& row) {
        for (size_t c = 0; c < row.size(); ++c) {
          if (expected[i][c] != kAnyValue && expected[i][c] != row[c]) return false;
        }
        return true;
      });
      if (same == found.end()) {
        ++i;
        continue;
      }
      found.erase(same);
      expected.erase(expected.begin() + static_cast<int64_t>(i));
    }
    if (expected.empty() && found.empty()) return;
    std::string what;
    for (size_t i = 0; i < std::max(expected.size(), found.size()); ++i) {
      const std::string difference = i >= found.size()      ? Missing(table, expected[i])
                                     : i >= expected.size() ? Extra(table, found[i])
                                                            : Changed(table, expected[i], found[i]);
      if (what.empty()) what = difference;
    }
    const auto t = static_cast<size_t>(table);
    if (what.empty()) {
      ++result_->allowed[t];
      return;
    }
    if (result_->differences[t]++ < options_.shown_max) {
      result_->messages.push_back(std::string(FactsOf(table).name) + " [" + std::string(key) + "]: " + what);
    }
  }

  // Each gives an empty text where the difference is allowed.
  std::string Missing(Table table, const Row& row) {
    if (options_.allow_unknown && MissingAllowed(table, row)) return {};
    return "expected, not found: " + JoinTokens(row);
  }
  std::string Extra(Table table, const Row& row) {
    const bool is_finding = options_.allow_unknown && table == Table::kFindings;
    if (is_finding && (row[5] == "unknown" || IsFailureFinding(row[3]))) return {};
    if (IsOfSecond(table, row)) return {};
    return "found, not expected: " + JoinTokens(row);
  }
  std::string Changed(Table table, const Row& expected, const Row& found) {
    std::string_view column;
    if (options_.allow_unknown) {
      if (tolerance_.Allows(table, expected, found, &column) || IsOfSecond(table, found)) return {};
      const size_t i = ColumnIndex(table, column);
      return std::string(column) + ": expected '" + expected[i] + "', found '" + found[i] + "'";
    }
    std::string text;
    for (size_t i = 0; i < expected.size(); ++i) {
      if (expected[i] == found[i] || expected[i] == kAnyValue) continue;
      if (!text.empty()) text += "; ";
      text.append(FactsOf(table).columns[i]).append(": expected '").append(expected[i]);
      text.append("', found '").append(found[i]).append("'");
    }
    return text;
  }

  bool MissingAllowed(Table table, const Row& row) const {
    switch (table) {
      case Table::kDomains:
      case Table::kRejects:
        return false;
      case Table::kMx:
        return failed_domains_.contains(row[0]);
      case Table::kHosts:
        return HostMayBeUnreached(row[0]);
      case Table::kAddresses:
        return true;  // its host was not reached, or its own lookup failed; the host's row is judged
      case Table::kFindings:
        break;
    }
    if (IsFailureFinding(row[3]) || row[3] == "ptr_not_mx_name" || row[5] == "unknown") return true;
    return row[2].empty() ? unreached_.contains(row[1]) : failed_domains_.contains(row[2]);
  }

  // A domain's own host is missed only with the domain; a shared one with all the domains that name it.
  bool HostMayBeUnreached(const std::string& host) const {
    WireName wire;
    uint64_t i = 0;
    if (!FromText(host, &wire) || !world_.OwnerIndex(wire.view(), &i)) return !failed_domains_.empty();
    WireName domain;
    world_.DomainWire(i, &domain);
    return failed_domains_.contains(ToText(domain.view())) || domain.view() == wire.view();
  }

  const World& world_;
  const std::string directory_;
  const CompareOptions options_;
  Comparison* result_;
  Tolerance tolerance_;
  const Normaliser normaliser_{};
  uint64_t passes_ = 1;
  uint64_t pass_ = 0;
  std::array<absl::flat_hash_set<uint64_t>, kTables> differing_;
  absl::flat_hash_set<std::string> failed_domains_;
  absl::flat_hash_set<std::string> told_by_second_;
  absl::flat_hash_set<std::string> unreached_;
};

// Row conservation, as run.json states it, against the list.
void CheckRunJson(const World& world, const std::string& directory, Comparison* result) {
  const std::string path = directory + "/run.json";
  if (!std::filesystem::exists(path)) return;
  std::ifstream stream(path);
  const nlohmann::json json = nlohmann::json::parse(stream, nullptr, false);
  const auto fail = [&](const std::string& why) {
    result->failed = true;
    result->messages.push_back("run.json: " + why);
  };
  if (json.is_discarded() || !json.contains("rows")) return fail("no JSON with member rows");
  const auto count = [&](const char* name) {
    const auto& rows = json["rows"];
    return rows.contains(name) && rows[name].is_number_unsigned() ? rows[name].get<uint64_t>() : UINT64_MAX;
  };
  std::map<std::string, uint64_t> expected = {{"input_lines", world.LineCount()},
                                              {"domains", world.size()},
                                              {"rejects", 0},
                                              {"duplicates", 0},
                                              {"blank_lines", 0},
                                              {"comment_lines", 0}};
  for (uint64_t line = 1; line <= world.LineCount() && world.options().junk_share > 0.0; ++line) {
    switch (world.Line(line).kind) {
      case LineKind::kDomain:
        break;
      case LineKind::kDuplicate:
        ++expected["duplicates"];
        break;
      case LineKind::kBlank:
        ++expected["blank_lines"];
        break;
      case LineKind::kComment:
        ++expected["comment_lines"];
        break;
      case LineKind::kReject:
        ++expected["rejects"];
        break;
    }
  }
  for (const auto& [name, value] : expected) {
    if (count(name.c_str()) == value) continue;
    fail("rows." + name + ": expected " + std::to_string(value) + ", found " + std::to_string(count(name.c_str())));
  }
}

}  // namespace

bool Comparison::Equal() const {
  return !failed && std::all_of(differences.begin(), differences.end(), [](uint64_t count) { return count == 0; });
}

Comparison CompareDataset(const World& world, const std::string& directory, const CompareOptions& options) {
  Comparison result;
  Comparer(world, directory, options, &result).Run();
  if (options.check_run_json) CheckRunJson(world, directory, &result);
  return result;
}

}  // namespace mxscan::world
