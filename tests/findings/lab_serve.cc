// A lab as a program: `lab_serve FILE [OPTIONS]` serves the zones and failures of a file on two loopback addresses,
// prints "ADDRESS:PORT ADDRESS:PORT" on one line, and ends when its standard input does.
//
// The file: "zone N" and N lines of master file; "fail NAME TYPE KIND", where TYPE is a type or "any" and KIND as in
// kFailures below. "zone1", "zone2", "fail1" and "fail2" are of one of the two addresses alone. With --authoritative
// both have one port. Exit status: 0 done, 1 a bad file or no port, 64 usage.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <array>
#include <cstdio>
#include <exception>
#include <fstream>
#include <map>
#include <sstream>
#include <string>

#include "tests/world/lab.h"

namespace {

using mxscan::Endpoint;
using mxscan::IpAddress;
using mxscan::world::Lab;
using mxscan::world::LabEdns;
using mxscan::world::LabFailure;
using mxscan::world::LabServer;
using mxscan::world::LabStyle;

const std::map<std::string, LabFailure>& Failures() {
  static const auto* const kFailures = new std::map<std::string, LabFailure>{
      {"servfail", LabFailure::kServFail},
      {"refused", LabFailure::kRefused},
      {"drop", LabFailure::kDrop},
      {"truncate", LabFailure::kTruncate},
      {"truncate_and_drop", LabFailure::kTruncateAndDrop},
      {"nxdomain", LabFailure::kNxDomain},
      {"notimp", LabFailure::kNotImp},
      {"data", LabFailure::kData},
      {"alias_and_data", LabFailure::kAliasAndData},
      {"servfail_no_cd", LabFailure::kServFailNoCd},
      {"bogus", LabFailure::kBogus},
      {"bogus_always", LabFailure::kBogusAlways},
      {"unreachable", LabFailure::kUnreachable},
      {"servfail_cd_drop", LabFailure::kServFailCdDrop},
      {"cached", LabFailure::kCached},
      {"lame", LabFailure::kLame},
  };
  return *kFailures;
}

using Labs = std::array<Lab, 2>;  // what each address serves

// Does `add` to the labs that a keyword is for: those of both addresses, or the one that its last letter numbers.
template <typename Add>
bool AddTo(Labs* labs, char last, Add add) {
  if (last == '1') return add(&(*labs)[0]);
  if (last == '2') return add(&(*labs)[1]);
  return add(&(*labs)[0]) && add(&(*labs)[1]);
}

bool ReadZone(std::ifstream* file, int lines, char last, Labs* labs, std::string* error) {
  std::string text;
  std::string line;
  for (int i = 0; i < lines && std::getline(*file, line); ++i) text += line + "\n";
  if (AddTo(labs, last, [&](Lab* lab) { return lab->AddZone(text, error); })) return true;
  *error += " in the zone\n" + text;
  return false;
}

bool ReadFile(const std::string& path, Labs* labs, std::string* error) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string keyword;
    words >> keyword;
    if (keyword.starts_with("zone")) {
      int lines = 0;
      words >> lines;
      if (!ReadZone(&file, lines, keyword.back(), labs, error)) return false;
      continue;
    }
    std::string name;
    std::string type;
    std::string kind;
    words >> name >> type >> kind;
    const auto failure = Failures().find(kind);
    const auto fail = [&](Lab* lab) { return lab->Fail(name, type == "any" ? "" : type, failure->second); };
    if (!keyword.starts_with("fail") || failure == Failures().end() || !AddTo(labs, keyword.back(), fail)) {
      *error = "not understood: " + line;
      return false;
    }
  }
  if (file.bad() || !file.eof()) *error = "cannot be read";
  return error->empty();
}

int Serve(const std::string& path, const LabStyle& style) {
  Labs labs;
  std::string error;
  for (Lab& lab : labs) lab.SetStyle(style);
  if (!ReadFile(path, &labs, &error)) {
    std::fprintf(stderr, "lab_serve: %s: %s\n", path.c_str(), error.c_str());
    return 1;
  }
  LabServer first(labs[0]);
  LabServer second(labs[1]);
  const IpAddress addresses[] = {IpAddress::V4FromInt(0x7f350001), IpAddress::V4FromInt(0x7f350002)};
  if (!first.Start({addresses[0], 0}, &error) ||
      !second.Start({addresses[1], style.authoritative ? first.port() : uint16_t{0}}, &error)) {
    std::fprintf(stderr, "lab_serve: %s\n", error.c_str());
    return 1;
  }
  std::printf("%s %s\n", Endpoint{addresses[0], first.port()}.ToString().c_str(),
              Endpoint{addresses[1], second.port()}.ToString().c_str());
  std::fflush(stdout);
  char ignored[64];
  while (read(STDIN_FILENO, ignored, sizeof(ignored)) > 0) continue;
  return 0;
}

int Main(int argc, char** argv) {
  CLI::App app("serves zones on loopback until standard input ends");
  std::string path;
  LabStyle style;
  std::string edns = "spoken";
  app.add_option("FILE", path, "zones and failures")->required()->check(CLI::ExistingFile);
  app.add_option("--seed", style.seed, "of what is random");
  app.add_flag("--shuffle", style.shuffle, "records of each section in another order");
  app.add_flag("--recase", style.recase, "letters of names outside the question in random case");
  app.add_flag("--noise", style.noise, "unrelated records; wrong addresses in the additional section");
  app.add_flag("--noise-in-negative-answers", style.noise_in_negative_answers, "of --noise: answer sections too");
  app.add_flag("--truncate", style.truncate, "TC in every answer over UDP");
  app.add_flag("--authoritative", style.authoritative, "answer as the zones' own servers");
  app.add_option("--loss", style.loss, "share of UDP queries without an answer")->check(CLI::Range(0.0, 1.0));
  app.add_option("--jitter", style.jitter_ms, "milliseconds: answers over UDP come late by less, in any order");
  app.add_option("--late-type", style.late_type, "answers of this type (a number) come after all others");
  app.add_option("--edns", edns, "spoken, ignored or refused")->check(CLI::IsMember({"spoken", "ignored", "refused"}));
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 64;
  }
  if (edns == "ignored") style.edns = LabEdns::kIgnored;
  if (edns == "refused") style.edns = LabEdns::kRefused;
  return Serve(path, style);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return Main(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "lab_serve: %s\n", error.what());
    return 1;
  }
}
