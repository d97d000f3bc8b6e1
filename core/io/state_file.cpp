#include "core/io/state_file.hpp"

#include <hdf5.h>

#include <cstddef>
#include <cstring>
#include <nlohmann/json.hpp>
#include <span>
#include <type_traits>

#include "core/error.hpp"
#include "core/io/hdf5_file.hpp"

namespace dermaflux {
namespace {

const char* const format = "1.0";

/// 64-bit FNV-1a over the bytes of some numbers: a damaged file is not taken for a state.
class Checksum {
 public:
  template <class Numbers>
  void add(const Numbers& values) {
    for (const std::byte byte : std::as_bytes(std::span(values)))
      sum_ = (sum_ ^ std::to_integer<std::uint64_t>(byte)) * 1099511628211ull;
  }
  std::string text() const { return std::to_string(sum_); }

 private:
  std::uint64_t sum_ = 14695981039346656037ull;
};

std::string checksum(const std::vector<double>& values) {
  Checksum sum;
  sum.add(values);
  return sum.text();
}

/// A struct of plain numbers as numbers of a file, and back.
template <class Struct>
std::vector<double> as_numbers(const Struct& from) {
  static_assert(std::is_trivially_copyable_v<Struct>);
  std::vector<double> numbers((sizeof(Struct) + sizeof(double) - 1) / sizeof(double), 0.0);
  std::memcpy(numbers.data(), &from, sizeof from);
  return numbers;
}
template <class Struct>
bool from_numbers(const std::vector<double>& numbers, Struct& to) {
  if (numbers.size() != (sizeof(Struct) + sizeof(double) - 1) / sizeof(double)) return false;
  std::memcpy(static_cast<void*>(&to), numbers.data(), sizeof to);
  return true;
}

/// Refuses a state of another input, program, grid or horizon.
void require_facts(const std::filesystem::path& path, const StateFacts& facts, const StateFacts& expected) {
  for (const auto& [name, value] : expected) {
    const auto found = facts.find(name);
    const std::string saved = found == facts.end() ? "nothing" : found->second;
    if (saved != value)
      throw InputError(path.string() + ": was saved with " + name + " " + saved + ", but here it is " + value +
                       " (the rest of the run would not belong to its start); resume it with what it was saved with, or run anew");
  }
}

/// A file that is read; everything that goes wrong names it.
class Reader {
 public:
  explicit Reader(const std::filesystem::path& path) : path_(path) {
    start_hdf5();
    if (!std::filesystem::is_regular_file(path))
      throw FileError(path.string() + ": no such file; give a state that a stopped run left (*.state.h5)");
    file_ = H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT);
    if (file_ < 0) refuse();
  }
  ~Reader() {
    if (file_ >= 0) H5Fclose(file_);
  }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  [[noreturn]] void refuse() const {
    throw FileError(path_.string() + ": is no state of a run, or damaged; give a state that a stopped run left (*.state.h5)");
  }
  /// Reads a dataset into a block of its length.
  template <class Number>
  void into(const std::string& name, std::span<Number> block) const {
    const hid_t set = H5Dopen2(file_, name.c_str(), H5P_DEFAULT);
    if (set < 0) refuse();
    const hid_t space = H5Dget_space(set);
    const bool fits = H5Sget_simple_extent_npoints(space) == static_cast<hssize_t>(block.size());
    const hid_t type = std::is_same_v<Number, float> ? H5T_NATIVE_FLOAT : H5T_NATIVE_DOUBLE;
    const herr_t read = fits ? H5Dread(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, block.data()) : -1;
    H5Sclose(space);
    H5Dclose(set);
    if (read < 0) refuse();
  }
  std::vector<double> numbers(const char* name) const {
    const hid_t set = H5Dopen2(file_, name, H5P_DEFAULT);
    if (set < 0) refuse();
    const hid_t space = H5Dget_space(set);
    std::vector<double> values(static_cast<std::size_t>(H5Sget_simple_extent_npoints(space)));
    const herr_t read = H5Dread(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data());
    H5Sclose(space);
    H5Dclose(set);
    if (read < 0) refuse();
    return values;
  }
  std::string text(const char* name) const {
    const hid_t set = H5Dopen2(file_, name, H5P_DEFAULT);
    if (set < 0) refuse();
    const hid_t type = H5Dget_type(set);
    std::string value(H5Tget_size(type), '\0');
    const herr_t read = H5Dread(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, value.data());
    H5Tclose(type);
    H5Dclose(set);
    if (read < 0) refuse();
    return value;
  }
  StateFacts facts() const {
    try {
      return nlohmann::json::parse(text("facts")).get<StateFacts>();
    } catch (const nlohmann::json::exception&) {
      refuse();
    }
  }

 private:
  std::filesystem::path path_;
  hid_t file_ = -1;
};

}  // namespace

void write_state(const std::filesystem::path& path, const RunState& state, const StateFacts& facts) {
  StateFacts all = facts;
  all["format"] = format;
  all["checksum"] = checksum(state.memory);
  Hdf5File file(path);
  file.plain("memory", state.memory);
  file.plain("outcome", as_numbers(state.outcome));
  file.plain("clock", {state.time, state.runtime});
  file.text("facts", nlohmann::json(all).dump());
  file.commit();
}

StateFacts read_state_facts(const std::filesystem::path& path) { return Reader(path).facts(); }

RunState read_state(const std::filesystem::path& path, const StateFacts& expected) {
  const Reader file(path);
  const StateFacts facts = file.facts();
  require_facts(path, facts, expected);
  RunState state{file.numbers("memory"), {}, 0.0, 0.0};
  const std::vector<double> clock = file.numbers("clock");
  const auto sum = facts.find("checksum");
  if (!from_numbers(file.numbers("outcome"), state.outcome) || clock.size() != 2 || sum == facts.end() ||
      sum->second != checksum(state.memory))
    file.refuse();
  state.time = clock[0];
  state.runtime = clock[1];
  return state;
}

namespace {

std::string block_name(const char* kind, std::size_t n) { return std::string(kind) + std::to_string(n); }

}  // namespace

void write_space_state(const std::filesystem::path& path, SpaceCase& c, const Outcome& outcome, double runtime,
                       const StateFacts& facts) {
  Hdf5File file(path);
  Checksum sum;
  const std::vector<double> at = as_numbers(c.at);
  sum.add(at);
  file.plain("progress", at);
  const auto numbers = c.kept_numbers();
  for (std::size_t n = 0; n < numbers.size(); ++n) {
    sum.add(numbers[n]);
    file.block(block_name("numbers_", n), std::span<const double>(numbers[n]));
  }
  const auto fields = c.kept_fields();
  for (std::size_t n = 0; n < fields.size(); ++n) {
    sum.add(fields[n]);
    file.block(block_name("fields_", n), std::span<const float>(fields[n]));
  }
  file.plain("outcome", as_numbers(outcome));
  file.plain("clock", {c.at.clock.time, runtime});
  StateFacts all = facts;
  all["format"] = format;
  all["checksum"] = sum.text();
  file.text("facts", nlohmann::json(all).dump());
  file.commit();
}

double read_space_state(const std::filesystem::path& path, const StateFacts& expected, SpaceCase& c, Outcome& outcome) {
  const Reader file(path);
  const StateFacts facts = file.facts();
  require_facts(path, facts, expected);
  Checksum sum;
  const std::vector<double> at = file.numbers("progress"), clock = file.numbers("clock");
  if (!from_numbers(at, c.at) || !from_numbers(file.numbers("outcome"), outcome) || clock.size() != 2) file.refuse();
  sum.add(at);
  for (std::size_t n = 0; n < c.kept_numbers().size(); ++n) {
    const std::span<double> block = c.kept_numbers()[n];  // how long the trace is, the block before it says
    file.into(block_name("numbers_", n), block);
    sum.add(block);
  }
  const auto fields = c.kept_fields();
  for (std::size_t n = 0; n < fields.size(); ++n) {
    file.into(block_name("fields_", n), fields[n]);
    sum.add(fields[n]);
  }
  const auto stored = facts.find("checksum");
  if (stored == facts.end() || stored->second != sum.text()) file.refuse();
  return clock[1];
}

}  // namespace dermaflux
