#pragma once
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace dermaflux {

/// To be called before anything else of HDF5; again does no harm.
void start_hdf5();

/// An HDF5 file that appears under its name only when it is complete: written as NAME.part, renamed by `commit`. A file that
/// is dropped without commit leaves nothing behind. Throws FileError.
class Hdf5File {
 public:
  explicit Hdf5File(std::filesystem::path path);
  ~Hdf5File();
  Hdf5File(const Hdf5File&) = delete;
  Hdf5File& operator=(const Hdf5File&) = delete;

  void commit();

  /// Creates a group and those above it. One that is `ordered` remembers in which order it was filled, as VTK wants it of
  /// collections.
  void group(const std::string& name, bool ordered = false);
  /// A coordinate: a dataset that others name as their dimension.
  void scale(const std::string& name, const std::vector<double>& values);
  /// A dataset over named coordinates, row-major; none for a scalar. Single precision halves the file.
  void dataset(const std::string& name, const std::vector<double>& values, const std::vector<std::string>& dimensions,
               bool single = false);
  /// A dataset without coordinates; with several columns, row by row.
  void plain(const std::string& name, const std::vector<double>& values, std::size_t columns = 1);
  /// A dataset of a shape without coordinates, row-major, in single precision.
  void shaped(const std::string& name, const std::vector<double>& values, const std::vector<std::size_t>& shape);
  /// The same as plain straight from where the values lie.
  void block(const std::string& name, std::span<const double> values);
  void block(const std::string& name, std::span<const float> values);
  void integers(const std::string& name, const std::vector<std::int64_t>& values, std::size_t columns = 1);
  void text(const std::string& name, const std::string& value);
  /// A second name for an object.
  void link(const std::string& existing, const std::string& name);
  /// A name that leads to an object by its path.
  void soft_link(const std::string& path, const std::string& name);

  void attribute(const std::string& object, const std::string& name, const std::string& value);
  void attribute(const std::string& object, const std::string& name, double value);
  void attribute(const std::string& object, const std::string& name, const std::vector<std::int64_t>& values);

 private:
  std::filesystem::path path_, part_;
  std::int64_t file_ = -1;
};

}  // namespace dermaflux
