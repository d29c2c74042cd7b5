#include "tests/world/dataset_reader.h"

#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>

namespace mxscan::world {

namespace {

constexpr size_t kBufferSize = size_t{1} << 18;

// Splits what it is given into lines.
class LineSplitter {
 public:
  explicit LineSplitter(const std::function<bool(std::string_view)>& take) : take_(take) {}
  bool Add(std::string_view data) {
    while (true) {
      const size_t end = data.find('\n');
      if (end == std::string_view::npos) {
        rest_.append(data);
        return true;
      }
      const std::string_view head = data.substr(0, end);
      if (!(rest_.empty() ? take_(head) : take_(rest_.append(head)))) return false;
      rest_.clear();
      data.remove_prefix(end + 1);
    }
  }
  bool Finish() { return rest_.empty() || take_(rest_); }

 private:
  const std::function<bool(std::string_view)>& take_;
  std::string rest_;
};

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
struct CloseGzip {
  void operator()(gzFile file) const { gzclose(file); }
};
struct FreeZstd {
  void operator()(ZSTD_DStream* stream) const { ZSTD_freeDStream(stream); }
};

bool ReadZstd(std::FILE* file, LineSplitter* lines, std::string* error) {
  const std::unique_ptr<ZSTD_DStream, FreeZstd> stream(ZSTD_createDStream());
  std::vector<char> in(kBufferSize);
  std::vector<char> out(kBufferSize);
  size_t pending = 0;
  while (true) {
    const size_t got = std::fread(in.data(), 1, in.size(), file);
    if (got == 0) break;
    ZSTD_inBuffer input = {in.data(), got, 0};
    while (input.pos < input.size) {
      ZSTD_outBuffer output = {out.data(), out.size(), 0};
      pending = ZSTD_decompressStream(stream.get(), &output, &input);
      if (ZSTD_isError(pending) != 0) {
        *error = ZSTD_getErrorName(pending);
        return false;
      }
      if (!lines->Add({out.data(), output.pos})) return false;
    }
  }
  if (pending != 0) *error = "ends within a frame";
  return pending == 0;
}

bool ReadGzip(gzFile file, LineSplitter* lines, std::string* error) {
  std::vector<char> out(kBufferSize);
  while (true) {
    const int got = gzread(file, out.data(), static_cast<unsigned>(out.size()));
    if (got < 0) *error = "bad gzip data";
    if (got <= 0) return got == 0;
    if (!lines->Add({out.data(), static_cast<size_t>(got)})) return false;
  }
}

void SplitFields(std::string_view line, std::vector<std::string_view>* fields) {
  fields->clear();
  while (true) {
    const size_t comma = line.find(',');
    fields->push_back(line.substr(0, comma));
    if (comma == std::string_view::npos) return;
    line.remove_prefix(comma + 1);
  }
}

class TableParser {
 public:
  TableParser(const std::vector<std::string_view>& columns, const std::function<void(std::vector<std::string>&)>& take,
              std::string* error)
      : columns_(columns), take_(take), error_(error), row_(columns.size()) {}

  bool TakeLine(std::string_view line) {
    SplitFields(line, &fields_);
    if (places_.empty()) return TakeHeader();
    if (fields_.size() != width_ || line.find('"') != std::string_view::npos) {
      *error_ = "not a row of the table: " + std::string(line.substr(0, 200));
      return false;
    }
    for (size_t i = 0; i < columns_.size(); ++i) row_[i].assign(fields_[places_[i]]);
    take_(row_);
    return true;
  }

 private:
  bool TakeHeader() {
    width_ = fields_.size();
    for (const std::string_view column : columns_) {
      const auto at = std::find(fields_.begin(), fields_.end(), column);
      if (at == fields_.end()) {
        *error_ = "no column " + std::string(column);
        return false;
      }
      places_.push_back(static_cast<size_t>(at - fields_.begin()));
    }
    return true;
  }

  const std::vector<std::string_view>& columns_;
  const std::function<void(std::vector<std::string>&)>& take_;
  std::string* error_;
  std::vector<std::string_view> fields_;
  std::vector<size_t> places_;
  std::vector<std::string> row_;
  size_t width_ = 0;
};

}  // namespace

bool ReadLines(const std::string& path, const std::function<bool(std::string_view)>& take, std::string* error) {
  const std::unique_ptr<std::FILE, CloseFile> file(std::fopen(path.c_str(), "rb"));
  if (file == nullptr) {
    *error = path + ": cannot be opened";
    return false;
  }
  uint8_t magic[4] = {};
  const size_t got = std::fread(magic, 1, sizeof(magic), file.get());
  std::rewind(file.get());
  LineSplitter lines(take);
  bool ok = false;
  static constexpr uint8_t kZstdMagic[4] = {0x28, 0xb5, 0x2f, 0xfd};
  if (got == 4 && std::memcmp(magic, kZstdMagic, 4) == 0) {
    ok = ReadZstd(file.get(), &lines, error);
  } else {
    const std::unique_ptr<gzFile_s, CloseGzip> gzip(gzopen(path.c_str(), "rb"));  // reads plain files as they are
    ok = gzip != nullptr && ReadGzip(gzip.get(), &lines, error);
  }
  ok = ok && lines.Finish();
  if (!ok) *error = path + ": " + *error;
  return ok;
}

bool ReadTable(const std::string& directory, std::string_view table, const std::vector<std::string_view>& columns,
               const std::function<void(std::vector<std::string>&)>& take, std::string* error) {
  namespace fs = std::filesystem;
  std::vector<std::string> paths;
  const std::string base = directory + "/" + std::string(table);
  std::error_code code;
  if (fs::exists(base + ".csv", code)) paths.push_back(base + ".csv");
  for (const auto& entry : fs::directory_iterator(base, code)) {
    if (entry.path().filename().string().starts_with("part-")) paths.push_back(entry.path().string());
  }
  std::sort(paths.begin(), paths.end());
  for (const std::string& path : paths) {
    TableParser parser(columns, take, error);
    if (!ReadLines(
            path, [&parser](std::string_view line) { return parser.TakeLine(line); }, error))
      return false;
  }
  return true;
}

}  // namespace mxscan::world
