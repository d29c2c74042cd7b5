// An unfinished dataset for the targets that damage one: every table has rows, and its manifest a checkpoint.
//
// Thread safety: pure functions. Errors: none; what cannot be made aborts.
#ifndef MXSCAN_TESTS_FUZZ_RESUME_DATASET_H_
#define MXSCAN_TESTS_FUZZ_RESUME_DATASET_H_

#include <map>
#include <string>
#include <string_view>

#include "output/dataset.h"
#include "scanner/run/checkpoint.h"

namespace mxscan::fuzz {

inline constexpr std::string_view kResumeDirectory = "run";

DatasetOptions ResumeOptions();
RunInfo ExampleRun();
Checkpoint ExampleCheckpoint();
// Content by path.
std::map<std::string, std::string> MakeUnfinishedDataset(Compression compression);
// Puts `checkpoint` into the dataset's manifest, as text.
void PutCheckpoint(std::string_view checkpoint, std::map<std::string, std::string>* files);

}  // namespace mxscan::fuzz

#endif  // MXSCAN_TESTS_FUZZ_RESUME_DATASET_H_
