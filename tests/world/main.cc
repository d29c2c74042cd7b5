// The synthetic internet as a program: `world list`, `world serve`, `world truth`, `world compare`.
//
// Exit status: 0 done (and equal, for compare), 1 a difference or a failure, 64 usage.
#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>

#include "tests/world/compare.h"
#include "tests/world/serve.h"
#include "tests/world/truth.h"
#include "tests/world/world.h"

namespace {

using mxscan::world::CompareDataset;
using mxscan::world::CompareOptions;
using mxscan::world::Comparison;
using mxscan::world::FactsOf;
using mxscan::world::Options;
using mxscan::world::ServeOptions;
using mxscan::world::Table;
using mxscan::world::World;

int List(const World& world, const std::string& path) {
  std::FILE* file = path == "-" ? stdout : std::fopen(path.c_str(), "w");
  if (file == nullptr) {
    std::fprintf(stderr, "world: %s: %s\n", path.c_str(), std::strerror(errno));
    return 1;
  }
  for (uint64_t line = 1; line <= world.LineCount(); ++line) {
    const std::string text = world.Line(line).text + "\n";
    std::fwrite(text.data(), 1, text.size(), file);
  }
  const bool failed = std::ferror(file) != 0;
  return (file == stdout ? std::fflush(file) : std::fclose(file)) == 0 && !failed ? 0 : 1;
}

int Truth(const World& world, const std::string& directory) {
  std::string error;
  if (mxscan::world::WriteTruth(world, directory, &error)) return 0;
  std::fprintf(stderr, "world: %s\n", error.c_str());
  return 1;
}

int Compare(const World& world, const std::string& directory, const CompareOptions& options) {
  const Comparison result = CompareDataset(world, directory, options);
  for (const std::string& message : result.messages) std::printf("%s\n", message.c_str());
  for (int t = 0; t < mxscan::world::kTables; ++t) {
    const auto i = static_cast<size_t>(t);
    std::printf("%-10s expected %llu, found %llu, differences %llu, allowed %llu\n",
                std::string(FactsOf(static_cast<Table>(t)).name).c_str(),
                static_cast<unsigned long long>(result.expected[i]), static_cast<unsigned long long>(result.found[i]),
                static_cast<unsigned long long>(result.differences[i]),
                static_cast<unsigned long long>(result.allowed[i]));
  }
  for (const auto& [kind, count] : result.became_unknown) {
    std::printf("became unknown: %s %llu\n", kind.c_str(), static_cast<unsigned long long>(count));
  }
  return result.Equal() ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("A synthetic internet with known truth");
  app.require_subcommand(1);
  app.fallthrough();
  Options options;
  app.add_option("--seed", options.seed, "Seed of everything");
  app.add_option("--size", options.size, "Domains")->check(CLI::Range(uint64_t{1}, mxscan::world::kSizeMax));
  app.add_option("--planted", options.planted_scale, "Factor for the share of each planted kind")
      ->check(CLI::Range(0.0, 5.0));
  app.add_option("--junk", options.junk_share, "Share of the list's lines that are no new domain")
      ->check(CLI::Range(0.0, 0.5));

  std::string lookups = "mx,a,aaaa,ptr,confirm,probe,bogus";
  app.add_option("--lookups", lookups, "Groups of questions of the run; bogus and wildcard make a difference")
      ->capture_default_str();

  bool iterative = false;
  app.add_flag("--iterative", iterative, "The run asked the zones' own servers: nobody validated");

  app.add_flag("--all-servers", options.every_server,
               "Some zones' servers disagree; the run asked all of them (with --iterative)");

  std::string list_path = "-";
  CLI::App* list = app.add_subcommand("list", "Write the list of names");
  list->add_option("-o,--output", list_path, "File, - for stdout");

  std::string truth_path;
  CLI::App* truth = app.add_subcommand("truth", "Write the true tables");
  truth->add_option("-o,--output", truth_path, "Directory")->required();

  std::string dataset;
  CompareOptions compare_options;
  CLI::App* compare = app.add_subcommand("compare", "Compare a dataset with the truth");
  compare->add_option("dataset", dataset, "Directory")->required();
  compare->add_flag("--allow-unknown", compare_options.allow_unknown, "Definite values may have become unknown");
  compare->add_option("--show", compare_options.shown_max, "Differences shown per table");

  ServeOptions serve_options;
  std::string serve_list;
  CLI::App* serve = app.add_subcommand("serve", "Answer questions on loopback");
  mxscan::world::AddServeOptions(serve, &serve_options);
  serve->add_option("--list", serve_list, "Also write the list of names to this file before serving");

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 64;
  }
  const auto asks = [&lookups](const std::string& group) {
    return ("," + lookups + ",").find("," + group + ",") != std::string::npos;
  };
  options.bogus = asks("bogus");
  options.validating = !iterative;
  options.wildcard = asks("wildcard");
  const World world(options);
  if (list->parsed()) return List(world, list_path);
  if (truth->parsed()) return Truth(world, truth_path);
  if (compare->parsed()) return Compare(world, dataset, compare_options);
  if (!serve_list.empty() && List(world, serve_list) != 0) return 1;
  return mxscan::world::Serve(world, serve_options);
}
