#include "core/io/state_file.hpp"

#include <hdf5.h>

#include <cstring>
#include <nlohmann/json.hpp>

#include "core/error.hpp"
#include "core/io/hdf5_file.hpp"

namespace dermaflux {
namespace {

const char* const format = "1.0";
constexpr std::size_t outcome_length = (sizeof(Outcome) + sizeof(double) - 1) / sizeof(double);

/// 64-bit FNV-1a over the bytes of some numbers, as text: a damaged file is not taken for a state.
std::string checksum(const std::vector<double>& values) {
  std::uint64_t sum = 14695981039346656037ull;
  const auto* bytes = reinterpret_cast<const unsigned char*>(values.data());
  for (std::size_t n = 0; n < values.size() * sizeof(double); ++n) sum = (sum ^ bytes[n]) * 1099511628211ull;
  return std::to_string(sum);
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
  std::vector<double> outcome(outcome_length, 0.0);
  std::memcpy(outcome.data(), &state.outcome, sizeof state.outcome);
  StateFacts all = facts;
  all["format"] = format;
  all["checksum"] = checksum(state.memory);
  Hdf5File file(path);
  file.plain("memory", state.memory);
  file.plain("outcome", outcome);
  file.plain("clock", {state.time, state.runtime});
  file.text("facts", nlohmann::json(all).dump());
  file.commit();
}

StateFacts read_state_facts(const std::filesystem::path& path) { return Reader(path).facts(); }

RunState read_state(const std::filesystem::path& path, const StateFacts& expected) {
  const Reader file(path);
  const StateFacts facts = file.facts();
  for (const auto& [name, value] : expected) {
    const auto found = facts.find(name);
    const std::string saved = found == facts.end() ? "nothing" : found->second;
    if (saved != value)
      throw InputError(path.string() + ": was saved with " + name + " " + saved + ", but here it is " + value +
                       " (the rest of the run would not belong to its start); resume it with what it was saved with, or run anew");
  }
  RunState state{file.numbers("memory"), {}, 0.0, 0.0};
  const std::vector<double> outcome = file.numbers("outcome"), clock = file.numbers("clock");
  const auto sum = facts.find("checksum");
  if (outcome.size() != outcome_length || clock.size() != 2 || sum == facts.end() || sum->second != checksum(state.memory))
    file.refuse();
  std::memcpy(&state.outcome, outcome.data(), sizeof state.outcome);
  state.time = clock[0];
  state.runtime = clock[1];
  return state;
}

}  // namespace dermaflux
