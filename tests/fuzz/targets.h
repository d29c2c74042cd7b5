// What the fuzzer checks, each as one function of the input's octets.
//
// Purpose: a target gives the empty string where all is well, or what is wrong with the code under test. Targets of the
// DNS codec take messages; the others take what files and streams may hold, some behind a few octets that choose
// options (each target's source says which). CompareWithOracle also compares the codec with ldns. The targets of the
// codec have an entry point for libFuzzer too (MXSCAN_LIBFUZZER), which leaves ldns out: ldns leaks and aborts.
// Thread safety: one thread at a time. Errors: the returned text.
#ifndef MXSCAN_TESTS_FUZZ_TARGETS_H_
#define MXSCAN_TESTS_FUZZ_TARGETS_H_

#include <cstdint>
#include <string>

#include "tests/fuzz/reference.h"

namespace mxscan::fuzz {

std::string CheckWire(const Octets& octets);
std::string CheckAnswer(const Octets& octets);
std::string CheckName(const Octets& octets);
std::string CheckStream(const Octets& octets);      // messages cut from a TCP stream
std::string CheckLine(const Octets& octets);        // lists of names
std::string CheckBlocklist(const Octets& octets);   // blocklist files
std::string CheckHints(const Octets& octets);       // files of root hints, in the form of a zone file
std::string CheckZone(const Octets& octets);        // zone files, and the map that is made of them
std::string CheckManifest(const Octets& octets);    // manifests and run.json
std::string CheckCheckpoint(const Octets& octets);  // checkpoints, and datasets that are damaged when they are resumed

// Nanoseconds that it takes to read a message and to interpret it for one type: what a packet costs its receiver.
uint64_t DecodingTime(const Octets& octets);

// The disagreements with ldns that are known and why: DISAGREEMENTS.md lists each by its name.
struct Disagreement {
  std::string name;     // empty where both agree
  bool listed = false;  // an unlisted one is a finding
  std::string detail;
};
// The input must have passed CheckWire.
Disagreement CompareWithOracle(const Octets& octets);

}  // namespace mxscan::fuzz

#endif  // MXSCAN_TESTS_FUZZ_TARGETS_H_
