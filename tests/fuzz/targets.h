// What the fuzzer checks, each as one function of the input's octets.
//
// Purpose: a target gives the empty string where all is well, or what is wrong with the code under test. The wire
// target compares the codec with the reference reader; CompareWithOracle also compares it with ldns. Each target's
// source has an entry point for libFuzzer too (MXSCAN_LIBFUZZER), which leaves ldns out: ldns leaks and aborts.
// Thread safety: one thread at a time. Errors: the returned text.
#ifndef MXSCAN_TESTS_FUZZ_TARGETS_H_
#define MXSCAN_TESTS_FUZZ_TARGETS_H_

#include <string>

#include "tests/fuzz/reference.h"

namespace mxscan::fuzz {

std::string CheckWire(const Octets& octets);
std::string CheckAnswer(const Octets& octets);
std::string CheckName(const Octets& octets);

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
