// A dataset's life: creation and its refusals, finishing, the lock, and being killed at every single step.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "output/dataset.h"
#include "output/reader.h"
#include "output/schema.h"
#include "tests/unit/output_testing.h"

namespace mxscan {
namespace {

using output_testing::Content;
using output_testing::MortalFiles;
using output_testing::PartsOf;
using output_testing::RowMaker;
using output_testing::ScratchDirectory;
using output_testing::Snapshot;

constexpr uint64_t kSeed = 11;
constexpr int kRows = 24;

RunInfo ExampleRun() {
  RunInfo run;
  run.blocklist = {{"/lists/blocked.txt", "plain", std::string(64, 'b'), 120, 9}};
  run.version = "0.1.0";
  run.command = "scan";
  run.options = {{"rate", "20k"}, {"resolver", "192.0.2.53"}};
  run.seed = "00112233";
  run.inputs = {{"list.txt", "plain list", std::string(64, 'a'), 1234, 60}};
  run.host = "scanner.example";
  run.started_at_us = 1'767'323'045'000'000;
  run.exit_state = ExitState::kDone;
  run.rows.input_lines = 65;
  run.rows.domains = 60;
  run.rows.comment_lines = 5;
  run.rcodes = {{"noerror", 59}, {"servfail", 1}};
  run.resolvers = {{"192.0.2.53:53", {{"sent", 70}, {"answered", 60}}}};
  run.near_misses = {{"wrong_id", 3}};
  run.transport = {{"datagrams_sent", 70}};
  run.control = {{"nxdomain", "ok"}};
  run.counters = {{"cache", {{"hits", 12}}}};
  return run;
}

DatasetOptions SmallParts() {
  DatasetOptions options;
  options.parts.part_size_max = 3'000;
  options.parts.row_group_rows = 10;
  return options;
}

// What a scan does, as far as this folder sees it: two workers, three tables, a summary, the record of the run.
absl::Status WriteAll(Dataset* dataset) {
  for (int worker = 0; worker < 2; ++worker) {
    RowMaker maker(kSeed + static_cast<uint64_t>(worker));
    const auto domains = dataset->NewPartWriter(TableId::kDomains, worker, 2, 0);
    const auto mx = dataset->NewPartWriter(TableId::kMx, worker, 2, 0);
    const auto rejects = dataset->NewPartWriter(TableId::kRejects, worker, 2, 0);
    for (int i = 0; i < kRows / 2; ++i) {
      if (absl::Status status = domains->Append(maker.Make<DomainRow>()); !status.ok()) return status;
      if (absl::Status status = mx->Append(maker.Make<MxRow>()); !status.ok()) return status;
      if (absl::Status status = rejects->Append(maker.Make<RejectRow>()); !status.ok()) return status;
    }
    for (PartWriter* const writer : {domains.get(), mx.get(), rejects.get()}) {
      if (absl::Status status = writer->Commit(); !status.ok()) return status;
    }
  }
  return absl::OkStatus();
}

absl::Status FinishAll(Dataset* dataset) {
  if (absl::Status status = dataset->WriteSummaryFile("classes.csv", "class,count\nmx_ok,1\n"); !status.ok()) {
    return status;
  }
  if (absl::Status status = dataset->WriteRun(ExampleRun()); !status.ok()) return status;
  FinishOptions options;
  options.expected_rows = TableRows{kRows, kRows, 0, 0, 0, kRows};
  return dataset->Finish(options);
}

absl::Status MakeDataset(FileSystem* files, const std::string& directory) {
  absl::StatusOr<std::unique_ptr<Dataset>> dataset = Dataset::Create(files, directory, SmallParts());
  if (!dataset.ok()) return dataset.status();
  if (absl::Status status = WriteAll(dataset->get()); !status.ok()) return status;
  return FinishAll(dataset->get());
}

bool Mentions(const absl::Status& status, const std::string& words) {
  return std::string(status.message()).find(words) != std::string::npos;
}

TEST(OutputDataset, HasTheContractsLayout) {
  ScratchDirectory scratch;
  const std::string directory = scratch.path("run");
  const absl::Status status = MakeDataset(PosixFileSystem(), directory + "/");
  ASSERT_TRUE(status.ok()) << status;
  std::set<std::string> names;
  for (const auto& [name, content] : Snapshot(directory)) names.insert(name);
  for (const std::string name :
       {"domains/part-00000-00000.csv.zst", "domains/part-00000-00001.csv.zst", "mx/part-00000-00000.csv.zst", "hosts",
        "addresses", "findings", "run.json", "rejects/part-00000-00000.csv.zst", "datapackage.json",
        "summary/classes.csv", "_schema/domains.json", "_schema/hosts.duckdb.sql", "_schema/mx.clickhouse.sql",
        "_schema/findings.spark.ddl", "_manifest/shard-00000.json", "_metadata.json", "_SUCCESS", "SHA256SUMS",
        "README.md"}) {
    EXPECT_EQ(names.count(name), 1u) << name;
  }
  EXPECT_EQ(names.count("_tmp"), 0u);
  for (const auto& [name, content] : Snapshot(directory)) {
    EXPECT_EQ(name.find(".tmp"), std::string::npos) << name;
    if (name.ends_with(".zst")) continue;
    for (const char c : content) ASSERT_TRUE(c == '\n' || (c >= 0x20 && c <= 0x7E)) << name;
  }
}

TEST(OutputDataset, Sha256sumAgrees) {
  ScratchDirectory scratch;
  const std::string directory = scratch.path("run");
  ASSERT_TRUE(MakeDataset(PosixFileSystem(), directory).ok());
  EXPECT_EQ(std::system(("cd '" + directory + "' && sha256sum --strict --status -c SHA256SUMS").c_str()), 0);
  const std::string sums = Content(directory + "/SHA256SUMS");
  size_t listed = 0;
  for (const auto& [name, content] : Snapshot(directory)) {
    if (content == "directory" || name == "SHA256SUMS" || name == "_SUCCESS") continue;
    EXPECT_NE(sums.find("  " + name + "\n"), std::string::npos) << name;
    ++listed;
  }
  EXPECT_EQ(static_cast<size_t>(std::count(sums.begin(), sums.end(), '\n')), listed);
}

TEST(OutputDataset, TheSameInputGivesTheSameOctets) {
  ScratchDirectory scratch;
  ASSERT_TRUE(MakeDataset(PosixFileSystem(), scratch.path("a")).ok());
  ASSERT_TRUE(MakeDataset(PosixFileSystem(), scratch.path("b")).ok());
  EXPECT_EQ(Snapshot(scratch.path("a")), Snapshot(scratch.path("b")));
}

TEST(OutputDataset, WorkersInThreadsGiveTheSameManifest) {
  ScratchDirectory scratch;
  const auto run = [&scratch](const std::string& name, bool threads) {
    const std::string directory = scratch.path(name);
    std::unique_ptr<Dataset> dataset = *Dataset::Create(PosixFileSystem(), directory, SmallParts());
    const auto work = [&dataset](int worker) {
      RowMaker maker(kSeed + static_cast<uint64_t>(worker));
      const auto writer = dataset->NewPartWriter(TableId::kMx, worker, 3, 0);
      for (int i = 0; i < 300; ++i) MXSCAN_CHECK(writer->Append(maker.Make<MxRow>()).ok());
      MXSCAN_CHECK(writer->Commit().ok());
    };
    std::vector<std::thread> workers;
    for (int worker = 0; worker < 3; ++worker) {
      if (threads) {
        workers.emplace_back(work, worker);
      } else {
        work(worker);
      }
    }
    for (std::thread& worker : workers) worker.join();
    return Content(directory + "/_manifest/shard-00000.json");
  };
  EXPECT_EQ(run("threads", true), run("one", false));
}

TEST(OutputDataset, RefusesAFinishedOne) {
  ScratchDirectory scratch;
  const std::string directory = scratch.path("run");
  ASSERT_TRUE(MakeDataset(PosixFileSystem(), directory).ok());
  const auto before = Snapshot(directory);
  for (const absl::Status& status : {Dataset::Create(PosixFileSystem(), directory, {}).status(),
                                     Dataset::Resume(PosixFileSystem(), directory, {}).status()}) {
    EXPECT_TRUE(absl::IsAlreadyExists(status)) << status;
    EXPECT_TRUE(Mentions(status, directory) && Mentions(status, "choose another directory")) << status;
  }
  EXPECT_EQ(Snapshot(directory), before);
}

TEST(OutputDataset, RefusesALockedOneAndChangesNoOctet) {
  ScratchDirectory scratch;
  const std::string directory = scratch.path("run");
  absl::StatusOr<std::unique_ptr<Dataset>> holder = Dataset::Create(PosixFileSystem(), directory, {});
  ASSERT_TRUE(holder.ok()) << holder.status();
  const auto before = Snapshot(directory);
  MortalFiles files;
  EXPECT_TRUE(absl::IsUnavailable(Dataset::Create(&files, directory, {}).status()));
  EXPECT_TRUE(absl::IsUnavailable(Dataset::Resume(&files, directory, {}).status()));
  EXPECT_TRUE(files.log().empty());
  EXPECT_EQ(Snapshot(directory), before);
  holder->reset();
  EXPECT_TRUE(Dataset::Resume(PosixFileSystem(), directory, {}).ok());
}

TEST(OutputDataset, RefusesWhatItCannotTake) {
  ScratchDirectory scratch;
  const std::string foreign = scratch.path("photos");
  std::filesystem::create_directory(foreign);
  ASSERT_TRUE(WriteFileAtomically(PosixFileSystem(), foreign + "/cat.jpg", "meow").ok());
  absl::Status status = Dataset::Create(PosixFileSystem(), foreign, {}).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(status) && Mentions(status, "cat.jpg")) << status;
  EXPECT_TRUE(absl::IsNotFound(Dataset::Resume(PosixFileSystem(), foreign, {}).status()));
  EXPECT_EQ(Snapshot(foreign).size(), 1u);

  const std::string unfinished = scratch.path("unfinished");
  ASSERT_TRUE(Dataset::Create(PosixFileSystem(), unfinished, {}).ok());
  status = Dataset::Create(PosixFileSystem(), unfinished, {}).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(status) && Mentions(status, "remove it first")) << status;

  EXPECT_TRUE(absl::IsNotFound(Dataset::Create(PosixFileSystem(), scratch.path("no/such/parent"), {}).status()));
  EXPECT_TRUE(absl::IsNotFound(Dataset::Resume(PosixFileSystem(), scratch.path("nothing"), {}).status()));
  EXPECT_FALSE(std::filesystem::exists(scratch.path("nothing")));
}

class OutputFinish : public testing::Test {
 protected:
  OutputFinish() : directory_(scratch_.path("run")) {
    dataset_ = *Dataset::Create(PosixFileSystem(), directory_, SmallParts());
    MXSCAN_CHECK(WriteAll(dataset_.get()).ok());
  }
  std::string FirstPart() const { return directory_ + "/" + PartPath(PartsOf(*dataset_->manifest(0)).at(0)); }
  bool Succeeded() const { return std::filesystem::exists(directory_ + "/_SUCCESS"); }

  ScratchDirectory scratch_;
  const std::string directory_;
  std::unique_ptr<Dataset> dataset_;
};

TEST_F(OutputFinish, NeedsTheRecordOfTheRun) {
  EXPECT_TRUE(absl::IsFailedPrecondition(dataset_->Finish({})));
  EXPECT_FALSE(Succeeded());
  EXPECT_TRUE(FinishAll(dataset_.get()).ok());
  EXPECT_TRUE(Succeeded());
}

TEST_F(OutputFinish, FindsADamagedPart) {
  std::string octets = Content(FirstPart());
  octets[octets.size() / 3] ^= 1;
  ASSERT_TRUE(WriteFileAtomically(PosixFileSystem(), FirstPart(), octets).ok());
  const absl::Status status = FinishAll(dataset_.get());
  EXPECT_TRUE(absl::IsDataLoss(status) && Mentions(status, FirstPart())) << status;
  EXPECT_FALSE(Succeeded());
}

TEST_F(OutputFinish, FindsAShortenedPart) {
  std::filesystem::resize_file(FirstPart(), std::filesystem::file_size(FirstPart()) - 1);
  EXPECT_TRUE(absl::IsDataLoss(FinishAll(dataset_.get())));
  EXPECT_FALSE(Succeeded());
}

TEST_F(OutputFinish, FindsAMissingPart) {
  std::filesystem::remove(FirstPart());
  EXPECT_TRUE(absl::IsNotFound(FinishAll(dataset_.get())));
  EXPECT_FALSE(Succeeded());
}

TEST_F(OutputFinish, FindsLostRows) {
  ASSERT_TRUE(dataset_->WriteRun(ExampleRun()).ok());
  FinishOptions options;
  options.expected_rows = TableRows{kRows, kRows + 1, 0, 0, 0, kRows};
  const absl::Status status = dataset_->Finish(options);
  EXPECT_TRUE(absl::IsDataLoss(status) && Mentions(status, "table mx has 24 rows, the run counted 25")) << status;
  EXPECT_FALSE(Succeeded());
}

TEST_F(OutputFinish, RemovesWhatNoManifestLists) {
  const std::string garbage = directory_ + "/mx/part-00000-00777.csv.zst";
  ASSERT_TRUE(WriteFileAtomically(PosixFileSystem(), garbage, "left by a killed run").ok());
  ASSERT_TRUE(FinishAll(dataset_.get()).ok());
  EXPECT_FALSE(std::filesystem::exists(garbage));
}

// Killed before its n-th operation, for every n: what is left is no dataset, or one that can be resumed and finished,
// with every listed part whole; and once _SUCCESS is there, nothing changes any more.
TEST(OutputDatasetCrash, EveryStepLeavesNothingOrAListedPart) {
  ScratchDirectory scratch;
  MortalFiles whole;
  ASSERT_TRUE(MakeDataset(&whole, scratch.path("whole")).ok());
  const uint64_t operations = whole.operations();
  ASSERT_GT(operations, 100u);
  // The schema files are two dozen alike, written by one loop: every seventh step among them is enough.
  const auto schema_step = [&whole](uint64_t life) {
    return life <= whole.log().size() && whole.log()[life - 1].find("/_schema") != std::string::npos;
  };
  for (uint64_t life = 1; life <= operations; ++life) {
    if (schema_step(life) && life % 7 != 0) continue;
    SCOPED_TRACE("killed at operation " + std::to_string(life));
    const std::string directory = scratch.path("run-" + std::to_string(life));
    MortalFiles files(life);
    const absl::Status status = MakeDataset(&files, directory);
    ASSERT_TRUE(files.dead());
    if (std::filesystem::exists(directory + "/_SUCCESS")) {
      // Only the last fsync was missing.
      ASSERT_EQ(Snapshot(directory), Snapshot(scratch.path("whole")));
      ASSERT_TRUE(absl::IsAlreadyExists(Dataset::Resume(PosixFileSystem(), directory, {}).status()));
      continue;
    }
    ASSERT_FALSE(status.ok());
    MortalFiles later;
    absl::StatusOr<std::unique_ptr<Dataset>> resumed = Dataset::Resume(&later, directory, SmallParts());
    if (!resumed.ok()) {
      ASSERT_TRUE(absl::IsNotFound(resumed.status())) << resumed.status();
      ASSERT_TRUE(!std::filesystem::exists(directory) || std::filesystem::is_empty(directory));
      continue;
    }
    const TableRows rows = (*resumed)->CommittedRows();
    ASSERT_TRUE((*resumed)->WriteRun(ExampleRun()).ok());
    FinishOptions options;
    options.expected_rows = rows;
    const absl::Status finished = (*resumed)->Finish(options);
    ASSERT_TRUE(finished.ok()) << finished;
    const DatasetReader reader = *DatasetReader::Open(PosixFileSystem(), directory);
    uint64_t read = 0;
    ASSERT_TRUE(reader
                    .ForEach<MxRow>([&read](const MxRow&) {
                      ++read;
                      return absl::OkStatus();
                    })
                    .ok());
    ASSERT_EQ(read, rows[static_cast<size_t>(TableId::kMx)]);
    std::filesystem::remove_all(directory);
  }
}

TEST(OutputDataset, PartsWhoseManifestIsGoneAreKept) {
  const ScratchDirectory scratch;
  const std::string directory = scratch.path("run");
  {
    std::unique_ptr<Dataset> dataset = *Dataset::Create(PosixFileSystem(), directory, SmallParts());
    auto writer = dataset->NewPartWriter(TableId::kDomains, 0, 1, 0);
    RowMaker maker(kSeed);
    ASSERT_TRUE(writer->Append(maker.Make<DomainRow>()).ok());
    ASSERT_TRUE(writer->Commit().ok());
  }
  const std::string manifest = directory + "/_manifest/shard-00000.json";
  std::filesystem::rename(manifest, scratch.path("elsewhere"));
  const auto before = Snapshot(directory + "/domains");
  EXPECT_TRUE(absl::IsDataLoss(Dataset::Resume(PosixFileSystem(), directory, SmallParts()).status()));
  EXPECT_EQ(Snapshot(directory + "/domains"), before);
  EXPECT_FALSE(std::filesystem::exists(manifest));
  std::filesystem::rename(scratch.path("elsewhere"), manifest);
  EXPECT_TRUE(Dataset::Resume(PosixFileSystem(), directory, SmallParts()).ok());
}

TEST(OutputDataset, ResumedNumbersContinue) {
  ScratchDirectory scratch;
  const std::string directory = scratch.path("run");
  {
    std::unique_ptr<Dataset> dataset = *Dataset::Create(PosixFileSystem(), directory, SmallParts());
    ASSERT_TRUE(WriteAll(dataset.get()).ok());
  }
  std::unique_ptr<Dataset> dataset = *Dataset::Resume(PosixFileSystem(), directory, SmallParts());
  ASSERT_TRUE(WriteAll(dataset.get()).ok());
  EXPECT_EQ(dataset->CommittedRows()[0], static_cast<uint64_t>(2 * kRows));
  ASSERT_TRUE(dataset->WriteRun(ExampleRun()).ok());
  EXPECT_TRUE(dataset->Finish({}).ok());
}

TEST(OutputMetadata, MergesStatisticsAndListsEveryPart) {
  ScratchDirectory scratch;
  const std::string directory = scratch.path("run");
  ASSERT_TRUE(MakeDataset(PosixFileSystem(), directory).ok());
  const auto metadata = nlohmann::json::parse(Content(directory + "/_metadata.json"));
  const auto package = nlohmann::json::parse(Content(directory + "/datapackage.json"));
  EXPECT_EQ(metadata["tables"]["domains"]["rows"], kRows);
  EXPECT_EQ(metadata["tables"]["hosts"]["rows"], 0);
  std::set<std::string> ranks;
  const DatasetReader reader = *DatasetReader::Open(PosixFileSystem(), directory);
  int64_t least = INT64_MAX;
  ASSERT_TRUE(reader
                  .ForEach<DomainRow>([&](const DomainRow& row) {
                    least = std::min(least, row.input_rank);
                    return absl::OkStatus();
                  })
                  .ok());
  EXPECT_EQ(metadata["tables"]["domains"]["columns"]["input_rank"]["min"], least);
  size_t packaged = 0;
  for (const auto& resource : package["resources"]) packaged += resource["parts"].size();
  EXPECT_EQ(packaged, metadata["parts"].size());
  ASSERT_EQ(package["resources"].size(), static_cast<size_t>(kTableCount));
  EXPECT_EQ(package["resources"][0]["schema"]["fields"][0]["type"], "integer");
  EXPECT_TRUE(package["resources"][2].contains("data"));  // hosts: no rows, no file
}

// Statistics of a table do not depend on how its rows were cut into parts.
TEST(OutputMetadata, ShardsMergedEqualOneRun) {
  ScratchDirectory scratch;
  const auto columns = [&scratch](const std::string& name, const DatasetOptions& options, int workers) {
    std::unique_ptr<Dataset> dataset = *Dataset::Create(PosixFileSystem(), scratch.path(name), options);
    RowMaker maker(kSeed);
    std::vector<std::unique_ptr<PartWriter>> writers;
    for (int worker = 0; worker < workers; ++worker) {
      const int shard = options.shards[static_cast<size_t>(worker) % options.shards.size()];
      writers.push_back(dataset->NewPartWriter(TableId::kDomains, worker, workers, shard));
    }
    for (size_t i = 0; i < 500; ++i) MXSCAN_CHECK(writers[i % writers.size()]->Append(maker.Make<DomainRow>()).ok());
    TableTotals totals;
    for (const auto& writer : writers) MXSCAN_CHECK(writer->Commit().ok());
    for (const int shard : options.shards) {
      for (const PartInfo& part : PartsOf(*dataset->manifest(shard))) totals.Add(part);
    }
    return totals.Columns(TableId::kDomains);
  };
  DatasetOptions sharded = SmallParts();
  sharded.shards = {0, 1, 2};
  EXPECT_EQ(columns("one", {}, 1), columns("sharded", sharded, 3));
}

// As the manifests say it, by table, then shard.
TEST(OutputMetadata, ListsThePartsOfEveryShard) {
  ScratchDirectory scratch;
  const std::string directory = scratch.path("run");
  DatasetOptions options = SmallParts();
  options.shards = {0, 3};
  std::unique_ptr<Dataset> dataset = *Dataset::Create(PosixFileSystem(), directory, options);
  RowMaker maker(kSeed);
  for (const int shard : {3, 0}) {
    const auto mx = dataset->NewPartWriter(TableId::kMx, 0, 1, shard);
    const auto domains = dataset->NewPartWriter(TableId::kDomains, 0, 1, shard);
    for (int i = 0; i < 100; ++i) {
      ASSERT_TRUE(mx->Append(maker.Make<MxRow>()).ok());
      ASSERT_TRUE(domains->Append(maker.Make<DomainRow>()).ok());
    }
    ASSERT_TRUE(mx->Commit().ok());
    ASSERT_TRUE(domains->Commit().ok());
  }
  ASSERT_TRUE(dataset->WriteRun(ExampleRun()).ok());
  ASSERT_TRUE(dataset->Finish({}).ok());
  std::vector<nlohmann::json> expected;
  for (const char* table : {"domains", "mx"}) {
    for (const char* name : {"shard-00000.json", "shard-00003.json"}) {
      const auto manifest = nlohmann::json::parse(Content(directory + "/_manifest/" + name));
      for (const auto& part : manifest["parts"]) {
        if (part["table"] == table) expected.push_back(part);
      }
    }
  }
  EXPECT_GT(expected.size(), 8u);
  const auto metadata = nlohmann::json::parse(Content(directory + "/_metadata.json"));
  EXPECT_EQ(metadata["parts"].get<std::vector<nlohmann::json>>(), expected);
  EXPECT_EQ(metadata["tables"]["mx"]["rows"], 200);
}

TEST(OutputSchema, EmptyTablesAreStillDefined) {
  for (const Table& table : AllTables()) {
    for (const bool has_rows : {false, true}) {
      const std::string sql = DuckDbSql(table.id, has_rows);
      EXPECT_EQ(sql.find("part-*") != std::string::npos, has_rows);
      EXPECT_EQ(ClickHouseSql(table.id, has_rows).find("part-*") != std::string::npos, has_rows);
      for (const Column& column : table.columns) EXPECT_NE(sql.find(column.name), std::string::npos);
    }
    EXPECT_TRUE(nlohmann::json::accept(TableSchemaJson(table.id)));
  }
  EXPECT_EQ(SparkDdl(TableId::kRejects), "`input_rank` BIGINT NOT NULL, `input` STRING, `reason` STRING NOT NULL\n");
  for (const char* name : {"$TABLE", "$GLOB", "$PANDAS", "$SPARK", "$R"}) {
    EXPECT_EQ(DatasetReadme({}).find(name), std::string::npos) << name;
  }
}

TEST(OutputRunInfo, RoundTrips) {
  const RunInfo run = ExampleRun();
  const std::string text = RunInfoToJson(run);
  const absl::StatusOr<RunInfo> back = RunInfoFromJson(text);
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(*back, run);
  EXPECT_TRUE(back->rows.Holds());
  RunInfo hostile = run;
  hostile.host = "\x1b[31m\xff\"\n";
  for (const char c : RunInfoToJson(hostile)) ASSERT_TRUE(c == '\n' || (c >= 0x20 && c <= 0x7E));
}

TEST(OutputRunInfo, WhatIsMissingIsNamed) {
  auto json = nlohmann::ordered_json::parse(RunInfoToJson(ExampleRun()));
  std::vector<std::string> names;
  for (auto member = json.begin(); member != json.end(); ++member) names.push_back(member.key());
  for (const std::string& name : names) {
    auto without = json;
    without.erase(name);
    const absl::StatusOr<RunInfo> run = RunInfoFromJson(without.dump());
    if (name == "format_version") continue;  // says nothing that version 1 needs
    EXPECT_TRUE(absl::IsDataLoss(run.status())) << name;
    auto wrong = json;
    wrong[name] = nlohmann::ordered_json::array({1});
    EXPECT_FALSE(RunInfoFromJson(wrong.dump()).ok()) << name;
  }
  EXPECT_FALSE(RunInfoFromJson("").ok());
  EXPECT_FALSE(RunInfoFromJson("{}").ok());
}

// What a file was known by is there as a whole, or not at all.
TEST(OutputRunInfo, AnInputsIdentityIsWhole) {
  RunInfo run = ExampleRun();
  run.inputs = {{.path = "list", .file_bytes = 7, .head_sha256 = "00"}};
  auto json = nlohmann::ordered_json::parse(RunInfoToJson(run));
  EXPECT_TRUE(RunInfoFromJson(json.dump()).ok());
  json["inputs"][0]["head_sha256"] = "";
  EXPECT_TRUE(absl::IsDataLoss(RunInfoFromJson(json.dump()).status()));
  json["inputs"][0].erase("head_sha256");
  EXPECT_TRUE(RunInfoFromJson(json.dump()).ok());
}

}  // namespace
}  // namespace mxscan
