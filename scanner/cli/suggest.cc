// Suggestions for mistyped commands and options.
#include <algorithm>
#include <string>
#include <vector>

#include "scanner/cli/commands.h"

namespace mxscan {
namespace {

// Edit distance with transpositions of neighbours (Damerau, 1964, restricted), over short words.
size_t Distance(const std::string& a, const std::string& b) {
  std::vector<std::vector<size_t>> cost(a.size() + 1, std::vector<size_t>(b.size() + 1));
  for (size_t i = 0; i <= a.size(); ++i) cost[i][0] = i;
  for (size_t j = 0; j <= b.size(); ++j) cost[0][j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t change = cost[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      cost[i][j] = std::min({cost[i - 1][j] + 1, cost[i][j - 1] + 1, change});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        cost[i][j] = std::min(cost[i][j], cost[i - 2][j - 2] + 1);
      }
    }
  }
  return cost[a.size()][b.size()];
}

}  // namespace

std::string Suggest(const CLI::App& root, const std::string& given) {
  std::vector<std::string> known;
  const bool option = given.starts_with("-");
  const std::string word = given.substr(0, given.find('='));
  for (const CLI::App* command : root.get_subcommands([](const CLI::App*) { return true; })) {
    if (!option) known.push_back(command->get_name());
    if (!option || !command->parsed()) continue;
    for (const CLI::Option* item : command->get_options()) {
      for (const std::string& name : item->get_lnames()) known.push_back("--" + name);
    }
  }
  std::string best;
  size_t best_distance = std::max<size_t>(2, word.size() / 3) + 1;
  for (const std::string& name : known) {
    const size_t distance = Distance(word, name);
    if (distance < best_distance) best = name, best_distance = distance;
  }
  return best;
}

}  // namespace mxscan
